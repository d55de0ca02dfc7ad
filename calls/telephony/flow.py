"""What is to be done for an order, from what is known of it. Pure, and judged by the state alone: never by which event came.

So a step that failed half-way, or was lost with a crash, comes out again the next time somebody looks. A call has a near
party (the source that was chosen) and a far one (the destination, or whom the call was transferred to).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from calls.choices import LegRole
from calls.telephony.book import DESTINATION, Known, Leg, role_of
from calls.telephony.disposition import ANSWERED, CANCELLED, Outcome, failed, of_several

_BROKEN_OFF = failed(503)


class Do(StrEnum):
    """The steps. Each may be taken twice without harm; dialling is guarded by the book."""

    CHOOSE = "choose"  # this source picked up first
    DIAL = "dial"
    DROP = "drop"
    PLAY = "play"
    CONNECT = "connect"
    FINISH = "finish"


@dataclass(frozen=True)
class Step:
    """One thing to do, with the leg it is about."""

    do: Do
    leg: str = ""


@dataclass(frozen=True)
class Parties:
    """Who is to talk with whom; empty when not settled yet (or, for an announcement, when there is no such party)."""

    near: str
    far: str


def next_steps(known: Known) -> tuple[Step, ...]:
    """What is to be done now; nothing when the call waits for a telephone."""
    if known.over_at is not None:
        return ()
    drops = tuple(Step(Do.DROP, leg) for leg in sorted(unwanted(known)))
    if is_finished(known):
        return (Step(Do.FINISH),)
    if is_ending(known):
        return drops
    if known.order.sources and not known.chosen:
        return tuple(Step(Do.CHOOSE, leg) for leg in _picked_up(known)[:1])
    return drops + _towards_talking(known)


def parties(known: Known) -> Parties:
    """Near and far party after all transfers."""
    near, far = known.chosen, DESTINATION
    for name in sorted((name for name in known.legs if role_of(name) == LegRole.TRANSFER), key=lambda name: int(name[1:])):
        near, far = (far if known.legs[name].instead_of == near else near), name
    return Parties(near, far)


def unwanted(known: Known) -> frozenset[str]:
    """Open legs that have no place in the call any more."""
    still_open = frozenset(name for name, leg in known.legs.items() if leg.is_open)
    if is_ending(known) or known.over_at is not None:
        return still_open
    if known.order.sources and not known.chosen:
        return frozenset()
    wanted = parties(known)
    return still_open - {wanted.near, wanted.far}


def is_ending(known: Known) -> bool:
    """Whether the call goes nowhere from here: cancelled, or a party left, or the announcement is made."""
    if known.is_cancelled:
        return True
    if known.order.sources and not known.chosen:
        return _all_sources_ended(known)
    wanted = parties(known)
    if any(name in known.legs and not known.legs[name].is_open for name in (wanted.near, wanted.far)):
        return True
    return not known.order.sources and known.message_played_at is not None


def is_finished(known: Known) -> bool:
    """Whether the call is ending and nobody is left in it."""
    return is_ending(known) and not any(leg.is_open for leg in known.legs.values())


def outcome_of(known: Known) -> Outcome:
    """How a finished call came out."""
    destination = known.legs.get(DESTINATION)
    if destination is not None and destination.answered_at is not None:
        return ANSWERED
    if known.is_cancelled:
        return CANCELLED
    if destination is not None and destination.outcome is not None:
        return destination.outcome  # dropped, where the source gave up while it rang: cancelled
    if known.chosen:
        return CANCELLED  # the source hung up before the destination was dialled
    return of_several(_BROKEN_OFF if _was_cut_off(leg) else leg.outcome for leg in known.legs.values() if leg.outcome)


def billable_ms(known: Known) -> int:
    """From the destination's answer to the end of the last party who talked with us on its side.

    A source that left ended the talk, though the other side may have waited on for somebody to hang it up.
    """
    destination = known.legs.get(DESTINATION)
    if destination is None or destination.answered_at is None:
        return 0
    ends = [
        leg.ended_at
        for name, leg in known.legs.items()
        if role_of(name) != LegRole.SOURCE and leg.answered_at is not None and leg.ended_at is not None
    ]
    near = known.legs.get(parties(known).near)
    if near is not None and near.ended_at is not None and role_of(parties(known).near) == LegRole.SOURCE:
        ends = [min(end, max(near.ended_at, destination.answered_at)) for end in ends]
    return round((max(ends) - destination.answered_at).total_seconds() * 1000) if ends else 0


def ended_at(known: Known) -> datetime | None:
    """When the last leg ended; None when none was ever dialled."""
    return max((leg.ended_at for leg in known.legs.values() if leg.ended_at), default=None)


def _was_cut_off(leg: Leg) -> bool:
    """Whether somebody picked up while nobody listened to the exchange, which then hangs up."""
    return leg.answered_at is not None and not leg.is_in_hand


def _towards_talking(known: Known) -> tuple[Step, ...]:
    wanted = parties(known)
    far = known.legs.get(wanted.far)
    if far is None:
        return (Step(Do.DIAL, wanted.far),) if wanted.far == DESTINATION else ()
    if not far.is_in_hand or far.connected_at is not None:
        return ()
    if wanted.far == DESTINATION and known.order.message and known.message_played_at is None:
        return (Step(Do.PLAY, wanted.far),) if known.message_started_at is None else ()
    return (Step(Do.CONNECT, wanted.far),) if wanted.near else ()


def _picked_up(known: Known) -> list[str]:
    """Open sources that were answered and are ours, the earliest first."""
    found = [(leg.answered_at, name) for name, leg in known.legs.items() if leg.is_open and leg.is_in_hand and leg.answered_at]
    return [name for _, name in sorted(found)]


def _all_sources_ended(known: Known) -> bool:
    names = [f"s{index}" for index in range(len(known.order.sources))]
    return all(name in known.legs and not known.legs[name].is_open for name in names)
