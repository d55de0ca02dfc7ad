"""A call's life, as every reader asks for it: its direction, parties, answer and interactions.

The log holds what each source said (``calls.models``). The vendors' APIs, our own and the webhooks
ask ``life_of`` and write the answer in their own words and types; none of them decides it again.
``GOES_OUT`` and ``outside_on`` are the same rules for queries.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from django.db.models import Exists, F, OuterRef, Prefetch, Q, prefetch_related_objects

from calls.choices import Direction, Disposition, EventKind, LegRole, State
from calls.models import Call, CallEvent, CallLeg
from calls.models.call import CallQuerySet

CALLER, CALLEE = "caller", "callee"
_OTHER = {CALLER: CALLEE, CALLEE: CALLER}
_OUTGOING = (Direction.OUTBOUND, Direction.INTERNAL)
_ROLES = {"s": LegRole.SOURCE, "d": LegRole.DESTINATION, "t": LegRole.TRANSFER}

# Calls that leave by a line: outgoing, internal, and undirected ones to an outside party.
GOES_OUT = Q(direction__in=_OUTGOING) | (
    Q(direction=Direction.UNKNOWN, callee_raw=F("remote_raw"))
    & ~Q(callee_raw="")
    & ~Q(caller_raw=F("remote_raw"))  # the same on both sides says nothing
)


class Happening(StrEnum):
    """What an exchange reports of a call."""

    RINGING = "ringing"
    ANSWERED = "answered"
    HELD = "held"
    RESUMED = "resumed"
    TRANSFERRED = "transferred"
    ENDED = "ended"


# What the events of a call's progress say (``Kind`` of calls.telephony, ``State``).
_HAPPENINGS = {
    "ringing": Happening.RINGING,
    "answered": Happening.ANSWERED,
    "in_progress": Happening.ANSWERED,
    "held": Happening.HELD,
    "resumed": Happening.RESUMED,
    "over": Happening.ENDED,
}


@dataclass(frozen=True, kw_only=True)
class Party:
    """One side of a call: its number as received, in E.164 where it has one, and the name given."""

    number: str = ""
    e164: str = ""
    name: str = ""

    @property
    def international(self) -> str:
        """The number in E.164, else as it was received."""
        return self.e164 or self.number

    def or_else(self, other: Party) -> Party:
        """This party, with number and name of another where they are missing."""
        numbered = self if self.number else other
        return Party(number=numbered.number, e164=numbered.e164, name=self.name or other.name)


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """Something that happened in a call: ``what`` an exchange reports, or a source's own words."""

    at: datetime
    what: Happening | None = None
    summary: str = ""
    description: str = ""  # an exchange's: the number it is about


@dataclass(frozen=True)
class Life:
    """One call's life. Legs and interactions are read when asked for; lists use ``fetched``."""

    call: Call

    @property
    def goes_out(self) -> bool:
        """Whether it leaves by a line of the tenant's: the rule of ``GOES_OUT``."""
        if self.call.direction != Direction.UNKNOWN:
            return self.call.direction in _OUTGOING
        is_called = bool(self.call.callee_raw) and self.call.callee_raw == self.call.remote_raw
        return is_called and self.call.caller_raw != self.call.remote_raw

    @property
    def outside(self) -> str:
        """The side that is outside the tenant."""
        return CALLEE if self.goes_out else CALLER

    @property
    def remote(self) -> Party:
        """The party outside the tenant."""
        call = self.call
        return Party(number=call.remote_raw, e164=call.remote_e164, name=call.remote_name)

    @property
    def caller(self) -> Party:
        """Who called; also the only party of an undirected call."""
        return self._sides[CALLER]

    @property
    def callee(self) -> Party:
        """Who was called."""
        return self._sides[CALLEE]

    @property
    def caller_name(self) -> str:
        """The caller's name; the contact's where none was given."""
        return self._name_of(CALLER)

    @property
    def callee_name(self) -> str:
        """The name of who was called; the contact's where none was given."""
        return self._name_of(CALLEE)

    @property
    def answered_by(self) -> str:
        """The agent who took the call; empty for a missed call and a voicemail."""
        call = self.call
        is_open = call.disposition == Disposition.UNKNOWN
        is_taken = is_open and (call.answered_at is not None or call.state == State.IN_PROGRESS)
        if not is_taken and call.disposition != Disposition.ANSWERED:
            return ""
        return call.agent.name if call.agent else call.agent_name

    @property
    def has_recording(self) -> bool:
        """Whether there is something to listen to, here or elsewhere."""
        return self.call.has_recording

    @property
    def recording_url(self) -> str:
        """Where audio that is stored elsewhere is found."""
        return self.call.recording_url

    @cached_property
    def legs(self) -> list[CallLeg]:
        """All telephones of the call, in their order."""
        return list(self.call.legs.all()) if getattr(self.call, "has_legs", True) else []

    @property
    def transfers(self) -> list[CallLeg]:
        """The telephones it was transferred to, the last one last."""
        return [leg for leg in self.legs if leg.role == LegRole.TRANSFER]

    @property
    def interactions(self) -> list[Interaction]:
        """What the source and the exchange reported of it, the first thing first."""
        found = [
            *map(self._interaction, _happenings_of(self.call)),
            *map(_transferred, self.transfers),
        ]
        return sorted((one for one in found if one is not None), key=lambda one: one.at)

    @cached_property
    def _sides(self) -> dict[str, Party]:
        sides = {CALLER: _party(self.call, CALLER), CALLEE: _party(self.call, CALLEE)}
        inside = _OTHER[self.outside]
        sides[self.outside] = sides[self.outside].or_else(self.remote)
        if not sides[inside].number and self.call.line is not None:
            line = self.call.line
            sides[inside] = sides[inside].or_else(Party(number=line.number, e164=line.e164))
        return sides

    def _name_of(self, side: str) -> str:
        name = self._sides[side].name
        if name or side != self.outside or self.call.contact is None:
            return name
        return self.call.contact.name

    def _interaction(self, event: CallEvent) -> Interaction | None:
        if event.kind == EventKind.INTERACTION:
            description = str(event.data.get("description", ""))
            return Interaction(at=event.happened_at, summary=event.summary, description=description)
        leg = str(event.data.get("leg", ""))
        what = _HAPPENINGS.get(str(event.data.get("what", "")))
        if event.data.get("what") == State.ENDED and not leg:
            what = Happening.ENDED  # with a leg only that telephone left
        if what is None:
            return None
        return Interaction(at=event.happened_at, what=what, description=self._number_of(leg))

    def _number_of(self, leg: str) -> str:
        """A telephone's number by its short name: s0 … sources, d destination, t0 … transfers."""
        role, place = _ROLES.get(leg[:1]), leg[1:] or "0"
        of_role = [each for each in self.legs if each.role == role]
        if not place.isdecimal() or int(place) >= len(of_role):
            return ""
        return of_role[int(place)].number_e164 or of_role[int(place)].number_raw


def life_of(call: Call) -> Life:
    """The call's life."""
    return Life(call)


def outside_on(side: str) -> Q:
    """Calls whose outside party stands on this side, ``caller`` or ``callee``."""
    return GOES_OUT if side == CALLEE else ~GOES_OUT


def with_life(calls: CallQuerySet) -> CallQuerySet:
    """The calls with what happened to them, for ``fetched``: one query more for any number."""
    kinds = (EventKind.INTERACTION, EventKind.PROGRESSED)
    events = CallEvent.objects.filter(kind__in=kinds).order_by("happened_at", "id")
    has_legs = Exists(CallLeg.objects.filter(call=OuterRef("pk")))
    happenings = Prefetch("events", queryset=events, to_attr="happenings")
    return calls.annotate(has_legs=has_legs).prefetch_related(happenings)


def fetched(calls: Iterable[Call]) -> list[Call]:
    """The rows of ``with_life``; where any has legs, those of all in one query more."""
    rows = list(calls)
    with_legs = [call for call in rows if call.has_legs]  # type: ignore[attr-defined]
    prefetch_related_objects(with_legs, "legs")
    return rows


def seconds(length_ms: int | None) -> int | float | None:
    """Milliseconds as seconds: whole ones as an integer."""
    if length_ms is None:
        return None
    return length_ms / 1000 if length_ms % 1000 else length_ms // 1000


def whole_seconds(length_ms: int | None) -> int:
    """Milliseconds as the nearest whole second; 0 where there is no length."""
    return ((length_ms or 0) + 500) // 1000


def begun_seconds(length_ms: int | None) -> int:
    """How many seconds were begun, as vendors bill them."""
    return -(-(length_ms or 0) // 1000)


def _party(call: Call, side: str) -> Party:
    number, e164, name = (getattr(call, f"{side}_{part}") for part in ("raw", "e164", "name"))
    return Party(number=number, e164=e164, name=name)


def _happenings_of(call: Call) -> list[CallEvent]:
    fetched_before: list[CallEvent] | None = getattr(call, "happenings", None)
    return list(call.events.all()) if fetched_before is None else fetched_before


def _transferred(leg: CallLeg) -> Interaction | None:
    if leg.started_at is None:
        return None
    number = leg.number_e164 or leg.number_raw or leg.name
    return Interaction(at=leg.started_at, what=Happening.TRANSFERRED, description=number)
