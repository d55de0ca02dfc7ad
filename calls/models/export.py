"""Exports: files of calls that are too long to be written while the person waits."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.scoping import TenantOwned, TenantQuerySet


class ExportState(models.TextChoices):
    """How far an export has come."""

    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("In progress")
    DONE = "done", _("Ready")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Removed")


UNFINISHED = (ExportState.QUEUED, ExportState.RUNNING)
WITHOUT_FILE = (ExportState.FAILED, ExportState.CANCELLED, ExportState.EXPIRED)


class CallExportQuerySet(TenantQuerySet["CallExport"]):
    """Which exports."""

    def unfinished(self) -> Self:
        """Those with calls still to be written."""
        return self.filter(state__in=UNFINISHED)

    def unclaimed(self, now: datetime) -> Self:
        """Those without a worker, or whose worker let its lease run out."""
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lt=now))


class CallExport(TenantOwned):
    """The calls of one list as a CSV file, asked for and downloaded by one person alone.

    ``query`` is the list's own, with its period as days. ``zone`` and ``language`` are those of the
    person when they asked, ``center_key`` the one center they were limited to. ``claimed_until`` is
    the end of a worker's turn, different for each turn; ``tries`` counts turns in a row that wrote
    nothing. ``total`` are the calls of the list when the first was written,
    ``error`` the code of what went wrong. The file is there, whole, once the state is ``done``.
    """

    user = models.ForeignKey("tenants.User", null=True, on_delete=models.SET_NULL, related_name="+")
    query = models.TextField(blank=True)
    columns = models.JSONField(default=list)
    zone = models.CharField(max_length=64)
    language = models.CharField(max_length=16)
    center_key = models.UUIDField(null=True)
    state = models.CharField(max_length=16, choices=ExportState.choices, default=ExportState.QUEUED)
    total = models.PositiveIntegerField(null=True)
    written = models.PositiveIntegerField(default=0)
    size_bytes = models.BigIntegerField(default=0)
    error = models.CharField(max_length=16, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects: ClassVar = CallExportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="export_of_user"),
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["queued", "running"]),
                name="export_unfinished",
            ),
            models.Index(fields=["expires_at"], condition=Q(state="done"), name="export_expires"),
        ]

    def __str__(self) -> str:
        return self.get_state_display()

    @property
    def is_unfinished(self) -> bool:
        """Whether calls are still to be written."""
        return self.state in UNFINISHED

    @property
    def is_ready(self) -> bool:
        """Whether the file is there."""
        return self.state == ExportState.DONE


class ExportPart(models.Model):
    """A piece of an export's file: what one turn of a worker wrote.

    ``written`` counts its calls; ``position`` is where the next turn goes on.
    """

    export = models.ForeignKey(CallExport, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    storage_key = models.CharField(max_length=120, unique=True)
    size_bytes = models.BigIntegerField()
    written = models.PositiveIntegerField()
    position = models.JSONField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="export_part_once")]

    def __str__(self) -> str:
        return str(self.number)
