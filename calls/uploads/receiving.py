"""Bytes on their way in: all at once, appended, or in numbered chunks. Memory does not grow with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.db import transaction
from django.utils import timezone

from calls import failpoints, ledger
from calls.choices import AudioRefusal, UploadState
from calls.errors import CallConflict
from calls.models import Recording, Upload, UploadChunk
from calls.recordings import storage
from calls.recordings.errors import AudioRefused, OffsetConflict, SpoolMissing, StorageTrouble
from calls.recordings.storage import Spool
from calls.recordings.storage.keeping import CHUNK_BYTES, Readable
from calls.uploads import finishing
from calls.uploads.errors import ChunkRefused, OtherAudio, TicketNotFound
from calls.uploads.finishing import Kept
from calls.uploads.tickets import Told, reread

MOST_CHUNKS = 10_000


def receive_whole(ticket: Upload, stream: Readable, *, told: Told = Told()) -> Kept:  # noqa: B008 - frozen
    """Take the whole audio from one stream and finish; parallel ones do not disturb each other.

    ``told`` is what this request says of it, beside what the ticket announced. Raises as ``finishing.keep`` does.
    """
    with _noting_refusals(ticket), _own_spool(ticket, told.size or 0) as spool:
        ledger.note_uploading(ticket.recording)
        spool.append(0, stream, limit_bytes=ticket.limit_bytes)
        failpoints.reach("upload.received")
        return finishing.keep(ticket, spool, told)


def append(ticket: Upload, offset: int, stream: Readable) -> tuple[int, Kept | None]:
    """Add to a resumable upload at ``offset``; how many bytes there are now, and the outcome once all announced bytes are.

    Raises ``OffsetConflict`` with the right offset, ``SpoolBusy`` where another request is sending, and as ``finishing.keep``
    does: after a refusal of the whole the upload begins again at 0.
    """
    if (kept := completed(ticket)) is not None:
        size = kept.recording.size_bytes or 0
        if not _is_end_of(kept.recording, offset, stream):
            raise OffsetConflict(size)
        return size, kept
    if offset == ticket.declared_bytes == received_bytes(ticket):  # all came, and the one who brought it was killed
        return offset, finish(ticket)
    with _noting_refusals(ticket):
        spool = _spool_of(ticket, offset)
        ledger.note_uploading(ticket.recording)
        size = spool.append(offset, stream, limit_bytes=min(ticket.limit_bytes, ticket.declared_bytes or ticket.limit_bytes))
    failpoints.reach("upload.appended")
    return size, finish(ticket) if size == ticket.declared_bytes else None


def finish(ticket: Upload, *, told: Told = Told()) -> Kept:  # noqa: B008 - frozen
    """Finish a resumable upload with the bytes that came. Raises as ``finishing.keep`` does.

    A complete one gives its outcome again, and raises ``OtherAudio`` where ``told`` is not what it
    has.
    """
    if (kept := completed(ticket, told)) is not None:
        return kept
    with _noting_refusals(ticket):
        if not ticket.spool:
            raise AudioRefused(AudioRefusal.EMPTY_AUDIO, "Nothing has been sent.")
        spool = Spool(ticket.spool)
        try:
            return finishing.keep(ticket, spool, told)
        except AudioRefused:
            _forget(ticket, spool)
            raise


def settle_size(ticket: Upload, size: int) -> None:
    """Announce the size of a resumable upload later than its ticket. Raises ``CallConflict`` where it was another before."""
    if size > ticket.limit_bytes:
        raise AudioRefused(AudioRefusal.TOO_LARGE, f"The audio is larger than {ticket.limit_bytes} bytes.")
    Upload.objects.filter(pk=ticket.pk, declared_bytes__isnull=True).update(declared_bytes=size, updated_at=timezone.now())
    reread(ticket, "declared_bytes")
    if ticket.declared_bytes != size:
        raise CallConflict(f"{ticket.declared_bytes} bytes were announced before.")


def receive_chunk(ticket: Upload, number: int, total: int | None, stream: Readable) -> Kept | None:
    """Take chunk ``number`` (from 1) of ``total``, None while that is not known; the outcome once 1 to the total are here.

    A chunk sent again replaces the one before. After a refusal of the whole all chunks stay, to be replaced. Raises
    ``ChunkRefused``, and as ``finishing.keep`` does.
    """
    _check_number(number, total)
    with _noting_refusals(ticket):
        with _own_spool(ticket) as spool:
            ledger.note_uploading(ticket.recording)
            spool.append(0, stream, limit_bytes=ticket.limit_bytes)
            failpoints.reach("chunk.spooled")
            is_all = _note_chunk(ticket, number, total, spool)
        failpoints.reach("chunk.noted")
        reread(ticket)
        if not ticket.is_unfinished:
            return completed(ticket)
        if not is_all:
            return None
        with _own_spool(ticket) as whole:
            _join(ticket, whole)
            failpoints.reach("upload.received")
            return finishing.keep(ticket, whole, Told())


def received_bytes(ticket: Upload) -> int:
    """How many bytes have come and are kept, of an upload in the making or complete."""
    if ticket.state == UploadState.COMPLETE:
        return ticket.recording.size_bytes or 0
    if ticket.spool:
        try:
            return Spool(ticket.spool).size
        except SpoolMissing:
            return 0
    return sum(chunk.size_bytes for chunk in ticket.chunks.all())


@contextmanager
def _noting_refusals(ticket: Upload) -> Iterator[None]:
    try:
        yield
    except AudioRefused as refused:
        finishing.note_refusal(ticket, refused)
        raise


@contextmanager
def _own_spool(ticket: Upload, expected_bytes: int = 0) -> Iterator[Spool]:
    """A spool for this request; thrown away at its end unless the ticket or a chunk of it refers to it by then."""
    spool = Spool.create(expected_bytes)
    try:
        yield spool
    finally:
        is_kept = Upload.objects.filter(pk=ticket.pk, spool=spool.name).exists()
        if not is_kept and not UploadChunk.objects.filter(upload=ticket, spool=spool.name).exists():
            spool.discard()


def completed(ticket: Upload, told: Told = Told()) -> Kept | None:  # noqa: B008 - frozen
    """The outcome of a ticket that is complete.

    Raises ``TicketNotFound`` where it has ended otherwise, ``OtherAudio`` where ``told`` is not
    what it has.
    """
    now = Upload.objects.known().select_related("tenant", "recording", "call").filter(pk=ticket.pk).first()
    if now is None:
        raise TicketNotFound
    if now.state != UploadState.COMPLETE or now.call is None:
        return None
    has = now.recording
    if not (told.size in (None, has.size_bytes) and told.md5 in ("", has.md5) and told.sha256 in ("", has.sha256)):
        raise OtherAudio
    return Kept(upload=now, recording=has, call=now.call, is_new=False)


def _is_end_of(recording: Recording, offset: int, stream: Readable) -> bool:
    """Whether a stream is what is stored from ``offset`` to the end: the last part, sent again as its answer was lost."""
    came, left = hashlib.sha256(), (recording.size_bytes or 0) - offset
    while left >= 0 and (part := stream.read(CHUNK_BYTES)):
        left -= len(part)
        came.update(part)
    if left != 0 or not recording.storage_key:
        return False
    stored = hashlib.sha256()
    with closing(storage.open_range(recording.storage_key, offset)) as chunks:
        while part := chunks.read(CHUNK_BYTES):
            stored.update(part)
    return stored.digest() == came.digest()


def _spool_of(ticket: Upload, offset: int) -> Spool:
    """The spool a resumable upload grows in, made at its first byte."""
    if ticket.spool:
        spool = Spool(ticket.spool)
        try:
            spool.size  # noqa: B018 - whether it is there
        except SpoolMissing:  # this machine lost it
            _forget(ticket, spool)
        else:
            return spool
    if offset:
        raise OffsetConflict(0)
    spool = Spool.create(ticket.declared_bytes or 0)
    begun = Upload.objects.filter(pk=ticket.pk, state=UploadState.OPEN, spool="")
    if not begun.update(spool=spool.name, updated_at=timezone.now()):
        spool.discard()
        reread(ticket)
        if not ticket.spool:
            raise TicketNotFound
        return Spool(ticket.spool)
    ticket.spool = spool.name
    return spool


def _forget(ticket: Upload, spool: Spool) -> None:
    """Begin a resumable upload anew."""
    if Upload.objects.filter(pk=ticket.pk, state=UploadState.OPEN, spool=spool.name).update(spool=""):
        spool.discard()
    reread(ticket)


def _check_number(number: int, total: int | None) -> None:
    if not 1 <= number <= MOST_CHUNKS:
        raise ChunkRefused(f"A chunk's number lies between 1 and {MOST_CHUNKS}.")
    if total is not None and not number <= total <= MOST_CHUNKS:
        raise ChunkRefused(f"The total lies between the chunk's number and {MOST_CHUNKS}.")


def _note_chunk(ticket: Upload, number: int, total: int | None, spool: Spool) -> bool:
    """Keep a chunk that has come; whether all are here. Of a ticket whose bytes are settled only the same chunk is taken."""
    digest = spool.digest()
    with transaction.atomic():
        locked = Upload.objects.select_for_update().filter(pk=ticket.pk).first()
        if locked is None:
            raise TicketNotFound
        others = {chunk.number: chunk for chunk in UploadChunk.objects.filter(upload=ticket)}
        old = others.pop(number, None)
        if locked.state != UploadState.OPEN:
            if old is None or old.sha256 != digest.sha256 or total not in (None, locked.chunks_total):
                raise OtherAudio
            return True
        _settle_total(locked, total, [*others, number])
        if sum(chunk.size_bytes for chunk in others.values()) + digest.size > locked.limit_bytes:
            raise AudioRefused(AudioRefusal.TOO_LARGE, f"The audio is larger than {locked.limit_bytes} bytes.")
        facts = {"size_bytes": digest.size, "sha256": digest.sha256, "spool": spool.name}
        UploadChunk.objects.update_or_create(upload=ticket, number=number, defaults=facts)
    if old is not None and old.spool:
        Spool(old.spool).discard()
    return len(others) + 1 == locked.chunks_total


def _join(ticket: Upload, whole: Spool) -> None:
    for chunk in ticket.chunks.order_by("number"):
        try:
            with open(Spool(chunk.spool).path, "rb") as file:
                whole.append(whole.size, file, limit_bytes=ticket.limit_bytes, durable=False)
        except (FileNotFoundError, SpoolMissing) as error:  # replaced this moment, or this machine lost it
            raise StorageTrouble(f"Chunk {chunk.number} is not there just now. Send it again.") from error


def _settle_total(ticket: Upload, total: int | None, numbers: list[int]) -> None:
    if total is not None and ticket.chunks_total not in (None, total):
        raise ChunkRefused(f"The total was {ticket.chunks_total} before.")
    wanted = total or ticket.chunks_total
    if wanted is not None and max(numbers) > wanted:
        raise ChunkRefused("A chunk has a higher number than the total.")
    if total is not None and ticket.chunks_total is None:
        ticket.chunks_total = total
        ticket.save(update_fields=["chunks_total", "updated_at"])
