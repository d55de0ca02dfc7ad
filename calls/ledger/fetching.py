"""What became of links whose audio is to be kept here."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from calls.choices import AudioRefusal, RecordingState
from calls.errors import CallConflict
from calls.ledger.audio import Audio, add_audio, refuse_audio
from calls.ledger.expecting import ring_for_link
from calls.models import Call, Recording, RecordingFetch
from calls.recordings.errors import AudioRefused


def fetch_again(recording: Recording) -> bool:
    """Try anew what could not be fetched or was no audio; whether there was something to try."""
    with transaction.atomic():
        ended = RecordingFetch.objects.filter(recording=recording, due_at=None, recording__state=RecordingState.REFUSED)
        if not ended.update(due_at=timezone.now(), attempts=0):
            return False
        ring_for_link(recording)
        return True


def note_fetch_failed(fetch: RecordingFetch, code: str, detail: str, *, again_at: datetime | None) -> bool:
    """Say what went wrong, and when it is tried again; without such a time the recording is refused. Whether one was in time."""
    with transaction.atomic():
        if not _settle(fetch, again_at, code, detail):
            return False
        if again_at is None:
            refuse_audio(fetch.recording, AudioRefused(AudioRefusal.UNREACHABLE, detail))
        return True


def note_fetch_refused(fetch: RecordingFetch, refused: AudioRefused) -> bool:
    """Say that what came is not taken. Whether one was in time."""
    with transaction.atomic():
        if not _settle(fetch, None, refused.code, refused.message):
            return False
        refuse_audio(fetch.recording, refused)
        return True


def note_fetched(fetch: RecordingFetch, audio: Audio) -> Recording | None:
    """Keep what came with its call; None where somebody else was quicker. Raises ``CallNotFound``, ``CallConflict``."""
    with transaction.atomic():
        _lock_call(fetch)
        if not _settle(fetch, None, "", ""):
            return None
        recording = fetch.recording
        if recording.call is None:
            raise CallConflict("This audio is not expected any more.")
        return add_audio(recording, audio, call=recording.call)


def _lock_call(fetch: RecordingFetch) -> None:
    """Have the call before what is fetched for it, as whoever removes both: two in two orders would wait for each other."""
    list(Call.objects.select_for_update(of=("self",)).filter(recordings=fetch.recording_id).values_list("pk"))


def _settle(fetch: RecordingFetch, again_at: datetime | None, code: str, detail: str) -> bool:
    """Write a result, unless the time for it is over and somebody else is at it."""
    ours = RecordingFetch.objects.filter(pk=fetch.pk, due_at=fetch.due_at)
    return bool(ours.update(due_at=again_at, code=code, detail=detail[:300]))
