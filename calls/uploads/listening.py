"""Listening to audio after it is stored: once per recording, found again where the doorbell was lost."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from calls import ledger
from calls.models import Recording
from calls.recordings import storage
from calls.recordings.analysis import analyse
from calls.recordings.errors import AudioRefused, StorageTrouble
from calls.recordings.jail import JailTrouble

TRIED_FOR = timedelta(days=1)  # then it stays without a waveform
_log = logging.getLogger(__name__)


def listen(recording_id: str) -> bool:
    """Find out what can be heard in a stored recording, unless that is known; whether it is now."""
    recording = Recording.objects.unanalysed().filter(pk=recording_id).first()
    if recording is None:
        return False
    try:
        with storage.local_copy(recording.storage_key) as path:
            heard = vars(analyse(path, recording.duration_ms or 0, recording.mime))
    except AudioRefused:  # plays, but takes too long to listen to
        heard = {}
    except (JailTrouble, StorageTrouble) as error:
        _log.warning("Recording %s could not be listened to: %s", recording.pk, error)
        return False
    ledger.note_analysis(recording, heard)
    return True


def unheard(now: datetime | None = None, at_once: int = 50) -> list[str]:
    """The ids of recordings whose doorbell was lost: stored a minute ago or more, and not yet listened to."""
    now = now or timezone.now()
    waiting = Recording.objects.unanalysed().filter(stored_at__range=(now - TRIED_FOR, now - timedelta(minutes=1)))
    return [str(key) for key in waiting.order_by("stored_at").values_list("pk", flat=True)[:at_once]]
