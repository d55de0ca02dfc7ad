"""Audio that is fetched from a link: when it is tried next, and how the last try went."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class RecordingFetchQuerySet(models.QuerySet["RecordingFetch"]):
    """Which fetches."""

    def due(self, now: datetime) -> Self:
        """Those whose time has come, the longest due first."""
        return self.filter(due_at__lte=now).order_by("due_at")


class RecordingFetch(models.Model):
    """A recording whose audio is fetched from its ``url``. While somebody is at it, ``due_at`` is when he is given up.

    ``due_at`` is also the number a result is written by: whoever finds another there came too late.
    """

    recording = models.OneToOneField("calls.Recording", primary_key=True, on_delete=models.CASCADE, related_name="fetch")
    due_at = models.DateTimeField(_("next try"), null=True, blank=True, help_text=_("Empty: there is no other."))
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    tried_at = models.DateTimeField(_("last try"), null=True, blank=True)
    code = models.CharField(max_length=16, blank=True, help_text=_("Of what went wrong at the last try; empty: nothing."))
    detail = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = RecordingFetchQuerySet.as_manager()

    class Meta:
        ordering = ["due_at"]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="recording_fetch_due")]

    def __str__(self) -> str:
        return str(self.recording_id)
