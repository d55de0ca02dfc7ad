"""After a gap in the events, and each minute besides: compare what we know with what there is, and mend it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from calls.telephony import flow
from calls.telephony.asterisk import events, names
from calls.telephony.asterisk.engine import BUSY_SWITCH, Engine, going_on, now
from calls.telephony.asterisk.journal import Journal
from calls.telephony.book import Kind, Known, Leg, Progress
from calls.telephony.disposition import ANSWERED, UNKNOWN, failed

log = logging.getLogger(__name__)

GRACE = timedelta(seconds=15)  # a dial may be on its way that long, in another process
Channels = Mapping[str, Mapping[str, Any]]


class Reconciler:
    """Mends the orders of one engine; keeps the journal's place between two runs."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.book, self.ari = engine, engine.book, engine.ari
        path = engine.switch.journal
        self.journal = Journal(path) if path else None
        self._missing: dict[str, datetime | None] = {}  # channels that were not there the last time, with that run's gap

    def run(self, gap_from: datetime | None = None) -> bool:
        """Mend everything. ``gap_from``: since when nobody listened; a leg that vanished unseen ended then at the latest.

        Whether it has to run again soon: a leg that is gone may have its end on its way, in the events or in the journal, or
        its beginning in another process. Raises ``TelephonyError`` when Asterisk cannot be asked; a later run does all of it.
        """
        open_orders = list(self.book.open_orders())  # before the channels: what is dialled in between is not missed
        channels = {channel["id"]: channel for channel in self.ari.channels()}
        if self.journal:
            self.journal.refresh()
        before, self._missing = self._missing, {}
        bridges = self.ari.bridges()
        members = {bridge["id"]: bridge["channels"] for bridge in bridges}
        self.engine.learn(known for order_id in open_orders if (known := self.book.load(order_id)))
        for order_id in open_orders:
            if known := self.book.load(order_id):
                self._find_transfer(known, channels, members.get(names.bridge_of(order_id), ()))
                self._catch_up(self.book.load(order_id) or known, channels, before, gap_from)
                self.engine.settle(order_id)
        self._clear_channels(channels)
        self._clear_bridges(bridges)
        self._claim_recordings()
        return bool(self._missing)

    def _find_transfer(self, known: Known, channels: Channels, members: Collection[str]) -> None:
        """Somebody in the bridge whom we did not bring has the place of the party that is not in it any more."""
        both = flow.parties(known)
        if both.far not in known.legs or known.legs[both.far].connected_at is None:
            return
        waiting = both.far if known.is_held else ""  # we took it out ourselves
        left = [name for name in (both.near, both.far) if name and names.channel_in(known, name) not in members]
        ours = {names.channel_in(known, name) for name in known.legs}
        strangers = [channel for channel in members if channel in channels and channel not in ours]
        for name, stranger in zip([name for name in left if name != waiting], strangers, strict=False):
            self.engine.replace(known, name, channels[stranger], now())

    def _catch_up(
        self, known: Known, channels: Channels, before: Mapping[str, datetime | None], gap_from: datetime | None
    ) -> None:
        for name, leg in known.legs.items():
            channel_id = names.channel_in(known, name)
            if not leg.is_open:
                continue
            if channel_id in channels:
                self._catch_up_live(known, name, channels[channel_id])
            elif self._has_ended(known, name):
                self._end_vanished(known, name, gap_from)
            elif channel_id in before and (_was_seen(leg) or now() - leg.dialled_at > GRACE):
                self._end_vanished(known, name, before[channel_id])
            else:
                self._missing[channel_id] = before.get(channel_id) or gap_from
        if known.message_started_at and not known.message_played_at:
            self._catch_up_message(known)

    def _catch_up_live(self, known: Known, name: str, channel: Mapping[str, Any]) -> None:
        leg = known.legs[name]
        if channel["state"] == "Ringing" and leg.ringing_at is None:
            self.engine.tell(known.order.id, Kind.RINGING, name)
        if leg.channel and channel["state"] == "Up":
            self.engine.tell(known.order.id, Kind.ANSWERED, name)
        is_ours = channel["state"] == "Up" and channel["dialplan"].get("app_name") == "Stasis"
        if is_ours and not leg.is_in_hand:
            entry = self.journal.of(channel["id"]) if self.journal else None
            at = (entry and entry.answered_at) or now()
            self.book.tell(Progress(order_id=known.order.id, kind=Kind.IN_HAND, leg=name, at=at))

    def _catch_up_message(self, known: Known) -> None:
        if not self.ari.is_playing(names.playback_of(known.order.id)):
            self.engine.tell(known.order.id, Kind.MESSAGE_PLAYED)

    def _has_ended(self, known: Known, name: str) -> bool:
        entry = self.journal.of(names.channel_in(known, name)) if self.journal else None
        return entry is not None and entry.ended_at is not None

    def _end_vanished(self, known: Known, name: str, gap_from: datetime | None) -> None:
        """The journal has the exact moment and the cause; without it the gap is never billed.

        A telephone that was never rung, and one that rang when Asterisk broke down, could not be reached (503).
        """
        order_id, leg = known.order.id, known.legs[name]
        entry = self.journal.of(names.channel_in(known, name)) if self.journal else None
        if entry and entry.answered_at and not leg.answered_at:
            self.book.tell(Progress(order_id=order_id, kind=Kind.ANSWERED, leg=name, at=entry.answered_at))
            known = self.book.load(order_id) or known
        if entry and entry.ended_at:
            since = entry.started_at or leg.dialled_at
            rang_s = (entry.ended_at - since).total_seconds()
            self.book.tell(events.ended(known, name, entry.ended_at, entry.cause, None, rang_s=rang_s))
            return
        leg = known.legs[name]
        if leg.answered_at is not None:
            outcome = ANSWERED
        elif entry or (self.journal and self.journal.is_there and not _was_seen(leg)):
            outcome = failed(BUSY_SWITCH)
        else:
            outcome = UNKNOWN
        at = max(gap_from or now(), _last_sign(leg))
        self.book.tell(Progress(order_id=order_id, kind=Kind.ENDED, leg=name, at=at, outcome=outcome))
        log.warning("order %s: %s vanished, and no journal says how", order_id, name)

    def _claim_recordings(self) -> None:
        """Note the recordings of calls that are over, where nobody heard that they were complete."""
        for name in self.ari.recordings():
            order_id = names.read_bridge(name)
            known = self.book.load(order_id) if order_id else None
            if order_id and known and known.order.is_recorded and known.over_at and not known.recording:
                self.book.tell(Progress(order_id=order_id, kind=Kind.RECORDED, at=now(), recording=name))

    def _clear_channels(self, channels: Channels) -> None:
        """Hang up what rings or talks for an order that is over, or that nobody knows."""
        for channel_id, channel in channels.items():
            read = names.read_channel(channel_id)
            if read is None or channel.get("accountcode") != self.engine.switch.app:
                continue
            known = self.book.load(read[0])
            if known is None or known.over_at is not None or _has_no_place(known, read[1]):
                log.warning("left over at Asterisk: channel %s", channel_id)
                with going_on(channel_id):
                    self.ari.drop(channel_id)

    def _clear_bridges(self, bridges: Iterable[Mapping[str, Any]]) -> None:
        for bridge in bridges:
            order_id = names.read_bridge(bridge["id"])
            if order_id is None or bridge.get("name") != self.engine.switch.app:
                continue
            known = self.book.load(order_id)
            if known is None or known.over_at is not None:
                log.warning("left over at Asterisk: bridge %s", bridge["id"])
                with going_on(bridge["id"]):
                    self.ari.remove_bridge(bridge["id"])


def _has_no_place(known: Known, name: str) -> bool:
    """Whether the leg is not wanted any more, or left long ago: a telephone that transferred the others did not hang up."""
    leg = known.legs.get(name)
    left_at = leg.ended_at if leg else None
    return name in flow.unwanted(known) or (left_at is not None and now() - left_at > GRACE)


def _was_seen(leg: Leg) -> bool:
    return leg.ringing_at is not None or leg.answered_at is not None


def _last_sign(leg: Leg) -> datetime:
    """The last moment at which it was there."""
    return max(filter(None, (leg.dialled_at, leg.ringing_at, leg.answered_at, leg.connected_at)))
