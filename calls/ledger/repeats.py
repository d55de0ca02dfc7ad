"""Repeats: the facts a call was first reported with, and whether another report is of the same call.

A sender that lost the answer sends again, and what it reads back from a file or another clock is
seldom the same to the letter. The name of a party, the spelling of a number and times rounded to
the second make no other call.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from calls.drafts import CallDraft, PartyDraft
from contacts.phone import is_same, read_number
from tenants.place import Place

_PARTIES = ("caller", "callee", "remote")
_TIMES = ("started_at", "answered_at", "ended_at")
_FACTS = ("direction", "disposition", *_TIMES, "duration_ms", *_PARTIES)
_ROUNDING = timedelta(seconds=1)


def facts_of(draft: CallDraft) -> dict[str, Any]:
    """The facts of a draft that a repeat is compared by, as JSON; facts it lacks are left out."""
    facts = {name: _as_json(getattr(draft, name)) for name in _FACTS}
    return {name: value for name, value in facts.items() if value is not None}


def differing(first: Mapping[str, Any], again: Mapping[str, Any], place: Place) -> list[str]:
    """The names of the facts that cannot be of one call."""
    return [name for name in _FACTS if not _is_same(name, first.get(name), again.get(name), place)]


def _is_same(name: str, first: Any, again: Any, place: Place) -> bool:
    if name in _PARTIES:
        return _is_same_party(first, again, place)
    if first == again or first is None or again is None:
        return bool(first == again)
    if name in _TIMES:
        return abs(datetime.fromisoformat(first) - datetime.fromisoformat(again)) < _ROUNDING
    return name == "duration_ms" and abs(timedelta(milliseconds=first - again)) < _ROUNDING


def _is_same_party(first: Any, again: Any, place: Place) -> bool:
    texts = [str((party or {}).get("number") or "").strip() for party in (first, again)]
    one, other = (read_number(text, place) for text in texts)
    return texts[0].casefold() == texts[1].casefold() or is_same(one, other)


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, PartyDraft):
        return dataclasses.asdict(value) if value else None
    return value
