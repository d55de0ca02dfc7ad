"""An example of every message, made of a call that never was; and the tokens a template may use, which are read off it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from calls.choices import Direction, Disposition, MatchState, PayloadFormat, Source, State, WebhookEvent
from calls.models import Call, Line, Tag
from calls.webhooks.payloads import fonestorm, native
from calls.webhooks.payloads.base import Fact
from calls.webhooks.vocabulary import IN_FONESTORM
from tenants.models import Tenant

_CALL_ID = UUID("0195a3c2-6f00-7000-8000-000000000001")
_RECORDING_ID = UUID("0195a3c2-6f00-7000-8000-000000000002")
_LINE_ID = UUID("0195a3c2-6f00-7000-8000-000000000003")
_STARTED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_DATA: dict[WebhookEvent, dict[str, Any]] = {
    WebhookEvent.CALL_UPDATED: {"changed": {"notes": ["", "Wants a call back."], "tags": [[], ["sales"]]}},
    WebhookEvent.CALL_INTERACTION: {"description": "Chose 2: sales"},
    WebhookEvent.RECORDING_REMOVED: {"recording": str(_RECORDING_ID), "reason": "retention"},
    **{
        kind: {"recording": str(_RECORDING_ID)}
        for kind in (
            WebhookEvent.RECORDING_STORED,
            WebhookEvent.RECORDING_LINKED,
            WebhookEvent.RECORDING_HELD,
            WebhookEvent.RECORDING_RELEASED,
        )
    },
}
_STATES = {
    WebhookEvent.CALL_CREATED: State.QUEUED,
    WebhookEvent.CALL_RINGING: State.RINGING,
    WebhookEvent.CALL_ANSWERED: State.IN_PROGRESS,
}


def samples() -> dict[str, dict[str, Any]]:
    """For every message, by its name, the documents of our JSON (``full`` and ``thin``) and, where it has them, of FoneStorm's.

    The values are documents as a receiver reads them; of ``fonestorm_get`` the values of the tokens, of ``fonestorm_form`` the
    body as text.
    """
    return {str(event_type): _sample_of(event_type) for event_type in WebhookEvent}


def sample(event_type: WebhookEvent, tenant: Tenant | None = None) -> Fact:
    """A fact as ``render`` takes it, of the example's call."""
    call = None if event_type in (WebhookEvent.CALL_DELETED, WebhookEvent.TEST) else _example_call(event_type)
    return Fact(
        tenant=tenant or Tenant(slug="demo", name="Demo"),
        event_type=event_type,
        happened_at=_STARTED_AT + timedelta(minutes=1),
        call_id=_CALL_ID,
        call=call,
        sequence=list(WebhookEvent).index(event_type) + 1,
        data=_DATA.get(event_type, {}),
        summary="Menu" if event_type is WebhookEvent.CALL_INTERACTION else "",
    )


@lru_cache(maxsize=1)
def template_tokens() -> frozenset[str]:
    """The tokens a body template may use."""
    names = (name for event_type in WebhookEvent for name in native.flat(native.full(sample(event_type))))
    return frozenset([*names, "truncated"])


def _sample_of(event_type: WebhookEvent) -> dict[str, Any]:
    fact = sample(event_type)
    found: dict[str, Any] = {"full": native.full(fact), "thin": native.thin(fact)}
    if event_type in IN_FONESTORM:
        found["fonestorm_get"] = dict(fonestorm.render(fact, PayloadFormat.FONESTORM_GET).tokens)
        found["fonestorm_form"] = fonestorm.render(fact, PayloadFormat.FONESTORM_FORM).body.decode()
        found["fonestorm_json"] = json.loads(fonestorm.render(fact, PayloadFormat.FONESTORM_JSON).body)
    return found


def _example_call(event_type: WebhookEvent) -> Call:
    """The call as it is when this message is made; it is never saved."""
    state = _STATES.get(event_type, State.ENDED)
    facts: dict[str, Any] = {"state": state, "started_at": _STARTED_AT}
    if state in (State.IN_PROGRESS, State.ENDED):
        facts |= {"answered_at": _STARTED_AT + timedelta(seconds=8), "ring_ms": 8000}
    if state == State.ENDED:
        facts |= {"ended_at": _STARTED_AT + timedelta(seconds=68), "duration_ms": 68_000, "talk_ms": 60_000}
        facts |= {"disposition": Disposition.ANSWERED}
    call = Call(
        pk=_CALL_ID,
        source=Source.API,
        direction=Direction.OUTBOUND,
        caller_raw="+13215551081",
        caller_e164="+13215551081",
        callee_raw="+46 70-123 45 67",
        callee_e164="+46701234567",
        callee_name="Anna Berg",
        remote_raw="+46 70-123 45 67",
        remote_e164="+46701234567",
        remote_name="Anna Berg",
        line=Line(pk=_LINE_ID, number="+13215551081", e164="+13215551081"),
        match_state=MatchState.EXACT,
        **facts,
    )
    call._prefetched_objects_cache = {"tags": Tag.objects.none()}  # type: ignore[attr-defined]  # the database is not asked
    return call
