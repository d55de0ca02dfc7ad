"""What the installation keeps of itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

A_DAY = timedelta(days=1)


class RunResult(models.TextChoices):
    """How a run of a scheduled task came out."""

    OK = "ok", _("OK")
    FAILED = "failed", _("Failed")
    SKIPPED = "skipped", _("Skipped")  # no worker took it before the next one was due


class ScheduledTask(models.Model):
    """One entry of ``CELERY_BEAT_SCHEDULE`` and how its runs went; ``callhub.runs`` writes it."""

    id = models.CharField(_("name"), max_length=64, primary_key=True)
    task = models.CharField(max_length=120, unique=True)
    since = models.DateTimeField(_("in the schedule since"), default=timezone.now)
    started_at = models.DateTimeField(_("last run"), null=True, blank=True)
    duration_ms = models.PositiveBigIntegerField(_("duration"), null=True, blank=True)
    result = models.CharField(max_length=8, choices=RunResult.choices, blank=True)
    error = models.CharField(max_length=300, blank=True)
    hours = models.JSONField(default=dict, blank=True, editable=False)  # {"2026-03-02T09": {"ok": 12, "failed": 1}}

    class Meta:
        ordering = ["id"]
        verbose_name = _("scheduled task")

    def __str__(self) -> str:
        return self.id

    def count(self, result: RunResult, runs: int, at: datetime) -> None:
        """Add to this hour's figures, and forget hours that are more than a day old."""
        hour = self.hours.setdefault(_hour(at), {})
        hour[result.value] = hour.get(result.value, 0) + runs
        self.hours = {name: figures for name, figures in self.hours.items() if name > _hour(at - A_DAY)}

    def of_last_day(self, *results: RunResult) -> int:
        """How many runs of the last day, by the hour, came out so."""
        first = _hour(timezone.now() - A_DAY)
        return sum(hour.get(result.value, 0) for name, hour in self.hours.items() if name > first for result in results)


def _hour(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H}"
