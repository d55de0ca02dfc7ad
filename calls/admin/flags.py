"""The flags of a call as its events tell them: who raised each, when and why, and who solved it, when and how."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from calls.admin import cells
from calls.choices import EventKind
from calls.models import Call, CallEvent


@dataclass(frozen=True, kw_only=True)
class Raised:
    """One flag from its raising to its resolution. Empty words were not told."""

    at: Any
    by: str
    reason: str
    solved_at: Any = ""
    solved_by: str = ""
    resolution: str = ""

    @property
    def is_open(self) -> bool:
        """Whether somebody has yet to solve it."""
        return not self.solved_at


def flags_of(call: Call, events: Iterable[CallEvent]) -> list[Raised]:
    """The flags, newest first. One that came with the call is raised by its door."""
    raised: list[Raised] = []
    changes = [event for event in events if event.kind == EventKind.AMENDED and isinstance(event.data.get("changed"), dict)]
    flips = [event for event in changes if "is_flagged" in event.data["changed"]]
    came_flagged = flips[0].data["changed"]["is_flagged"][0] if flips else call.is_flagged
    reasons = [event.data["changed"]["flag_notes"] for event in changes if "flag_notes" in event.data["changed"]]
    reason = reasons[0][0] if reasons else call.flag_notes
    if came_flagged:
        raised.append(Raised(at=cells.moment(call.created_at), by=call.get_source_display(), reason=reason))
    for event in changes:
        reason = event.data["changed"].get("flag_notes", [None, reason])[1]
        raised = _after(raised, event, reason)
    return raised[::-1]


def _after(raised: list[Raised], event: CallEvent, reason: str) -> list[Raised]:
    changed, who, at = event.data["changed"], str(event.actor or ""), cells.moment(event.happened_at)
    is_open = bool(raised) and raised[-1].is_open
    if changed.get("is_flagged") == [False, True]:
        return [*raised, Raised(at=at, by=who, reason=reason)]
    if changed.get("is_flagged") == [True, False] and is_open:
        told = changed.get("flag_resolution", ["", ""])[1]
        return [*raised[:-1], replace(raised[-1], solved_at=at, solved_by=who, resolution=told)]
    if "flag_notes" in changed and is_open:
        return [*raised[:-1], replace(raised[-1], reason=reason)]
    return raised
