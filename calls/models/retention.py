"""Retention: how long a tenant keeps the audio of its calls, and what each night removed."""

from __future__ import annotations

from typing import ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from calls.choices import RetentionKind
from tenants.scoping import TenantOwned, TenantQuerySet

LONGEST_DAYS = 36_500


class RetentionRuleQuerySet(TenantQuerySet["RetentionRule"]):
    """Which rules."""

    def waiting(self) -> Self:
        """Rules that the recordings' times do not follow yet: new, changed, or the tenant has another time zone."""
        return self.exclude(applied_zone=F("tenant__time_zone"))


class RetentionRule(TenantOwned):
    """Audio of a kind of call is kept for so many whole days after the day of the call, in the tenant's time zone.

    A rule for one kind goes before the one for every call. Without a rule audio stays until a person removes it.
    """

    kind = models.CharField(
        _("calls"), max_length=16, choices=RetentionKind.choices, default=RetentionKind.ALL, help_text=_("Whose audio it is.")
    )
    days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_DAYS)],
        help_text=_("Whole days after the day of the call. Empty: until a person removes it."),
    )
    applied_zone = models.CharField(max_length=64, blank=True, editable=False)

    objects: ClassVar = RetentionRuleQuerySet.as_manager()

    class Meta:
        ordering = ["kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind"],
                name="retention_rule_once_per_kind",
                violation_error_message=_("There is a rule for these calls already."),
            ),
            models.CheckConstraint(
                name="retention_rule_days_are_sensible",
                condition=Q(days__isnull=True) | Q(days__range=(1, LONGEST_DAYS)),
                violation_error_message=_("Audio is kept for 1 to 36,500 days."),
            ),
        ]

    def __str__(self) -> str:
        kept = _("%(days)s days") % {"days": self.days} if self.days else _("until removed by a person")
        return f"{self.get_kind_display()}: {kept}"


class RetentionRun(TenantOwned):
    """What retention removed in one night. ``day`` is the tenant's; a run that was interrupted goes on under the same row."""

    day = models.DateField()
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    removed = models.PositiveIntegerField(default=0, help_text=_("Recordings whose audio was removed."))
    removed_bytes = models.BigIntegerField(_("bytes"), default=0)
    held = models.PositiveIntegerField(_("on legal hold"), default=0, help_text=_("Their time is over; a legal hold keeps them."))
    failures = models.PositiveIntegerField(
        default=0, help_text=_("Removed from the log, but the storage did not let go of the file at once; the sweep tries again.")
    )
    by_kind = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["tenant", "day"], name="retention_run_once_a_day")]

    def __str__(self) -> str:
        return str(self.day)
