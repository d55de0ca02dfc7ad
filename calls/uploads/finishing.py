"""The last step of an upload: check, probe, keep the object, then file the call. Whoever tries may be killed at any point.

Checks and probing change nothing. The claim settles by checksum which bytes these are; from there on any number may try to
finish with the same bytes, each with an object of its own, and the one whose transaction moves the ticket to complete wins.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from calls import failpoints, ledger
from calls.choices import AudioRefusal, UploadMode, UploadState
from calls.errors import CallError
from calls.ledger import Audio
from calls.models import Call, Recording, Upload, UploadChunk
from calls.recordings import probing, storage
from calls.recordings.errors import AudioRefused, StorageTrouble
from calls.recordings.jail import JailTrouble
from calls.recordings.storage import Spool
from calls.recordings.storage.keeping import Digest
from calls.recordings.types import canonical
from calls.uploads.errors import OtherAudio, TicketNotFound
from calls.uploads.staging import draft_from_json
from calls.uploads.tickets import Told, end, reread, spools_of

RACES = 3  # how often others may be quicker
LEASE = timedelta(minutes=15)  # for keeping the object; then the background takes over
_looking = threading.BoundedSemaphore(os.cpu_count() or 1)  # decoders at once in this process; each may take 256 MiB


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A complete upload; ``is_new`` is False where the same bytes had been kept before."""

    upload: Upload
    recording: Recording
    call: Call
    is_new: bool


def keep(ticket: Upload, spool: Spool, told: Told) -> Kept:
    """Make a spool that holds all bytes the ticket's audio.

    Raises ``AudioRefused``, after which the ticket waits for better audio; ``CallConflict`` where other bytes were first, or
    (then the ticket ends) the log tells otherwise; ``TicketNotFound``; ``StorageTrouble``, after which the same may be tried
    again.
    """
    digest = spool.digest()
    if (kept := _kept_already(ticket, digest.sha256)) is not None:
        return kept
    _check(digest, told)
    _check(digest, _announced(ticket))
    probe = _probe(ticket, spool)
    failpoints.reach("upload.probed")
    if not _claim(ticket, spool, digest.sha256) and (kept := _kept_already(ticket, digest.sha256)) is not None:
        return kept
    failpoints.reach("upload.claimed")
    audio = Audio(stored=spool.promote(ticket.tenant), probe=probe)
    failpoints.reach("upload.object_kept")
    return _file(ticket, audio)


def note_refusal(ticket: Upload, refused: AudioRefused) -> None:
    """Keep on the ticket why the last bytes were not taken."""
    open_still = Upload.objects.filter(pk=ticket.pk, state=UploadState.OPEN)
    why = {"refusal": refused.code, "refusal_detail": refused.message[:300]}
    if open_still.update(**why, refusals=F("refusals") + 1, updated_at=timezone.now()):
        ledger.refuse_audio(ticket.recording, refused)


def _kept_already(ticket: Upload, sha256: str) -> Kept | None:
    """The answer a complete ticket gives to the same bytes; None while there is none. Other bytes are a ``CallConflict``."""
    now = Upload.objects.known().select_related("tenant", "recording", "call").filter(pk=ticket.pk).first()
    if now is None:
        raise TicketNotFound
    if now.sha256 and now.sha256 != sha256:
        raise OtherAudio
    if now.state != UploadState.COMPLETE or now.call is None:
        return None
    return Kept(upload=now, recording=now.recording, call=now.call, is_new=False)


def _announced(ticket: Upload) -> Told:
    return Told(size=ticket.declared_bytes, md5=ticket.declared_md5, sha256=ticket.declared_sha256)


def _check(digest: Digest, told: Told) -> None:
    if digest.size == 0:
        raise AudioRefused(AudioRefusal.EMPTY_AUDIO, "There is no audio in no bytes.")
    if told.size is not None and digest.size < told.size:
        raise AudioRefused(AudioRefusal.TRUNCATED, f"{digest.size} of {told.size} bytes came.")
    if told.size is not None and digest.size > told.size:
        raise AudioRefused(AudioRefusal.TOO_LARGE, f"{digest.size} bytes came where {told.size} were announced.")
    if told.md5 and told.md5 != digest.md5:
        raise AudioRefused(AudioRefusal.CHECKSUM_MISMATCH, "The MD5 differs from the one announced.")
    if told.sha256 and told.sha256 != digest.sha256:
        raise AudioRefused(AudioRefusal.CHECKSUM_MISMATCH, "The SHA-256 differs from the one announced.")


def _probe(ticket: Upload, spool: Spool) -> probing.Probe:
    try:
        with _looking:
            return probing.probe(spool.path, ticket.accepted, canonical(ticket.declared_mime))
    except JailTrouble as error:
        raise StorageTrouble("The audio could not be looked at just now.") from error


def _claim(ticket: Upload, spool: Spool, sha256: str) -> bool:
    """Settle the ticket's bytes, unless somebody has."""
    open_still = Upload.objects.filter(pk=ticket.pk, state=UploadState.OPEN, expires_at__gt=timezone.now())
    now = timezone.now()
    settled = {"state": UploadState.KEEPING, "sha256": sha256, "spool": spool.name, "lease_until": now + LEASE}
    return bool(open_still.update(**settled, refusal="", refusal_detail="", updated_at=now))


def _file(ticket: Upload, audio: Audio) -> Kept:
    spools = spools_of(ticket)
    try:
        recording = _filed(ticket, audio)
    except _TooLate:
        storage.delete(audio.stored.key)
        kept = _kept_already(ticket, audio.stored.sha256)
        if kept is None:
            raise TicketNotFound from None
        return kept
    except CallError:  # the log says otherwise by now, and no audio can change that
        storage.delete(audio.stored.key)
        end(ticket, UploadState.CANCELLED)
        raise
    failpoints.reach("upload.committed")
    if recording.storage_key != audio.stored.key:  # the call had these bytes from another upload
        storage.delete(audio.stored.key)
    for name in spools:
        Spool(name).discard()
    _ring(recording)
    reread(ticket)
    if recording.call is None:
        raise TicketNotFound
    return Kept(upload=ticket, recording=recording, call=recording.call, is_new=True)


def _filed(ticket: Upload, audio: Audio) -> Recording:
    """The ticket complete and its audio in the log, in one transaction. Raises ``_TooLate`` and what the ledger does."""
    for _ in range(RACES):
        try:
            with transaction.atomic():
                _lock_call(ticket)
                if not _complete(ticket):
                    raise _TooLate
                recording = _in_ledger(ticket, audio)
                Upload.objects.filter(pk=ticket.pk).update(recording=recording, call=recording.call)
                failpoints.reach("upload.filed")
                return recording
        except IntegrityError as error:  # what the call belongs to went away before all was committed: look again
            last = error
    raise last


def _lock_call(ticket: Upload) -> None:
    """Have the call before its upload, as whoever removes both: two in two orders would wait for each other."""
    list(Call.objects.select_for_update(of=("self",)).filter(uploads=ticket.pk).values_list("pk"))


class _TooLate(Exception):
    """Somebody else completed the ticket, or it ended."""


def _complete(ticket: Upload) -> bool:
    """Move the ticket to complete; of any number at once one does. A zombie's late try finds it moved."""
    now = timezone.now()
    keeping = Upload.objects.filter(pk=ticket.pk, state=UploadState.KEEPING)
    done = keeping.update(state=UploadState.COMPLETE, finished_at=now, updated_at=now, draft={}, spool="", lease_until=None)
    UploadChunk.objects.filter(upload=ticket).update(spool="")
    return bool(done)


def _in_ledger(ticket: Upload, audio: Audio) -> Recording:
    actor = ticket.opened_by
    if ticket.mode == UploadMode.CALL:
        return ledger.file_audio(ticket.recording, audio, draft=draft_from_json(ticket.draft), actor=actor)
    if ticket.call is None:
        raise TicketNotFound
    replaces = ticket.mode == UploadMode.REPLACE
    return ledger.add_audio(ticket.recording, audio, call=ticket.call, replaces=replaces, actor=actor, source=ticket.door)


def _ring(recording: Recording) -> None:
    from callhub import doorbell
    from calls.tasks import analyse_recording  # late: the tasks call these services

    if recording.analysed_at is None:
        doorbell.ring(analyse_recording, str(recording.pk))
