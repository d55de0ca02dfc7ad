"""Tickets: opened with what is announced, found by their id alone, cancelled."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from calls import ledger
from calls.choices import UPLOAD_UNFINISHED, AudioRefusal, Source, UploadMode, UploadState
from calls.drafts import CallDraft
from calls.errors import CallConflict
from calls.models import Call, Upload, UploadChunk
from calls.recordings import storage
from calls.recordings.errors import AudioRefused
from calls.recordings.probing import LONGEST_MS
from calls.recordings.storage import Spool
from calls.recordings.types import MIMES, canonical
from calls.uploads.errors import QuotaUsedUp, TicketNotFound
from calls.uploads.staging import draft_as_json
from tenants import deposits
from tenants.authentication import Principal
from tenants.models import Tenant

ACCEPTED = MIMES


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a sender says of the audio: bytes, type, checksums in lower-case hex; None and "" are not said."""

    size: int | None = None
    mime: str = ""
    md5: str = ""
    sha256: str = ""


def open_ticket(
    tenant: Tenant,
    principal: Principal,
    door: Source,
    *,
    draft: CallDraft | None = None,
    call: Call | None = None,
    mode: UploadMode = UploadMode.ATTACH,
    told: Told = Told(),
    accepted: Collection[str] = ACCEPTED,
) -> Upload:
    """Announce audio for a ``draft``, which enters the log of ``tenant`` with it, or for a ``call`` that is there.

    Takes one from the month's quota. Raises ``InvalidCall``, ``CallConflict``, ``QuotaUsedUp``, ``AudioRefused`` (too_large,
    type_not_allowed, empty_audio) and ``NoRoom``; then nothing is left.
    """
    _check_told(told, accepted)
    if draft is not None:
        ledger.check_new(tenant, dataclasses.replace(draft, heard_ms=LONGEST_MS))  # as long as any audio may be
    storage.require_room(told.size or 0)
    with transaction.atomic():
        recording = ledger.announce(tenant, call)
        try:
            month = deposits.reserve(tenant)
        except deposits.QuotaReached as error:
            raise QuotaUsedUp(error.limit) from error
        return Upload.objects.create(
            tenant=tenant,
            opened_in=principal.tenant,
            opened_by=principal.user,
            door=door,
            mode=UploadMode.CALL if draft is not None else mode,
            draft=draft_as_json(draft) if draft is not None else {},
            call=call,
            recording=recording,
            expires_at=timezone.now() + timedelta(hours=settings.CALLHUB_UPLOAD_HOURS),
            limit_bytes=settings.CALLHUB_AUDIO_LIMIT,
            accepted=list(accepted),
            deposit_month=month,
            declared_bytes=told.size,
            declared_mime=told.mime[:40],
            declared_md5=told.md5,
            declared_sha256=told.sha256,
        )


def find_ticket(key: str, principal: Principal, door: Source) -> Upload:
    """The ticket with this id (a UUID in lower case, with or without its dashes), unfinished or complete.

    Raises ``TicketNotFound`` where there is none, or none that this principal opened at this door: whoever is limited to one
    center uses their own tickets only.
    """
    tickets = Upload.objects.known().filter(opened_in=principal.tenant, door=door, tenant__is_active=True)
    if principal.center_id is not None:
        tickets = tickets.filter(opened_by=principal.user)
    exact = _exact_key(key)
    ticket = tickets.select_related("tenant", "recording", "call").filter(pk=exact).first() if exact else None
    if ticket is None:
        raise TicketNotFound
    return ticket


def cancel(ticket: Upload) -> None:
    """Give up an unfinished upload and its place in the quota. Raises ``CallConflict`` where it is complete."""
    if not end(ticket, UploadState.CANCELLED):
        reread(ticket)
        if ticket.state == UploadState.COMPLETE:
            raise CallConflict("The upload is complete. Remove the recording instead.")


def reread(ticket: Upload, *fields: str) -> None:
    """Bring a ticket, or some fields of it, up to date. Raises ``TicketNotFound`` where it went with its call."""
    try:
        ticket.refresh_from_db(fields=fields or None)
    except Upload.DoesNotExist as error:
        raise TicketNotFound from error


def end(ticket: Upload, state: UploadState) -> bool:
    """Expire or cancel an unfinished upload; whether it was this call that did. Its spools go, too."""
    spools = spools_of(ticket)
    with transaction.atomic():
        unfinished = Upload.objects.filter(pk=ticket.pk, state__in=UPLOAD_UNFINISHED)
        now = timezone.now()
        if not unfinished.update(state=state, finished_at=now, updated_at=now, draft={}, spool="", lease_until=None):
            return False
        UploadChunk.objects.filter(upload=ticket).update(spool="")
        ledger.give_up_audio(ticket.recording)
        if ticket.deposit_month is not None:
            deposits.release(ticket.tenant, ticket.deposit_month)
    for name in spools:
        Spool(name).discard()
    return True


def spools_of(ticket: Upload) -> list[str]:
    """The names of all spools a ticket holds now."""
    own = Upload.objects.filter(pk=ticket.pk).exclude(spool="").values_list("spool", flat=True)
    return [*own, *ticket.chunks.exclude(spool="").values_list("spool", flat=True)]


def _check_told(told: Told, accepted: Collection[str]) -> None:
    if told.size is not None and told.size > settings.CALLHUB_AUDIO_LIMIT:
        raise AudioRefused(AudioRefusal.TOO_LARGE, f"The audio is larger than {settings.CALLHUB_AUDIO_LIMIT} bytes.")
    if told.size == 0:
        raise AudioRefused(AudioRefusal.EMPTY_AUDIO, "There is no audio in no bytes.")
    mime = canonical(told.mime)
    if mime and mime not in accepted:
        raise AudioRefused(AudioRefusal.TYPE_NOT_ALLOWED, f"Accepted types: {', '.join(accepted)}.")


def _exact_key(key: str) -> UUID | None:
    """A ticket's id written as it was given out and in no other way."""
    try:
        found = UUID(key)
    except ValueError:
        return None
    return found if key in (str(found), found.hex) else None
