"""Who works for which tenant, and how far their view goes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from tenants.choices import Act, Role
from tenants.scoping import TenantOwned


class MemberNumbering(models.Model):
    """The last number given to a member of this tenant."""

    tenant = models.OneToOneField("tenants.Tenant", primary_key=True, on_delete=models.CASCADE, related_name="+")
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.last)

    @staticmethod
    def next_of(tenant_id: UUID) -> int:
        """A number no member of the tenant has had. Two who ask at once wait for each other."""
        rows = MemberNumbering.objects.filter(tenant=tenant_id)
        MemberNumbering.objects.bulk_create([MemberNumbering(tenant_id=tenant_id)], ignore_conflicts=True)
        rows.update(last=F("last") + 1)
        return rows.values_list("last", flat=True).get()


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
    number = models.PositiveIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text=_("A short id for APIs that want one. It is never given to anybody else."),
    )

    mails_missed_calls = models.BooleanField(
        _("mail on a missed call"),
        null=True,
        blank=True,
        help_text=_("A mail for each call an agent of this log-in misses. Not chosen: as the agent's page says."),
    )
    mails_digest = models.BooleanField(
        _("daily digest"),
        null=True,
        blank=True,
        help_text=_("The tenant's missed calls, once a day at the tenant's hour. Not chosen: owners get it, others do not."),
    )
    mails_warnings = models.BooleanField(
        _("warnings"), default=True, help_text=_("Mail to owners when a limit is nearly used up or something was switched off.")
    )

    class Meta:
        ordering = ["user__username"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"],
                name="member_once_per_tenant",
                violation_error_message=_("This person is a member of the tenant already."),
            ),
            models.UniqueConstraint(fields=["tenant", "number"], name="member_number_once_per_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.tenant}"

    def clean(self) -> None:
        if self.center is not None and self.center.tenant_id != self.tenant_id:
            raise ValidationError({"center": _("This center belongs to another tenant.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new member gets the tenant's next number."""
        with transaction.atomic():
            if self.number is None:
                self.number = MemberNumbering.next_of(self.tenant_id)
            super().save(*args, **kwargs)

    @property
    def may_write(self) -> bool:
        """Whether this member may log and edit calls."""
        return self.role != Role.VIEWER

    @property
    def may_manage(self) -> bool:
        """Whether this member may manage people, tokens and settings."""
        return self.role == Role.OWNER


def people_of(center_id: UUID) -> QuerySet[Any]:
    """The keys of the people who are limited to this center."""
    return Membership.objects.filter(center=center_id).values("user")


class OwnMembership(Membership):
    """One's own place in a tenant, as far as it is one's own to set."""

    center_acts = frozenset({Act.CHANGE})

    class Meta:
        proxy = True
        verbose_name = _("your notifications")
        verbose_name_plural = _("your notifications")
