"""Our own JSON: an envelope with type, time and number, and the call in the words of our API.

Thin messages carry ids alone. A full one that would grow past the limit has its long texts cut, and where even that does not
help it is thin; ``truncated`` says so. A template's tokens are the paths into the full document, such as ``data.call.notes``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from calls.choices import WebhookEvent
from calls.life import Party, life_of, seconds
from calls.models import Call
from calls.tokens import fill_template
from calls.webhooks.payloads.base import LIMIT, Fact, Rendered, moment

CUT_TO = 1000  # characters of a text in a message that is too long
MOST_TAGS = 50
_RECORDING = {
    WebhookEvent.RECORDING_STORED, WebhookEvent.RECORDING_LINKED, WebhookEvent.RECORDING_REMOVED, WebhookEvent.RECORDING_HELD,
    WebhookEvent.RECORDING_RELEASED,
}  # fmt: skip
# Columns whose document has another name.
_NAMES = {
    "contact_id": "contact", "company_id": "company", "agent_id": "agent", "is_flagged": "flagged", "match_state": "match",
    "ring_ms": "ring", "talk_ms": "talk", "remote_raw": "remote", "remote_name": "remote",
}  # fmt: skip


def render(fact: Fact, *, is_thin: bool = False, template: str = "") -> Rendered:
    """The message as JSON, in the template's form where there is one."""
    if is_thin:
        return Rendered(body=_as_bytes(thin(fact)))
    for document in (full(fact), _cut(full(fact)), {**thin(fact), "truncated": True}):
        body = _as_bytes(fill_template(template, flat(document)) if template else document)
        if len(body) <= LIMIT:
            return Rendered(body=body)
    return Rendered(body=_as_bytes({**thin(fact), "truncated": True}))  # a template that is too long by itself


def thin(fact: Fact) -> dict[str, Any]:
    """The message with ids alone."""
    data: dict[str, Any] = {"call": {"id": str(fact.call_id)} if fact.call_id else None}
    if fact.event_type in _RECORDING:
        data["recording"] = {"id": fact.data.get("recording")}
    return _envelope(fact, data)


def full(fact: Fact) -> dict[str, Any]:
    """The message with the call as it is when the message is made."""
    document = thin(fact)
    data = document["data"]
    if fact.call is not None:
        data["call"] = _call(fact.call)
    if fact.event_type == WebhookEvent.CALL_UPDATED and "changed" in fact.data:
        data["changed"] = sorted({_NAMES.get(name, name) for name in fact.data["changed"]})
    if fact.event_type == WebhookEvent.CALL_INTERACTION:
        data["interaction"] = {"summary": fact.summary, "description": fact.data.get("description", "")}
    if fact.event_type == WebhookEvent.RECORDING_REMOVED:
        data["recording"]["reason"] = fact.data.get("reason")
    return document


def flat(document: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Every value of a document by its path."""
    found: dict[str, Any] = {}
    for name, value in document.items():
        found[path + name] = value
        if isinstance(value, dict):
            found |= flat(value, f"{path}{name}.")
    return found


def _envelope(fact: Fact, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": str(fact.event_type),
        "timestamp": moment(fact.happened_at),
        "tenant": fact.tenant.slug,
        "sequence": fact.sequence,
        "data": data,
    }


def _call(call: Call) -> dict[str, Any]:
    """The call in the words of our API; what is long or rarely wanted is left for the receiver to fetch."""
    texts = ("source", "external_id", "direction", "type", "state", "disposition", "disposition_detail")
    moments = ("started_at", "answered_at", "ended_at")
    lengths = ("duration", "ring", "talk", "hold", "transfer", "work")
    people = ("contact", "company", "agent", "center", "line")
    life = life_of(call)
    return {
        "id": str(call.pk),
        "version": call.version,
        **{name: str(getattr(call, name)) for name in texts},
        **{name: moment(getattr(call, name)) for name in moments},
        **{name: seconds(getattr(call, f"{name}_ms")) for name in lengths},
        "caller": _party(life.caller),
        "callee": _party(life.callee),
        "remote": _party(life.remote),
        "withheld": call.is_withheld,
        **{name: str(key) if (key := getattr(call, f"{name}_id")) else None for name in people},
        "agent_name": call.agent_name,
        "match": {"state": str(call.match_state), "rule": call.match_rule},
        "notes": call.notes,
        "outcome": call.outcome,
        "tags": sorted(tag.name for tag in call.tags.all()),
        "flagged": call.is_flagged,
        "flag_notes": call.flag_notes,
        "has_recording": life.has_recording,
        "recording_url": life.recording_url,
        "verified": call.is_verified,
    }


def _party(party: Party) -> dict[str, Any]:
    return {"number": party.number, "e164": party.e164 or None, "name": party.name}


def _cut(document: dict[str, Any]) -> dict[str, Any]:
    return {**_mapped(document, _shortened), "truncated": True}


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= CUT_TO else value[: CUT_TO - 1] + "…"
    return value[:MOST_TAGS] if isinstance(value, list) else value


def _mapped(document: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    def pairs() -> Iterator[tuple[str, Any]]:
        for name, value in document.items():
            yield name, _mapped(value, change) if isinstance(value, dict) else change(value)

    return dict(pairs())


def _as_bytes(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
