"""Agents: the tenant's own people at the phones."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.models.base import KnownElsewhere, external_id_constraints
from tenants.choices import Act
from tenants.scoping import TenantOwned


class Agent(KnownElsewhere):
    """A team member who makes and takes calls, with or without a log-in of their own."""

    center_acts = frozenset(Act)

    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    user = models.ForeignKey("tenants.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="agents")
    center = models.ForeignKey("tenants.Center", null=True, blank=True, on_delete=models.SET_NULL, related_name="agents")
    is_active = models.BooleanField(default=True)
    mails_missed_calls = models.BooleanField(
        _("mail on a missed call"),
        default=False,
        help_text=_("Mail this agent each call they miss. A person with a log-in may decide otherwise for themselves."),
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            *external_id_constraints("agent", _("Another agent has this id already.")),
            models.UniqueConstraint(
                fields=["tenant", "user"],
                condition=models.Q(user__isnull=False),
                name="agent_once_per_user",
                violation_error_message=_("This person is an agent of the tenant already."),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "name"], name="agent_by_name")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def seen_from(cls, center_id: UUID) -> Q:
        return Q(center=center_id) | Q(center__isnull=True)

    def clean(self) -> None:
        if self.center is not None and self.center.tenant_id != self.tenant_id:
            raise ValidationError({"center": _("This center belongs to another tenant.")})


class AgentExtension(TenantOwned):
    """An internal number an agent answers at, such as 210; digits and ``*``."""

    agent = models.ForeignKey("contacts.Agent", on_delete=models.CASCADE, related_name="extensions")
    number = models.CharField(max_length=32)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "number"],
                name="extension_once_per_tenant",
                violation_error_message=_("Another agent has this extension already."),
            )
        ]

    def __str__(self) -> str:
        return self.number
