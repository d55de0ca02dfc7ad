"""A copy of a recording that browsers play, where they do not play what was stored."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from calls.models.call import Call


class PlayableCopyQuerySet(models.QuerySet["PlayableCopy"]):
    """Which copies."""

    def not_played_since(self, moment: datetime) -> Self:
        """Copies that were not played for a while: they can be made again."""
        return self.filter(played_at__lt=moment)


class PlayableCopy(models.Model):
    """16-bit PCM WAV of at most 16 kHz and two channels, made on the first play and removed when it is not played.

    It goes with its recording: as a row by the foreign key, as an object by the ledger or the sweep
    of orphans.
    """

    recording = models.OneToOneField("calls.Recording", primary_key=True, on_delete=models.CASCADE, related_name="playable_copy")
    storage_key = models.CharField(max_length=120, unique=True)
    size_bytes = models.BigIntegerField(_("size"))
    sha256 = models.CharField("SHA-256", max_length=64)
    stored_at = models.DateTimeField(_("stored"))
    played_at = models.DateTimeField(_("last played"), db_index=True)

    objects: ClassVar = PlayableCopyQuerySet.as_manager()

    mime = "audio/wav"
    extension = "wav"
    is_playable = True

    def __str__(self) -> str:
        return str(self.recording_id)

    @property
    def call(self) -> Call | None:
        """The call it is heard with."""
        return self.recording.call
