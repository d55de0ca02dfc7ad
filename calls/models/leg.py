"""Legs: one party's part of a call."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from calls.choices import Disposition, LegRole
from tenants.scoping import TenantOwned


class CallLeg(TenantOwned):
    """One party of a call: each source that was rung, the destination, a transfer."""

    call = models.ForeignKey("calls.Call", on_delete=models.CASCADE, related_name="legs")
    position = models.PositiveSmallIntegerField(default=0)
    role = models.CharField(max_length=16, choices=LegRole.choices)
    number_raw = models.CharField(max_length=128, blank=True)
    number_e164 = models.CharField(max_length=16, blank=True)
    name = models.CharField(max_length=200, blank=True)
    agent = models.ForeignKey("contacts.Agent", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    disposition = models.CharField(max_length=16, choices=Disposition.choices, default=Disposition.UNKNOWN)
    started_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["call", "position"], name="leg_position_once_per_call"),
            models.CheckConstraint(
                name="leg_ends_after_it_starts",
                condition=models.Q(ended_at__isnull=True)
                | models.Q(started_at__isnull=True)
                | models.Q(ended_at__gte=models.F("started_at")),
                violation_error_message=_("A leg cannot end before it starts."),
            ),
        ]

    def __str__(self) -> str:
        return self.number_e164 or self.number_raw or self.name
