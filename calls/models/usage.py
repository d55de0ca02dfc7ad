"""How much a tenant used on each of its days, counted from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from tenants.scoping import TenantOwned, TenantQuerySet

if TYPE_CHECKING:
    from calls.models import Call


class UsageDayQuerySet(TenantQuerySet["UsageDay"]):
    """Which days."""

    def stale(self) -> Self:
        """Days to count anew: some of their calls have changed."""
        return self.filter(is_stale=True)

    def of_call(self, call: Call) -> Self:
        """The day a call belongs to."""
        return self.filter(tenant=call.tenant_id, day=call.started_at.astimezone(call.tenant.zone).date())

    def of_another_zone(self) -> Self:
        """Days of a time zone the tenant does not have any more."""
        return self.exclude(zone=F("tenant__time_zone"))


class UsageDay(TenantOwned):
    """One day of a tenant, by its own clocks; everything belongs to the day its call began. Only ``calls.usage`` writes it.

    ``by_outcome`` is ``{direction: {disposition: [calls, talk_ms]}}``. Audio counts as it came in, also where it is gone by now.
    """

    day = models.DateField()
    zone = models.CharField(max_length=64, help_text=_("The time zone it was counted in."))
    calls = models.PositiveIntegerField(default=0)
    talk_ms = models.BigIntegerField(_("talk"), default=0)
    by_outcome = models.JSONField(default=dict, blank=True)
    recordings = models.PositiveIntegerField(default=0)
    audio_bytes = models.BigIntegerField(_("audio"), default=0)
    dialled = models.PositiveIntegerField(_("calls made here"), default=0)
    dialled_ms = models.BigIntegerField(_("talk of calls made here"), default=0)
    is_stale = models.BooleanField(default=True, editable=False)
    counted_at = models.DateTimeField(_("counted"), null=True, blank=True)

    objects: ClassVar = UsageDayQuerySet.as_manager()

    class Meta:
        ordering = ["-day"]
        verbose_name = _("day of usage")
        verbose_name_plural = _("usage by day")
        constraints = [models.UniqueConstraint(fields=["tenant", "day"], name="usage_day_once_per_tenant")]
        indexes = [models.Index(fields=["-day"], condition=models.Q(is_stale=True), name="usage_day_stale")]

    def __str__(self) -> str:
        return str(self.day)


class UsageCursor(models.Model):
    """How far the events of calls have been looked at for days to count anew. One row."""

    event_id = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.event_id)
