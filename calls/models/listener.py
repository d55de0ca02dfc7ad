"""Who listens to an exchange, so that others know whether a call can be looked after; and how far its journal was read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone

ALIVE_WITHIN = timedelta(seconds=15)  # of its last sign of life; it gives one each five seconds


class TelephonyListenerQuerySet(models.QuerySet["TelephonyListener"]):
    """Which listeners."""

    def alive(self) -> Self:
        """Those that hear their exchange now, as far as they say; a process that does not is not named."""
        return self.exclude(process="").filter(heard_at__gte=timezone.now() - ALIVE_WITHIN)

    def last_heard_at(self) -> datetime | None:
        """When an exchange was last heard; None before the first time."""
        return self.order_by("-heard_at").values_list("heard_at", flat=True).first()


class TelephonyListener(models.Model):
    """The process that hears one exchange; there is one row per exchange, and its age tells whether anybody listens."""

    server = models.CharField(max_length=64, primary_key=True)
    process = models.CharField(max_length=100)
    heard_at = models.DateTimeField()

    objects: ClassVar = TelephonyListenerQuerySet.as_manager()

    def __str__(self) -> str:
        return self.server


class JournalPlace(models.Model):
    """Where the next listener reads an exchange's journal on: the file, however it is called by now, and the byte."""

    server = models.CharField(max_length=64, primary_key=True)
    file_id = models.CharField(max_length=64)
    offset = models.BigIntegerField()

    def __str__(self) -> str:
        return self.server
