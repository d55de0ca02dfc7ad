"""Recordings of calls we made: pulled from their exchange into our own storage, then removed there."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import IO

from django.db import transaction
from django.utils import timezone

from calls import ledger
from calls.dialer.backends import backend_of
from calls.ledger import Audio
from calls.models import Origination
from calls.recordings import probing, storage
from calls.recordings.errors import AudioRefused
from calls.telephony.base import TelephonyError

log = logging.getLogger(__name__)

HEADER_ONLY = 44  # bytes of a WAV without a sound in it
MOST_AT_ONCE = 20


def unfetched() -> list[str]:
    """The originations whose recording waits at the exchange."""
    rows = Origination.objects.with_recording_to_fetch().order_by("ended_at")[:MOST_AT_ONCE]
    return [str(key) for key in rows.values_list("pk", flat=True)]


def fetch(origination_id: str) -> None:
    """Keep an origination's recording with its call; done before is as good. Raises ``TelephonyError``, ``StorageTrouble``."""
    row = Origination.objects.with_recording_to_fetch().select_related("tenant", "call").filter(pk=origination_id).first()
    if row is None:
        return
    backend = backend_of(row.backend)
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        size = backend.fetch_recording(row.recording, file)
        file.flush()
        audio = _audio(row, file, size) if size > HEADER_ONLY else None
    if not _file(row, audio) and audio is not None:
        storage.delete(audio.stored.key)
    try:
        backend.delete_recording(row.recording)
    except TelephonyError as error:  # it is safe here; there it is in nobody's way
        log.warning("origination %s: its recording stays at the exchange: %s", row.pk, error)


def _audio(row: Origination, file: IO[bytes], size: int) -> Audio | None:
    try:
        probe = probing.probe(Path(file.name))
    except AudioRefused as error:
        log.warning("origination %s: what the exchange recorded is not audio (%s)", row.pk, error.code)
        return None
    file.seek(0)
    return Audio(stored=storage.put(file, row.tenant, size), probe=probe)


def _file(row: Origination, audio: Audio | None) -> bool:
    """Add the audio to the call, once; whether this was the time."""
    with transaction.atomic():
        unfetched = Origination.objects.with_recording_to_fetch().filter(pk=row.pk)
        if not unfetched.update(recording_fetched_at=timezone.now(), updated_at=timezone.now()):
            return False
        if audio is not None:
            ledger.add_audio(ledger.announce(row.tenant, row.call), audio, call=row.call, source=row.door)
        return True
