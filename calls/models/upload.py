"""Uploads: audio announced by its metadata, on its way in."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from calls.choices import UPLOAD_UNFINISHED, AudioRefusal, Source, UploadMode, UploadState
from tenants.scoping import TenantOwned, TenantQuerySet


class UploadQuerySet(TenantQuerySet):
    """Which uploads."""

    def usable(self, now: datetime | None = None) -> Self:
        """Uploads that may still be sent to."""
        return self.filter(state__in=UPLOAD_UNFINISHED, expires_at__gt=now or timezone.now())

    def known(self, now: datetime | None = None) -> Self:
        """Uploads that a door still answers for: usable or complete."""
        usable = Q(state__in=UPLOAD_UNFINISHED, expires_at__gt=now or timezone.now())
        return self.filter(usable | Q(state=UploadState.COMPLETE))

    def overdue(self, now: datetime) -> Self:
        """Uploads whose time is over and that nobody is just keeping."""
        return self.filter(state__in=UPLOAD_UNFINISHED, expires_at__lte=now).exclude(lease_until__gt=now)

    def left_behind(self, now: datetime) -> Self:
        """Uploads that somebody began to keep and did not finish."""
        return self.filter(state=UploadState.KEEPING, lease_until__lte=now)

    def appended(self) -> Self:
        """Resumable uploads whose whole size is known and that nobody has begun to keep."""
        return self.filter(state=UploadState.OPEN, declared_bytes__isnull=False).exclude(spool="")


class Upload(TenantOwned):
    """A ticket: what will be filed, whose it is, and how far its audio has come. Its id is the only key to it.

    ``tenant`` is whom it is filed under, ``opened_in`` whose credentials opened it (a reseller's are another's). The call does
    not exist before the audio is whole: until then it waits in ``draft``. States only move forward, each by one conditional
    UPDATE; ``sha256`` is set with ``keeping`` and settles which bytes these are.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)  # 122 random bits
    opened_in = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    opened_by = models.ForeignKey("tenants.User", null=True, on_delete=models.SET_NULL, related_name="+")
    door = models.CharField(max_length=16, choices=Source.choices)
    mode = models.CharField(max_length=8, choices=UploadMode.choices, default=UploadMode.CALL)
    draft = models.JSONField(default=dict, blank=True)
    call = models.ForeignKey("calls.Call", null=True, blank=True, on_delete=models.CASCADE, related_name="uploads")
    recording = models.ForeignKey("calls.Recording", on_delete=models.CASCADE, related_name="uploads")
    state = models.CharField(max_length=16, choices=UploadState.choices, default=UploadState.OPEN)
    expires_at = models.DateTimeField(_("expires"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    limit_bytes = models.BigIntegerField(_("size limit"))
    accepted = models.JSONField(_("accepted types"), default=list)
    deposit_month = models.DateField(null=True, blank=True, help_text=_("The month whose quota it was taken from."))

    declared_bytes = models.BigIntegerField(_("announced size"), null=True, blank=True)
    declared_mime = models.CharField(_("announced type"), max_length=40, blank=True)
    declared_md5 = models.CharField(_("announced MD5"), max_length=32, blank=True)
    declared_sha256 = models.CharField(_("announced SHA-256"), max_length=64, blank=True)

    spool = models.CharField(max_length=32, blank=True, editable=False)  # of a resumable upload, or of what is being kept
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    chunks_total = models.PositiveIntegerField(null=True, blank=True)
    refusal = models.CharField(max_length=24, choices=AudioRefusal.choices, blank=True)
    refusal_detail = models.CharField(max_length=300, blank=True)
    refusals = models.PositiveIntegerField(default=0, help_text=_("How often what was sent was refused."))
    lease_until = models.DateTimeField(null=True, blank=True, help_text=_("Until when somebody is at work keeping it."))

    objects: ClassVar = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="upload_settled_has_a_checksum",
                condition=~Q(state__in=["keeping", "complete"]) | ~Q(sha256=""),
                violation_error_message=_("An upload that is being kept says which bytes it is."),
            ),
            models.CheckConstraint(
                name="upload_belongs_to_a_call",
                condition=Q(mode="call") | Q(call__isnull=False),
                violation_error_message=_("An upload that adds or replaces audio names the call."),
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state__in=["open", "keeping"]), name="upload_unfinished"),
            models.Index(fields=["finished_at"], name="upload_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.get_mode_display()} · {self.get_state_display()}"

    @property
    def is_unfinished(self) -> bool:
        """Whether bytes may still come."""
        return self.state in UPLOAD_UNFINISHED


class UploadChunk(models.Model):
    """One numbered part of an upload that is sent in parts; sent again it is replaced."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField("SHA-256", max_length=64)
    spool = models.CharField(max_length=32, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "number"], name="upload_chunk_once_per_number"),
            models.CheckConstraint(name="upload_chunk_counts_from_1", condition=Q(number__gte=1)),
        ]

    def __str__(self) -> str:
        return str(self.number)
