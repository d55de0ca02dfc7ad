"""Which uploads and recordings."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from calls.api.filters.base import (
    AnyOfFilter,
    Filters,
    IdsFilter,
    MomentFilter,
    SecondsFilter,
    ShareFilter,
    TextsFilter,
    TruthFilter,
)
from calls.choices import AudioRefusal, RecordingKind, RecordingState, UploadMode, UploadState
from calls.models import Recording, Upload


class UploadFilters(Filters):
    """Which uploads."""

    state = AnyOfFilter("state", words=[UploadState.OPEN, UploadState.KEEPING, UploadState.COMPLETE])
    mode = AnyOfFilter("mode", words=UploadMode.values, help_text="What is done with the audio.")
    call = IdsFilter("call_id", help_text="The call it was filed with.")
    refusal = AnyOfFilter("refusal", words=AudioRefusal.values, help_text="Why what was sent last was not taken.")

    class Meta:
        model = Upload
        fields: list[str] = []


class RecordingFilters(Filters):
    """Every way to narrow the list of recordings."""

    call = IdsFilter("call_id", help_text="The call it is of.")
    kind = AnyOfFilter("kind", words=RecordingKind.values, help_text="Audio that is stored here, or a link to elsewhere.")
    state = AnyOfFilter("state", words=RecordingState.values)
    refusal = AnyOfFilter("refusal", words=AudioRefusal.values, help_text="Why what was sent was not taken.")
    type = TextsFilter("mime", help_text="Such as audio/wav.")
    current = TruthFilter("is_current", help_text="False: files that newer ones replaced.")
    on_hold = TruthFilter("is_on_hold", help_text="Whether a legal hold keeps it.")
    stored_after = MomentFilter("stored_at", "gte", help_text="Stored at this time or later.")
    stored_before = MomentFilter("stored_at", "lt", help_text="Stored before this time.")
    duration_min = SecondsFilter("duration_ms", "gte", help_text="Seconds, decimals allowed.")
    duration_max = SecondsFilter("duration_ms", "lte", help_text="Seconds, decimals allowed.")
    longest_silence_min = SecondsFilter("longest_silence_ms", "gte", help_text="Seconds, decimals allowed.")
    longest_silence_max = SecondsFilter("longest_silence_ms", "lte", help_text="Seconds, decimals allowed.")
    silence_share_min = ShareFilter("silence_share", "gte", help_text="Of the duration, between 0 and 1.")
    silence_share_max = ShareFilter("silence_share", "lte", help_text="Of the duration, between 0 and 1.")
    talk_share_left_min = ShareFilter("talk_share_left", "gte", help_text="Of the duration, between 0 and 1.")
    talk_share_left_max = ShareFilter("talk_share_left", "lte", help_text="Of the duration, between 0 and 1.")
    talk_share_right_min = ShareFilter("talk_share_right", "gte", help_text="Of the duration, between 0 and 1.")
    talk_share_right_max = ShareFilter("talk_share_right", "lte", help_text="Of the duration, between 0 and 1.")
    overtalk_share_min = ShareFilter("overtalk_share", "gte", help_text="Of the duration, between 0 and 1.")
    overtalk_share_max = ShareFilter("overtalk_share", "lte", help_text="Of the duration, between 0 and 1.")
    too_short = TruthFilter(method="by_too_short", help_text="Less than a second that is not silence: nobody says anything.")
    without_audio = TruthFilter(method="by_without_audio", help_text="Announced, and nothing whole has come.")

    class Meta:
        model = Recording
        fields: list[str] = []

    def by_too_short(self, recordings: Any, name: str, wanted: bool) -> QuerySet[Recording]:
        short = recordings.too_short_to_be_speech()
        return short if wanted else recordings.exclude(pk__in=short.values("pk"))

    def by_without_audio(self, recordings: Any, name: str, wanted: bool) -> QuerySet[Recording]:
        without = recordings.without_audio()
        return without if wanted else recordings.exclude(pk__in=without.values("pk"))
