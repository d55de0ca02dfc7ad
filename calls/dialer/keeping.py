"""Orders, and what is known of them, as the JSON that an origination keeps. Pure."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from calls.choices import Disposition
from calls.telephony.base import CallerId, Endpoint, EndpointKind, Message, Order
from calls.telephony.book import Known, Leg
from calls.telephony.disposition import Outcome

_MOMENTS = ("dialled_at", "ringing_at", "answered_at", "connected_at", "ended_at")
_PLAIN = ("is_in_hand", "is_holding", "cause", "sip_status", "instead_of", "channel")
_CALL_MOMENTS = ("message_started_at", "message_played_at", "over_at")
_CALL_PLAIN = ("chosen", "is_cancelled", "is_held", "recording", "billable_ms")


def order_as_json(order: Order) -> dict[str, Any]:
    """What the exchange is asked; its id is the row's."""
    return {
        "sources": [_endpoint_as_json(source) for source in order.sources],
        "destination": _endpoint_as_json(order.destination),
        "shown_to_sources": [order.shown_to_sources.number, order.shown_to_sources.name],
        "shown_to_destination": [order.shown_to_destination.number, order.shown_to_destination.name],
        "wait_for_pickup_s": order.wait_for_pickup_s,
        "max_duration_s": order.max_duration_s,
        "message": [order.message.text, order.message.language] if order.message else None,
        "is_recorded": order.is_recorded,
    }


def order_from_json(order_id: UUID, kept: dict[str, Any]) -> Order:
    """The same order again."""
    message = kept["message"]
    return Order(
        id=order_id,
        sources=tuple(_endpoint(source) for source in kept["sources"]),
        destination=_endpoint(kept["destination"]),
        shown_to_sources=CallerId(number=kept["shown_to_sources"][0], name=kept["shown_to_sources"][1]),
        shown_to_destination=CallerId(number=kept["shown_to_destination"][0], name=kept["shown_to_destination"][1]),
        wait_for_pickup_s=kept["wait_for_pickup_s"],
        max_duration_s=kept["max_duration_s"],
        message=Message(text=message[0], language=message[1]) if message else None,
        is_recorded=kept["is_recorded"],
    )


def known_as_json(known: Known) -> dict[str, Any]:
    """All that was told, but for the order."""
    kept: dict[str, Any] = {"legs": {name: _leg_as_json(leg) for name, leg in known.legs.items()}}
    kept |= {name: getattr(known, name) for name in _CALL_PLAIN}
    kept |= {name: _moment_as_json(getattr(known, name)) for name in _CALL_MOMENTS}
    kept["outcome"] = _outcome_as_json(known.outcome)
    return kept


def known_from_json(order: Order, kept: dict[str, Any]) -> Known:
    """The same knowledge again; of an order nothing was told of, none."""
    if not kept:
        return Known(order=order)
    facts: dict[str, Any] = {name: kept[name] for name in _CALL_PLAIN}
    facts |= {name: _moment(kept[name]) for name in _CALL_MOMENTS}
    legs = MappingProxyType({name: _leg(leg) for name, leg in kept["legs"].items()})
    return Known(order=order, legs=legs, outcome=_outcome(kept["outcome"]), **facts)


def _leg_as_json(leg: Leg) -> dict[str, Any]:
    kept = {name: _moment_as_json(getattr(leg, name)) for name in _MOMENTS} | {name: getattr(leg, name) for name in _PLAIN}
    kept |= {"outcome": _outcome_as_json(leg.outcome), "endpoint": leg.endpoint and _endpoint_as_json(leg.endpoint)}
    return {name: value for name, value in kept.items() if value not in (None, "", False)}


def _leg(kept: dict[str, Any]) -> Leg:
    facts: dict[str, Any] = {name: kept[name] for name in _PLAIN if name in kept}
    facts |= {name: _moment(kept[name]) for name in _MOMENTS if name in kept}
    facts["outcome"] = _outcome(kept.get("outcome"))
    facts["endpoint"] = _endpoint(kept["endpoint"]) if kept.get("endpoint") else None
    return Leg(**facts)


def _endpoint_as_json(endpoint: Endpoint) -> list[str]:
    return [str(endpoint.kind), endpoint.digits]


def _endpoint(kept: list[str]) -> Endpoint:
    return Endpoint(kind=EndpointKind(kept[0]), digits=kept[1])


def _outcome_as_json(outcome: Outcome | None) -> list[str] | None:
    return [str(outcome.disposition), outcome.detail] if outcome else None


def _outcome(kept: list[str] | None) -> Outcome | None:
    return Outcome(Disposition(kept[0]), kept[1]) if kept else None


def _moment_as_json(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None
