"""Telling what happened: the event row is written in the transaction of the change, never later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from calls.choices import EventKind
from calls.models import Call, CallEvent
from tenants.models import User


def event_of(
    call: Call,
    kind: EventKind,
    *,
    happened_at: datetime | None = None,
    actor: User | None = None,
    source: str = "",
    summary: str = "",
    data: Mapping[str, Any] | None = None,
) -> CallEvent:
    """An unsaved event of a call; its data is JSON of names and values, times in RFC 3339."""
    return CallEvent(
        tenant_id=call.tenant_id,
        call_id=call.pk,
        kind=kind,
        happened_at=happened_at or timezone.now(),
        source=source or call.source,
        actor=actor,
        summary=summary[:200],
        data=dict(data or {}),
    )
