"""Recordings: the audio of a call, kept here or linked to."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from django.core.validators import URLValidator
from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from calls.choices import RECORDING_MOVES, AudioRefusal, RecordingKind, RecordingState, RemovalReason
from tenants.choices import Act
from tenants.scoping import TenantOwned, TenantQuerySet

SHORTEST_SPEECH_MS = 1000


class RecordingQuerySet(TenantQuerySet["Recording"]):
    """Which recordings."""

    def current(self) -> Self:
        """The ones a call is heard by; files they replaced are left out."""
        return self.filter(is_current=True)

    def playable(self) -> Self:
        """Audio that is kept here."""
        return self.filter(kind=RecordingKind.AUDIO, state=RecordingState.STORED)

    def without_audio(self) -> Self:
        """Announced, and nothing whole has come."""
        return self.filter(
            kind=RecordingKind.AUDIO, state__in=[RecordingState.EXPECTED, RecordingState.UPLOADING, RecordingState.EXPIRED]
        )

    def refused(self) -> Self:
        """What came was no good."""
        return self.filter(state=RecordingState.REFUSED)

    def too_short_to_be_speech(self) -> Self:
        """Stored audio of less than a second, or with less than a second that is not silence."""
        heard = ExpressionWrapper((1.0 - F("silence_share")) * F("duration_ms"), output_field=models.FloatField())
        return (
            self.playable()
            .alias(heard_ms=heard)
            .filter(Q(duration_ms__lt=SHORTEST_SPEECH_MS) | Q(heard_ms__lt=SHORTEST_SPEECH_MS))
        )

    def unanalysed(self) -> Self:
        """Stored audio nobody has listened to yet."""
        return self.playable().filter(analysed_at__isnull=True)

    def due_for_removal(self, now: datetime | None = None) -> Self:
        """Stored audio whose time is over and that no legal hold keeps."""
        return self.playable().filter(retain_until__lte=now or timezone.now(), is_on_hold=False)

    def for_lists(self) -> Self:
        """Without the waveform, which only a player needs."""
        return self.defer("peaks")

    def advance(self, to: RecordingState, **fields: Any) -> int:
        """Move these recordings to a later state and set ``fields``; how many did. One that may not move there stays.

        One conditional UPDATE: of any number at once, one moves a row.
        """
        origins = [state for state, moves in RECORDING_MOVES.items() if to in moves]
        return self.filter(state__in=origins).update(**{"state": to, "updated_at": timezone.now(), **fields})


class Recording(TenantOwned):
    """The audio of a call. Its object is written before its row and never overwritten; the row is the truth.

    Lengths are whole milliseconds, levels decibels below full scale, shares between 0 and 1 of the duration.
    """

    center_acts = frozenset(Act)

    call = models.ForeignKey("calls.Call", null=True, blank=True, on_delete=models.CASCADE, related_name="recordings")
    kind = models.CharField(max_length=8, choices=RecordingKind.choices, default=RecordingKind.AUDIO)
    state = models.CharField(max_length=16, choices=RecordingState.choices, default=RecordingState.EXPECTED)
    storage_key = models.CharField(max_length=120, blank=True, editable=False)
    url = models.URLField(
        _("address"),
        max_length=2000,
        blank=True,
        validators=[URLValidator(["http", "https"])],
        help_text=_("Of a linked recording."),
    )

    mime = models.CharField(_("type"), max_length=40, blank=True)
    container = models.CharField(max_length=16, blank=True)
    codec = models.CharField(max_length=32, blank=True)
    size_bytes = models.BigIntegerField(_("size"), null=True, blank=True)
    md5 = models.CharField("MD5", max_length=32, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    duration_ms = models.BigIntegerField(_("duration"), null=True, blank=True)
    channels = models.PositiveSmallIntegerField(null=True, blank=True)
    sample_rate_hz = models.PositiveIntegerField(_("sample rate"), null=True, blank=True)

    is_current = models.BooleanField(_("current"), default=True, help_text=_("Off for a file that a newer one replaced."))
    stored_at = models.DateTimeField(_("stored"), null=True, blank=True)
    replaced_at = models.DateTimeField(_("replaced"), null=True, blank=True)
    refusal = models.CharField(max_length=24, choices=AudioRefusal.choices, blank=True)
    refusal_detail = models.CharField(max_length=300, blank=True)
    retain_until = models.DateTimeField(null=True, blank=True, help_text=_("When retention removes the audio; empty: never."))
    is_on_hold = models.BooleanField(
        _("legal hold"), default=False, help_text=_("Keeps the audio whatever retention says, until switched off.")
    )
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)
    removal_reason = models.CharField(max_length=16, choices=RemovalReason.choices, blank=True)

    loudness_dbfs = models.FloatField(
        _("loudness"), null=True, blank=True, help_text=_("Level of what is not silence, in decibels below full scale.")
    )
    silence_share = models.FloatField(_("silence"), null=True, blank=True)
    longest_silence_ms = models.BigIntegerField(_("longest silence"), null=True, blank=True)
    talk_share_left = models.FloatField(_("talk, left channel"), null=True, blank=True)
    talk_share_right = models.FloatField(_("talk, right channel"), null=True, blank=True)
    overtalk_share = models.FloatField(_("over-talk"), null=True, blank=True, help_text=_("Both channels talk at once."))
    peaks = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text=_("The waveform: per channel at most 1,800 numbers between -127 and 127."),
    )
    analysed_at = models.DateTimeField(_("analysed"), null=True, blank=True)

    objects: ClassVar = RecordingQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["storage_key"],
                condition=~Q(storage_key=""),
                name="recording_object_has_one_row",
                violation_error_message=_("This audio belongs to another recording already."),
            ),
            models.CheckConstraint(
                name="recording_stored_audio_is_whole",
                condition=~Q(kind=RecordingKind.AUDIO, state=RecordingState.STORED)
                | (
                    ~Q(storage_key="")
                    & ~Q(sha256="")
                    & ~Q(mime="")
                    & Q(size_bytes__isnull=False, size_bytes__gt=0, stored_at__isnull=False)
                ),
                violation_error_message=_("Stored audio needs its object, size, type and checksum."),
            ),
            models.CheckConstraint(
                name="recording_link_has_an_address",
                condition=Q(kind=RecordingKind.AUDIO) | (~Q(url="") & Q(storage_key="")),
                violation_error_message=_("A linked recording needs an address and keeps no audio here."),
            ),
            models.CheckConstraint(
                name="recording_refused_says_why",
                condition=~Q(state=RecordingState.REFUSED) | ~Q(refusal=""),
                violation_error_message=_("A refused recording says why."),
            ),
            models.CheckConstraint(
                name="recording_deleted_has_no_object",
                condition=~Q(state=RecordingState.DELETED) | Q(storage_key="", is_on_hold=False),
                violation_error_message=_("Deleted audio has no object, and a legal hold forbids deleting it."),
            ),
            models.CheckConstraint(
                name="recording_shares_are_between_0_and_1",
                condition=(Q(silence_share__isnull=True) | Q(silence_share__range=(0, 1)))
                & (Q(talk_share_left__isnull=True) | Q(talk_share_left__range=(0, 1)))
                & (Q(talk_share_right__isnull=True) | Q(talk_share_right__range=(0, 1)))
                & (Q(overtalk_share__isnull=True) | Q(overtalk_share__range=(0, 1))),
                violation_error_message=_("A share lies between 0 and 1."),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="recording_list"),
            models.Index(fields=["state", "created_at"], name="recording_by_state"),
            models.Index(
                fields=["retain_until"], condition=Q(state="stored", is_on_hold=False), name="recording_due_for_removal"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.get_state_display()}"

    @classmethod
    def seen_from(cls, center_id: UUID) -> Q:
        return Q(call__center=center_id)

    @property
    def is_playable(self) -> bool:
        """Whether its audio is kept here, whole."""
        return self.kind == RecordingKind.AUDIO and self.state == RecordingState.STORED

    @property
    def is_too_short_to_be_speech(self) -> bool:
        """The same rule as the query's."""
        heard_ms = (1 - (self.silence_share or 0)) * (self.duration_ms or 0)
        return self.is_playable and self.duration_ms is not None and heard_ms < SHORTEST_SPEECH_MS

    @property
    def extension(self) -> str:
        """What the name of a downloaded file ends in."""
        return {"mp4": "m4a"}.get(self.container, self.container) or "bin"

    def may_become(self, state: RecordingState) -> bool:
        """Whether that is a move forward."""
        return state in RECORDING_MOVES[RecordingState(self.state)]
