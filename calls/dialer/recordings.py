"""Recordings that exchanges made, of our calls and of their own: pulled into our own storage, then removed there."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from calls import ledger
from calls.choices import RecordingState, Source, State
from calls.dialer.backends import backend_of
from calls.ledger import Audio
from calls.models import Call, Line, Origination, Recording
from calls.recordings import probing, storage
from calls.recordings.errors import AudioRefused
from calls.telephony.base import TelephonyError
from tenants.models import Tenant

log = logging.getLogger(__name__)

HEADER_ONLY = 44  # bytes of a WAV without a sound in it
MOST_AT_ONCE = 20
EXCHANGE = "asterisk"  # the one whose own calls we see
WRITTEN_AFTER = timedelta(seconds=3)  # past the end of a call, its exchange has closed the file


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
        audio = _audio_or_none(row, file, size) if size > HEADER_ONLY else None
    if not _file(row, audio) and audio is not None:
        storage.delete(audio.stored.key)
    try:
        backend.delete_recording(row.recording)
    except TelephonyError as error:  # it is safe here; there it is in nobody's way
        log.warning("origination %s: its recording stays at the exchange: %s", row.pk, error)


def own_unfetched() -> list[str]:
    """The exchange's own calls, by its ids, that have ended and whose recordings wait there; none while it is away."""
    if not settings.CALLHUB_ARI_URL:
        return []
    try:
        waiting = backend_of(EXCHANGE).own_recordings()
    except TelephonyError as error:
        log.warning("the exchange does not say what it has recorded: %s", error)
        return []
    ended = _own_calls(waiting).filter(state=State.ENDED, ended_at__lte=timezone.now() - WRITTEN_AFTER)
    refused = Recording.objects.filter(call=OuterRef("pk"), state=RecordingState.REFUSED)
    return list(ended.filter(~Exists(refused)).order_by("ended_at").values_list("external_id", flat=True)[:MOST_AT_ONCE])


def fetch_own(external_id: str) -> None:
    """Keep the recording of one of the exchange's own calls with it; what is here already is only removed there.

    What is no audio is noted as refused, and stays there. Raises ``TelephonyError``, ``StorageTrouble``.
    """
    backend = backend_of(EXCHANGE)
    name = backend.own_recordings().get(external_id)
    call = _own_calls([external_id]).filter(state=State.ENDED).select_related("tenant").first()
    if name is None or call is None:
        return
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        size = backend.fetch_recording(name, file)
        file.flush()
        if size > HEADER_ONLY:
            try:
                audio = _audio(call.tenant, file, size)
            except AudioRefused as refused:
                ledger.refuse_audio(ledger.announce(call.tenant, call), refused)
                return
            if not _file_own(call, audio):
                storage.delete(audio.stored.key)
    backend.delete_recording(name)


def _own_calls(external_ids: Iterable[str]) -> QuerySet[Call]:
    """Among the tenants that the exchange has calls of, so that an index finds them."""
    served = Q(slug=settings.CALLHUB_ARI_TENANT) | Q(pk__in=Line.objects.proven_on(EXCHANGE).values("tenant"))
    tenants = list(Tenant.objects.filter(served).values_list("pk", flat=True))
    calls = Call.objects.filter(tenant__in=tenants, source=Source.PBX, external_id__in=list(external_ids))
    return calls.filter(facts__exchange=EXCHANGE)


def _file_own(call: Call, audio: Audio) -> bool:
    """Add the audio to the call, once; whether this was the time."""
    with transaction.atomic():
        if Call.objects.select_for_update(of=("self",)).filter(pk=call.pk).first() is None:
            return False
        if Recording.objects.filter(call=call, sha256=audio.stored.sha256).exists():
            return False
        ledger.add_audio(ledger.announce(call.tenant, call), audio, call=call, source=Source.PBX)
        return True


def _audio_or_none(row: Origination, file: IO[bytes], size: int) -> Audio | None:
    try:
        return _audio(row.tenant, file, size)
    except AudioRefused as error:
        log.warning("origination %s: what the exchange recorded is not audio (%s)", row.pk, error.code)
        return None


def _audio(tenant: Tenant, file: IO[bytes], size: int) -> Audio:
    probe = probing.probe(Path(file.name))
    file.seek(0)
    return Audio(stored=storage.put(file, tenant, size), probe=probe)


def _file(row: Origination, audio: Audio | None) -> bool:
    """Add the audio to the call, once; whether this was the time."""
    with transaction.atomic():
        unfetched = Origination.objects.with_recording_to_fetch().filter(pk=row.pk)
        if not unfetched.update(recording_fetched_at=timezone.now(), updated_at=timezone.now()):
            return False
        if audio is not None:
            ledger.add_audio(ledger.announce(row.tenant, row.call), audio, call=row.call, source=row.door)
        return True
