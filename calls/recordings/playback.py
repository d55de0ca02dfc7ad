"""Playing what browsers do not play: a copy is converted in the sandbox on the first play, and removed when it is not played.

Downloads and the API get the stored bytes. The copy is an ordinary object of the storage, with a
row of its own.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import wave
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import BinaryIO, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from calls.models import PlayableCopy, Recording
from calls.recordings import jail, storage
from calls.recordings.analysis import cpu_seconds_for
from calls.recordings.containers import Source, sniff
from calls.recordings.errors import AudioRefused, ObjectMissing, StorageTrouble
from calls.recordings.storage import StoredObject
from calls.recordings.types import is_played_by_browsers

HIGHEST_RATE_HZ = 16_000  # enough for speech, and a third of what music needs
NOT_PLAYED_FOR = timedelta(days=30)
_MOST_BYTES = 1024**3  # nine hours of mono at 16 kHz; what is longer can be downloaded
_PLAYED_EVERY = timedelta(days=1)  # how exactly the last play is noted
_WALL_SECONDS = 60.0
_MEMORY_BYTES = 160 * 1024 * 1024
_converting = threading.BoundedSemaphore(os.cpu_count() or 1)


def playable(recording: Recording) -> Recording | PlayableCopy:
    """What a browser can play of stored audio: the recording itself, or its copy, made now where there is none.

    Raises ``ObjectMissing`` where the recording has no audio any more, and ``StorageTrouble`` where
    it cannot be converted.
    """
    if is_played_by_browsers(recording):
        return recording
    copy = PlayableCopy.objects.filter(recording=recording).first() or _make(recording)
    copy.recording = recording
    _note_play(copy)
    return copy


def drop_unplayed(now: datetime | None = None) -> int:
    """Remove the copies that were not played for thirty days; how many."""
    moment = (now or timezone.now()) - NOT_PLAYED_FOR
    dropped = 0
    for copy in PlayableCopy.objects.not_played_since(moment).iterator():
        if PlayableCopy.objects.not_played_since(moment).filter(pk=copy.pk).delete()[0]:
            storage.delete(copy.storage_key)
            dropped += 1
    return dropped


def _note_play(copy: PlayableCopy) -> None:
    now = timezone.now()
    stale = PlayableCopy.objects.not_played_since(now - _PLAYED_EVERY)
    stale.filter(pk=copy.pk).update(played_at=now)


def _make(recording: Recording) -> PlayableCopy:
    with _converting, _converted(recording) as sound:
        stored = storage.put(sound, recording.tenant, _MOST_BYTES)
    copy = _filed(recording, stored)
    if copy.storage_key != stored.key:  # another request was first
        storage.delete(stored.key)
    return copy


def _filed(recording: Recording, stored: StoredObject) -> PlayableCopy:
    """The row of the copy, unless the audio was removed while it was converted."""
    facts = {"storage_key": stored.key, "size_bytes": stored.size, "sha256": stored.sha256}
    now = timezone.now()
    with transaction.atomic():
        row = Recording.objects.select_for_update(of=("self",)).playable().filter(pk=recording.pk)
        if row.values_list("storage_key", flat=True).first() == recording.storage_key:
            moments = {"stored_at": now, "played_at": now}
            copy, _ = PlayableCopy.objects.get_or_create(recording=recording, defaults={**facts, **moments})
            return copy
    storage.delete(stored.key)
    raise ObjectMissing("The recording has no audio any more.")


@contextlib.contextmanager
def _converted(recording: Recording) -> Iterator[BinaryIO]:
    """A WAV file of the sound, gone afterwards. Raises ``StorageTrouble`` where it cannot be made."""
    settings.CALLHUB_SPOOL_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (
        storage.local_copy(recording.storage_key) as path,
        open(path, "rb") as file,
        tempfile.TemporaryFile(dir=settings.CALLHUB_SPOOL_DIR) as output,
    ):
        try:
            _convert(recording, file, output)
        except (AudioRefused, jail.JailTrouble) as error:
            raise StorageTrouble("The audio could not be converted.") from error
        output.seek(0)
        yield cast(BinaryIO, output)


def _convert(recording: Recording, file: BinaryIO, output: BinaryIO) -> None:
    channels = min(recording.channels or 1, 2)
    rate_hz = min(recording.sample_rate_hz or HIGHEST_RATE_HZ, HIGHEST_RATE_HZ)
    chunks = jail.stream(
        "convert",
        file,
        cpu_seconds=cpu_seconds_for(recording.duration_ms or 0),
        memory_bytes=_MEMORY_BYTES,
        wall_seconds=_WALL_SECONDS,
        demuxer=sniff(Source(file), recording.mime).demuxer,
        channels=channels,
        rate_hz=rate_hz,
    )
    with wave.open(output, "wb") as sound:
        sound.setparams((channels, 2, rate_hz, 0, "NONE", ""))
        left = _MOST_BYTES
        for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                raise StorageTrouble("The audio is too long to be converted. Download it.")
            sound.writeframesraw(chunk)
