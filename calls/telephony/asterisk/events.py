"""From Asterisk's events to facts about orders. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from calls.telephony import flow
from calls.telephony.asterisk import names
from calls.telephony.base import Endpoint, EndpointKind
from calls.telephony.book import Kind, Known, Progress
from calls.telephony.disposition import of_leg

WANTED = (
    "StasisStart",
    "ChannelCreated",
    "ChannelStateChange",
    "ChannelDestroyed",
    "ChannelHold",
    "ChannelUnhold",
    "PlaybackFinished",
    "RecordingFinished",
)
SLACK_S = 0.25  # a time-out of ringing may fire that much early
Event = Mapping[str, Any]


def order_of(event: Event) -> tuple[Any, str] | None:
    """Order and leg (empty for the whole call) the event is about, None when it is about none of ours."""
    if channel := event.get("channel"):
        return names.read_channel(channel["id"])
    if playback := event.get("playback"):
        order_id = names.read_playback(playback["id"])
        return (order_id, "") if order_id else None
    if recording := event.get("recording"):
        order_id = names.read_bridge(recording["name"])
        return (order_id, "") if order_id else None
    return None


def read(known: Known, leg: str, event: Event) -> Progress | None:
    """The fact in the event, None when it says nothing we keep."""
    about: dict[str, Any] = {"order_id": known.order.id, "leg": leg, "at": moment(event["timestamp"])}
    match event["type"], (event.get("channel") or {}).get("state"):
        case "StasisStart", _:
            return Progress(kind=Kind.IN_HAND, **about)
        case "ChannelStateChange", "Ringing":
            return Progress(kind=Kind.RINGING, **about)
        case "ChannelStateChange", "Up":
            return Progress(kind=Kind.ANSWERED, **about)
        case "ChannelDestroyed", _:
            return _end(known, leg, event)
        case "ChannelHold", _:
            return Progress(kind=Kind.HELD, **about)
        case "ChannelUnhold", _:
            return Progress(kind=Kind.RESUMED, **about)
        case "PlaybackFinished", _:
            return Progress(kind=Kind.MESSAGE_PLAYED, **about)
        case "RecordingFinished", _:
            return Progress(kind=Kind.RECORDED, recording=event["recording"]["name"], **about)
    return None


def endpoint_of(channel: Mapping[str, Any]) -> Endpoint | None:
    """Whom a channel stands for that a transfer brought in: what was dialled, else who was reached; None for neither."""
    for digits in (channel["dialplan"]["exten"], channel["caller"]["number"]):
        for kind in (EndpointKind.NUMBER, EndpointKind.EXTENSION):
            with suppress(ValueError):
                return Endpoint(kind=kind, digits=digits)
    return None


def moment(text: str) -> datetime:
    """A time as Asterisk writes it: by its own clock, with its offset."""
    return datetime.fromisoformat(text).astimezone(UTC)


def ended(known: Known, name: str, at: datetime, cause: int | None, sip_status: int | None, *, rang_s: float) -> Progress:
    """That the leg ended, with what that means."""
    leg = known.legs[name]
    outcome = of_leg(
        answered=leg.answered_at is not None,
        cause=cause,
        sip_status=sip_status,
        dropped=name in flow.unwanted(known),
        waited_out=rang_s >= known.order.wait_for_pickup_s - SLACK_S,
    )
    return Progress(
        order_id=known.order.id, kind=Kind.ENDED, leg=name, at=at, cause=cause, sip_status=sip_status, outcome=outcome
    )


def _end(known: Known, name: str, event: Event) -> Progress | None:
    if name not in known.legs:
        return None
    at = moment(event["timestamp"])
    rang_s = (at - moment(event["channel"]["creationtime"])).total_seconds()
    return ended(known, name, at, event.get("cause"), event.get("tech_cause"), rang_s=rang_s)
