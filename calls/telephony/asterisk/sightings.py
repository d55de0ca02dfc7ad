"""What was seen of a call that the exchange made or took on its own. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from calls.choices import Direction
from calls.telephony.disposition import Outcome

DIALLED_APPS = ("AppDial", "AppDial2")  # what a channel "runs" that was rung and did not come in
NO_REASON = (None, 0, 16, 127)  # causes of a leg that the exchange itself hung up: the dial's status says why


@dataclass(frozen=True, kw_only=True)
class WatchedLeg:
    """One telephone that the exchange rang."""

    id: str
    number: str
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    is_outside: bool = False  # behind a trunk


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A telephone put the other side on hold, or took it back."""

    channel: str
    at: datetime
    is_over: bool = False


@dataclass(frozen=True, kw_only=True)
class WatchedCall:
    """A call as far as it has come. ``id`` is Asterisk's own, unique over restarts."""

    id: str
    direction: Direction
    caller_number: str
    caller_name: str
    called_number: str
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    legs: tuple[WatchedLeg, ...] = ()
    holds: tuple[Hold, ...] = ()

    @property
    def billable_ms(self) -> int:
        """From the first answer to the end."""
        if self.answered_at is None or self.ended_at is None:
            return 0
        return round((self.ended_at - self.answered_at).total_seconds() * 1000)

    def leg(self, leg_id: str) -> WatchedLeg | None:
        """The leg of that channel."""
        return next((leg for leg in self.legs if leg.id == leg_id), None)

    def with_leg(self, leg: WatchedLeg) -> WatchedCall:
        """With one leg more, and the direction it gives the call."""
        direction = self.direction
        if direction is not Direction.INBOUND:
            is_out = leg.is_outside or direction is Direction.OUTBOUND
            direction = Direction.OUTBOUND if is_out else Direction.INTERNAL
        return replace(self, legs=(*self.legs, leg), direction=direction)

    def with_change(self, leg_id: str, **changes: Any) -> WatchedCall:
        """With something new of a leg."""
        return replace(self, legs=tuple(replace(leg, **changes) if leg.id == leg_id else leg for leg in self.legs))


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where to read a journal on: the file, however it is called by now, and the byte."""

    file_id: str
    offset: int


class Archive(Protocol):
    """What outlives a watcher; the dialer writes it over the database."""

    def report(self, call: WatchedCall) -> None:
        """Keep how far the call has come; told again, or what is older than what is known, changes nothing."""

    def open_calls(self) -> list[WatchedCall]:
        """The calls that were reported and have not ended."""

    def load_place(self) -> Place | None:
        """Where the journal was read to; None when it never was."""

    def keep_place(self, place: Place) -> None:
        """The journal need not be read before this place any more."""


def linked_id(channel: Mapping[str, Any]) -> str:
    """The channel with which the call began; empty where ``channelvars`` of ``ari.conf`` does not have it."""
    return str((channel.get("channelvars") or {}).get("CHANNEL(linkedid)") or "")
