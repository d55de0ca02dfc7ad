"""Opening tickets and sending to them, as a door does."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from calls import uploads
from calls.choices import Source
from calls.drafts import CallDraft, PartyDraft
from calls.models import Upload
from calls.recordings import storage
from tenants.authentication import Principal
from tenants.models import Tenant
from tests.calls.recordings.audio import silence, tone, wav
from tests.make import STARTED_AT, make_user


def speech(seconds: float = 2.0, hertz: float = 440.0) -> bytes:
    """A stereo WAV in which the left side talks first and then the right."""
    half = seconds / 2
    return wav(concat(tone(half, hertz=hertz), silence(half)), concat(silence(half), tone(half, hertz=hertz)))


def concat(*parts: Any) -> Any:
    import numpy as np

    return np.concatenate(parts)


def principal_of(tenant: Tenant, **fields: Any) -> Principal:
    return Principal(tenant=tenant, user=make_user(tenant), role="owner", **fields)


def a_draft(**facts: Any) -> CallDraft:
    return CallDraft(**{"source": Source.API, "started_at": STARTED_AT, "remote": PartyDraft(number="+46701234567"), **facts})


def open_ticket(tenant: Tenant, principal: Principal | None = None, door: Source = Source.API, **order: Any) -> Upload:
    if "call" not in order:
        order.setdefault("draft", a_draft())
    return uploads.open_ticket(tenant, principal or principal_of(tenant), door, **order)


def send(ticket: Upload, audio: bytes, **told: Any) -> uploads.Kept:
    return uploads.receive_whole(fresh(ticket), io.BytesIO(audio), told=uploads.Told(**told))


def send_chunk(ticket: Upload, number: int, total: int | None, data: bytes) -> uploads.Kept | None:
    return uploads.receive_chunk(fresh(ticket), number, total, io.BytesIO(data))


def add(ticket: Upload, offset: int, data: bytes) -> tuple[int, uploads.Kept | None]:
    return uploads.append(fresh(ticket), offset, io.BytesIO(data))


def fresh(ticket: Upload) -> Upload:
    return Upload.objects.select_related("tenant", "recording", "call", "opened_by").get(pk=ticket.pk)


def object_keys() -> list[str]:
    """Every object there is, whatever its age."""
    from django.utils import timezone

    return list(storage.keeper().keys_before(timezone.now() + timedelta(days=1)))


def spool_names() -> list[str]:
    from django.utils import timezone

    from calls.recordings.storage.spool import spools_before

    return list(spools_before(timezone.now() + timedelta(days=1)))
