"""Ids at Asterisk, all ours derived from the order's: an event finds its order, a repeated request makes nothing twice."""

from __future__ import annotations

import re
from uuid import UUID

from calls.telephony.book import Known

_CHANNEL = re.compile(r"ch([0-9a-f]{32})\.([sdt][0-9]*)")
_BRIDGE = re.compile(r"ch([0-9a-f]{32})")
_OWN_RECORDING = re.compile(r"callhub-([0-9A-Za-z][0-9A-Za-z_.-]{0,149})")
_PLAYBACK = re.compile(r"ch([0-9a-f]{32})\.message")


def bridge_of(order_id: UUID) -> str:
    """The bridge in which the parties talk; also the recording's name."""
    return f"ch{order_id.hex}"


def channel_of(order_id: UUID, leg: str) -> str:
    """The leg's channel."""
    return f"ch{order_id.hex}.{leg}"


def channel_in(known: Known, leg: str) -> str:
    """The leg's channel, also where a telephone brought in one that has a name of Asterisk's own."""
    found = known.legs.get(leg)
    return found.channel if found and found.channel else channel_of(known.order.id, leg)


def playback_of(order_id: UUID) -> str:
    """The playing of the message."""
    return f"ch{order_id.hex}.message"


def read_channel(channel: str) -> tuple[UUID, str] | None:
    """Order and leg of a channel of ours, None for any other."""
    found = _CHANNEL.fullmatch(channel)
    return (UUID(found[1]), found[2]) if found else None


def read_bridge(bridge: str) -> UUID | None:
    """The order of a bridge or recording of ours, None for any other."""
    found = _BRIDGE.fullmatch(bridge)
    return UUID(found[1]) if found else None


def read_playback(playback: str) -> UUID | None:
    """The order whose message it is, None for any other."""
    found = _PLAYBACK.fullmatch(playback)
    return UUID(found[1]) if found else None


def read_own_recording(recording: str) -> str | None:
    """The exchange's own call whose recording it is, as its dialplan has to name it; None for any other, and never a path."""
    found = _OWN_RECORDING.fullmatch(recording)
    return found[1] if found else None
