"""A call that waits for its audio: its draft as JSON and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from calls.choices import Direction, Disposition, LegRole, Source, State
from calls.drafts import CallDraft, InteractionDraft, LegDraft, PartyDraft
from contacts.matching import AgentHint, ContactHint


def draft_as_json(draft: CallDraft) -> dict[str, Any]:
    """What the draft tells, as JSON; what it leaves at its default is left out."""
    empty = CallDraft(source=draft.source, started_at=draft.started_at)
    told = {name: value for name, value in vars(draft).items() if value != getattr(empty, name)}
    return {name: _plain(value) for name, value in {**told, "source": draft.source, "started_at": draft.started_at}.items()}


def draft_from_json(told: Mapping[str, Any]) -> CallDraft:
    """The draft that was put away; a fact this version does not know is left out."""
    known = {field.name for field in dataclasses.fields(CallDraft)}
    facts = {name: value for name, value in told.items() if name in known}
    return CallDraft(**_read(facts, _READERS))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if dataclasses.is_dataclass(value):
        return {name: _plain(item) for name, item in vars(value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _read(facts: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    return {name: readers[name](value) if name in readers and value is not None else value for name, value in facts.items()}


def _party(facts: Mapping[str, str]) -> PartyDraft:
    return PartyDraft(**facts)


def _legs(rows: list[Mapping[str, Any]]) -> tuple[LegDraft, ...]:
    readers: dict[str, Callable[[Any], Any]] = {"role": LegRole, "party": _party, "disposition": Disposition, **_TIMES}
    return tuple(LegDraft(**_read(row, readers)) for row in rows)


def _interactions(rows: list[Mapping[str, Any]]) -> tuple[InteractionDraft, ...]:
    return tuple(InteractionDraft(**_read(row, _TIMES)) for row in rows)


_TIMES = dict.fromkeys(("started_at", "answered_at", "ended_at", "happened_at"), datetime.fromisoformat)
_READERS: dict[str, Callable[[Any], Any]] = {
    **_TIMES,
    "source": Source,
    "direction": Direction,
    "disposition": Disposition,
    "begun": State,
    "caller": _party,
    "callee": _party,
    "remote": _party,
    "contact": lambda facts: ContactHint(**facts),
    "agent": lambda facts: AgentHint(**facts),
    "tags": tuple,
    "completed_forms": tuple,
    "legs": _legs,
    "interactions": _interactions,
}
