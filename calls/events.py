"""Telling what happened: the event row is written in the transaction of the change, never later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.dispatch import Signal
from django.utils import timezone

from calls.choices import EventKind
from calls.models import Call, CallEvent
from tenants.models import User

published = Signal()
"""Sent with ``tenant_id`` when events have been written, within their transaction; receivers ring a bell and return."""


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


def publish(tenant_id: UUID) -> None:
    """Say that events of this tenant have been written."""
    published.send(sender=CallEvent, tenant_id=tenant_id)


def write(event: CallEvent) -> None:
    """Write an event, in the transaction of the change it tells of, and say so."""
    event.save(force_insert=True)
    publish(event.tenant_id)
