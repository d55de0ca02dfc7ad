"""Recordings that a link leads to: brought here by the outgoing door, in the background, with patience.

A row is claimed by one conditional UPDATE that moves its time to the end of a lease; what came of it is written only while that
time still stands. Dying in between costs one try.
"""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import IO

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from callhub import doorbell
from calls import failpoints, ledger, outbound
from calls.choices import AudioRefusal, RecordingState
from calls.errors import CallError
from calls.ledger import Audio
from calls.models import RecordingFetch
from calls.outbound import Answer, OutboundError
from calls.recordings import probing, storage
from calls.recordings.errors import AudioRefused, StorageTrouble
from calls.recordings.jail import JailTrouble
from calls.recordings.storage import Spool
from calls.webhooks.schedule import retry_after

log = logging.getLogger(__name__)

# Links are often told before there is anything behind them.
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(hours=24),
)
MOST_ATTEMPTS = len(WAITS) + 1
JITTER = 0.1
SECONDS = 40.0  # of one try; a task has 50
LEASE = timedelta(minutes=2)
MOST_AT_ONCE = 50
ROOM_EVERY_BYTES = 64 * 1024 * 1024
# Answers after which another try may go better. 404 is among them: see above.
_PASSING = frozenset({404, 408, 409, 423, 425, 429}) | frozenset(range(500, 600))
_WAITING = (RecordingState.EXPECTED, RecordingState.UPLOADING, RecordingState.REFUSED)


def due(now: datetime | None = None) -> list[str]:
    """The recordings whose audio should be fetched by now."""
    rows = RecordingFetch.objects.due(now or timezone.now())[:MOST_AT_ONCE]
    return [str(key) for key in rows.values_list("pk", flat=True)]


def fetch(recording_id: str) -> bool:
    """Try once to fetch a recording's audio, if it is due; whether it is kept now. What came of it stands in its row."""
    claimed = _claim(recording_id)
    if claimed is None:
        return False
    try:
        with _spool() as spool:
            answer = _download(claimed.recording.url, spool)
            if answer.status != HTTPStatus.OK:
                _note_answer(claimed, answer)
                return False
            failpoints.reach("fetch.received")
            audio = _audio(claimed, spool)
    except OutboundError as error:
        _note_failure(claimed, error)
    except AudioRefused as refused:
        ledger.note_fetch_refused(claimed, refused)
    except (JailTrouble, StorageTrouble, OSError) as error:
        log.warning("recording %s could not be fetched: %s", claimed.pk, type(error).__name__)
        _try_again(claimed, "storage", _("The audio could not be kept just now."))
    else:
        return _keep(claimed, audio)
    return False


def _claim(recording_id: str) -> RecordingFetch | None:
    """The row, for the time of a lease; None where it is not due, somebody else has it, or nobody waits for it any more."""
    now = timezone.now()
    rows = RecordingFetch.objects.due(now).select_related("recording__tenant", "recording__call")
    row = rows.defer("recording__peaks").filter(recording_id=recording_id).first()
    if row is None:
        return None
    ours = RecordingFetch.objects.filter(pk=row.pk, due_at=row.due_at)
    if row.recording.state not in _WAITING:
        ours.update(due_at=None)
        return None
    leased_until = now + LEASE
    if not ours.update(due_at=leased_until, attempts=F("attempts") + 1, tried_at=now):
        return None
    row.due_at, row.attempts = leased_until, row.attempts + 1
    failpoints.reach("fetch.claimed")
    return row


@contextmanager
def _spool() -> Iterator[Spool]:
    """Where audio lies on its way in; what a crash leaves of it is swept. Raises ``StorageTrouble``."""
    spool = Spool.create()
    try:
        yield spool
    finally:
        spool.discard()


class _Sink:
    """A file that minds the room on its disk, now and then."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._unminded = 0

    def write(self, piece: bytes, /) -> None:
        self._unminded += len(piece)
        if self._unminded > ROOM_EVERY_BYTES:
            storage.require_room()
            self._unminded = 0
        self._file.write(piece)


def _download(url: str, spool: Spool) -> Answer:
    with open(spool.path, "r+b") as file:
        answer = outbound.download(url, into=_Sink(file), limit=settings.CALLHUB_AUDIO_LIMIT, seconds=SECONDS)
        file.flush()
        os.fsync(file.fileno())
        return answer


def _audio(claimed: RecordingFetch, spool: Spool) -> Audio:
    """What came, looked at and kept. Raises ``AudioRefused``, ``JailTrouble``, ``StorageTrouble``."""
    if not spool.size:
        raise AudioRefused(AudioRefusal.EMPTY_AUDIO, "There is no audio in no bytes.")
    probe = probing.probe(spool.path)
    return Audio(stored=spool.promote(claimed.recording.tenant), probe=probe)


def _keep(claimed: RecordingFetch, audio: Audio) -> bool:
    failpoints.reach("fetch.object_kept")
    try:
        recording = ledger.note_fetched(claimed, audio)
    except CallError as error:  # the call is gone, or the audio was removed: nobody waits for it
        log.info("recording %s was fetched for nobody: %s", claimed.pk, error.code)
        RecordingFetch.objects.filter(pk=claimed.pk, due_at=claimed.due_at).update(due_at=None)
        recording = None
    if recording is None:
        storage.delete(audio.stored.key)
        return False
    from calls.tasks import analyse_recording  # late: the tasks call this

    doorbell.ring(analyse_recording, str(recording.pk))
    return True


def _note_answer(claimed: RecordingFetch, answer: Answer) -> None:
    """An answer that is not the audio."""
    words = {"status": answer.status}
    if answer.status in _PASSING:
        told = retry_after(answer.status, answer.headers, timezone.now())
        _try_again(claimed, "status", _("The other side answered %(status)s.") % words, told)
        return
    if 300 <= answer.status < 400:
        why = _("The other side answered %(status)s, a redirect, and redirects are not followed.") % words
    else:
        why = _("The other side answered %(status)s.") % words
    ledger.note_fetch_failed(claimed, "status", why, again_at=None)


def _note_failure(claimed: RecordingFetch, error: OutboundError) -> None:
    if error.code == "too_large":
        ledger.note_fetch_refused(claimed, AudioRefused(AudioRefusal.TOO_LARGE, error.message))
    elif error.permanent:
        ledger.note_fetch_failed(claimed, error.code, error.message, again_at=None)
    else:
        _try_again(claimed, error.code, error.message)


def _try_again(claimed: RecordingFetch, code: str, why: str, told: timedelta | None = None) -> None:
    """Note a failure and when to try again; after the last try there is no such time."""
    if claimed.attempts >= MOST_ATTEMPTS:
        ledger.note_fetch_failed(claimed, code, why, again_at=None)
        return
    usual = WAITS[claimed.attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - nobody gains by guessing it
    ledger.note_fetch_failed(claimed, code, why, again_at=timezone.now() + (told or usual))
