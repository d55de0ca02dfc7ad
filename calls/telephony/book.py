"""What is known of an order while it is carried out, and how each fact changes it. Pure: no exchange, no database.

A ``Book`` keeps one ``Known`` per order. ``apply`` is the only rule of change; it ignores what is old, repeated or too late,
so facts may come twice and in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol
from uuid import UUID

from calls.choices import LegRole
from calls.telephony.base import Endpoint, Order
from calls.telephony.disposition import Outcome

DESTINATION = "d"


class Kind(StrEnum):
    """What can be told of an order. Those of a leg name it; the rest are about the whole call."""

    DIALLING = "dialling"  # of a leg: about to be dialled; whoever is told this was news dials it, nobody else does
    RINGING = "ringing"
    ANSWERED = "answered"
    IN_HAND = "in_hand"  # answered, and waiting for what we do with it
    CHOSEN = "chosen"  # this source is the one that is connected
    CONNECTED = "connected"  # talking with the near party
    REPLACED = "replaced"  # of a new leg: a telephone's transfer key put it in the place of another
    ENDED = "ended"
    CANCELLED = "cancelled"  # somebody asked for the end
    MESSAGE_STARTED = "message_started"
    MESSAGE_PLAYED = "message_played"
    HELD = "held"  # with a leg: by that telephone; without: by us
    RESUMED = "resumed"
    RECORDED = "recorded"  # the recording is complete and can be fetched
    OVER = "over"  # the whole call: outcome and billable time


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One fact about an order, as the exchange told it or as we decided it. Times are the exchange's own."""

    order_id: UUID
    kind: Kind
    at: datetime
    leg: str = ""  # s0, s1 … the sources in their order, d the destination, t0, t1 … transfers
    cause: int | None = None  # Q.850
    sip_status: int | None = None
    outcome: Outcome | None = None  # with ENDED and OVER
    billable_ms: int = 0  # with OVER
    endpoint: Endpoint | None = None  # with DIALLING of a transfer: where to; with REPLACED where the exchange says it
    instead_of: str = ""  # with DIALLING of a transfer and REPLACED: the leg that leaves
    channel: str = ""  # with REPLACED: its name at the exchange, which is not ours to choose
    recording: str = ""  # with RECORDED


@dataclass(frozen=True, kw_only=True)
class Leg:
    """One telephone of an order."""

    dialled_at: datetime
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    is_in_hand: bool = False
    is_holding: bool = False  # its telephone has put the other side on hold
    connected_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    cause: int | None = None
    sip_status: int | None = None
    endpoint: Endpoint | None = None
    instead_of: str = ""
    channel: str = ""  # its name at the exchange, where a telephone brought it in

    @property
    def is_open(self) -> bool:
        """Whether it rings or talks, as far as we know."""
        return self.ended_at is None


@dataclass(frozen=True, kw_only=True)
class Known:
    """All that is known of an order. A leg that is not in ``legs`` was never dialled."""

    order: Order
    legs: Mapping[str, Leg] = field(default_factory=lambda: MappingProxyType({}))
    chosen: str = ""
    is_cancelled: bool = False
    message_started_at: datetime | None = None
    message_played_at: datetime | None = None
    is_held: bool = False
    recording: str = ""
    over_at: datetime | None = None
    outcome: Outcome | None = None
    billable_ms: int = 0

    def endpoint_of(self, leg: str) -> Endpoint:
        """The telephone the leg stands for."""
        if leg == DESTINATION:
            return self.order.destination
        if role_of(leg) == LegRole.SOURCE:
            return self.order.sources[int(leg[1:])]
        endpoint = self.legs[leg].endpoint
        assert endpoint is not None, "a transfer is dialled with its end point"
        return endpoint


class Book(Protocol):
    """Where orders are kept; the dialer writes it over the database, tests in memory."""

    def load(self, order_id: UUID) -> Known | None:
        """What is known; None for an order that is not ours."""

    def open_orders(self) -> Iterable[UUID]:
        """The orders of this exchange that are not over."""

    def tell(self, progress: Progress) -> bool:
        """``apply`` it and keep the result, both in one transaction with the order locked; whether it was news."""


def role_of(leg: str) -> LegRole:
    """What part of the call the leg's name says it is."""
    return {"s": LegRole.SOURCE, "d": LegRole.DESTINATION, "t": LegRole.TRANSFER}[leg[0]]


def apply(known: Known, progress: Progress) -> Known:
    """What is known after this fact; the very same object when it is no news."""
    if known.over_at is not None:
        return _after_the_end(known, progress)
    if progress.leg:
        return _apply_to_leg(known, progress)
    return _apply_to_call(known, progress)


def _after_the_end(known: Known, progress: Progress) -> Known:
    if progress.kind is Kind.RECORDED and not known.recording:
        return replace(known, recording=progress.recording)
    return known


def _apply_to_call(known: Known, progress: Progress) -> Known:
    changes: dict[str, Any] = {}
    match progress.kind:
        case Kind.CANCELLED if not known.is_cancelled:
            changes = {"is_cancelled": True}
        case Kind.MESSAGE_STARTED if known.message_started_at is None:
            changes = {"message_started_at": progress.at}
        case Kind.MESSAGE_PLAYED if known.message_played_at is None:
            changes = {"message_played_at": progress.at, "message_started_at": known.message_started_at or progress.at}
        case Kind.HELD if not known.is_held:
            changes = {"is_held": True}
        case Kind.RESUMED if known.is_held:
            changes = {"is_held": False}
        case Kind.RECORDED if not known.recording:
            changes = {"recording": progress.recording}
        case Kind.OVER:
            changes = {"over_at": progress.at, "outcome": progress.outcome, "billable_ms": progress.billable_ms}
    return replace(known, **changes) if changes else known


def _apply_to_leg(known: Known, progress: Progress) -> Known:
    leg = known.legs.get(progress.leg)
    if leg is None:
        is_replaced = progress.kind is Kind.REPLACED
        if not is_replaced and (progress.kind is not Kind.DIALLING or known.is_cancelled):
            return known  # never dialled, so nothing can happen to it; and nothing is dialled after a hang-up
        new = Leg(dialled_at=progress.at, endpoint=progress.endpoint, instead_of=progress.instead_of)
        if is_replaced:  # it is in the other one's place already
            new = replace(new, channel=progress.channel, is_in_hand=True, connected_at=progress.at)
        held = known.is_held and not progress.instead_of
        return replace(known, legs=_with(known, progress.leg, new), is_held=held)
    if not leg.is_open:
        return known
    if progress.kind is Kind.CHOSEN:
        return known if known.chosen else replace(known, chosen=progress.leg)
    changes = _changes_of_leg(leg, progress)
    return replace(known, legs=_with(known, progress.leg, replace(leg, **changes))) if changes else known


def _changes_of_leg(leg: Leg, progress: Progress) -> dict[str, Any]:
    match progress.kind:
        case Kind.RINGING if leg.ringing_at is None and leg.answered_at is None:
            return {"ringing_at": progress.at}
        case Kind.ANSWERED if leg.answered_at is None:
            return {"answered_at": progress.at}
        case Kind.IN_HAND if not leg.is_in_hand:
            return {"is_in_hand": True, "answered_at": leg.answered_at or progress.at}
        case Kind.HELD | Kind.RESUMED if leg.is_holding != (progress.kind is Kind.HELD):
            return {"is_holding": progress.kind is Kind.HELD}
        case Kind.CONNECTED if leg.connected_at is None:
            return {"connected_at": progress.at}
        case Kind.ENDED:
            ended_at = max(progress.at, leg.answered_at or progress.at)
            return {
                "ended_at": ended_at,
                "outcome": progress.outcome,
                "cause": progress.cause,
                "sip_status": progress.sip_status,
            }
    return {}


def _with(known: Known, name: str, leg: Leg) -> Mapping[str, Leg]:
    return MappingProxyType({**known.legs, name: leg})
