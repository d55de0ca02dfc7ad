"""Who works for which tenant, and how far their view goes."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.choices import Role
from tenants.scoping import TenantOwned


class Membership(TenantOwned):
    """A person's place in a tenant: what they may do, and whether they see one center only."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey("tenants.User", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.AGENT)
    center = models.ForeignKey(
        "tenants.Center",
        null=True,
        blank=True,
        on_delete=models.RESTRICT,  # a center goes with its tenant, never from under a person limited to it
        related_name="memberships",
        help_text=_("Set it to limit this person to the calls of one center."),
    )

    class Meta:
        ordering = ["user__username"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"],
                name="member_once_per_tenant",
                violation_error_message=_("This person is a member of the tenant already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.tenant}"

    def clean(self) -> None:
        if self.center is not None and self.center.tenant_id != self.tenant_id:
            raise ValidationError({"center": _("This center belongs to another tenant.")})

    @property
    def may_write(self) -> bool:
        """Whether this member may log and edit calls."""
        return self.role != Role.VIEWER

    @property
    def may_manage(self) -> bool:
        """Whether this member may manage people, tokens and settings."""
        return self.role == Role.OWNER
