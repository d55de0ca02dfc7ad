"""Calls that the exchange makes or takes on its own, from the events of all channels (the second application).

A call is a channel that came in; the ``Dial`` events name the telephones it rang. Calls that callhub ordered are left out.
What was not heard is taken from the exchange's journal (``missed``), as far as there is one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from calls.choices import Direction
from calls.telephony.asterisk import events, missed, names
from calls.telephony.asterisk.engine import now
from calls.telephony.asterisk.journal import Group, Journal
from calls.telephony.asterisk.sightings import DIALLED_APPS, NO_REASON, Archive, Hold, WatchedCall, WatchedLeg, linked_id
from calls.telephony.asterisk.switch import Switch
from calls.telephony.disposition import ANSWERED, CANCELLED, NO_ANSWER, UNKNOWN, of_leg, of_several

KINDS = (
    "ChannelCreated",
    "ChannelStateChange",
    "Dial",
    "ChannelHold",
    "ChannelUnhold",
    "ChannelHangupRequest",
    "ChannelDestroyed",
)
MOST_TOLD = 20_000
SETTLED_AFTER = timedelta(seconds=5)  # what the journal has may be on its way as an event for that long
LOST_AFTER = timedelta(minutes=2)  # a channel is gone, and the journal does not say how: the exchange was killed
LOOK_BACK = timedelta(days=1)  # how far back a journal is taken in that was never read before


class Watcher:
    """Keeps the live calls; the archive gets each at its start, its answer and its end, and again after a gap."""

    kinds: Sequence[str] = KINDS
    of_all = True

    def __init__(self, switch: Switch, archive: Archive) -> None:
        self.ari = switch.connect_watch()
        self._trunks, self._archive = switch.trunks, archive
        self._calls: dict[str, WatchedCall] = {}
        self._channels: dict[str, str] = {}  # channel of a call, rung or half of a Local one → the call's
        self._given_up: set[str] = set()  # calls whose caller did not wait
        self._told: OrderedDict[str, None] = OrderedDict()  # calls whose end was reported
        self._absent: set[str] = set()  # calls that were not there the last time
        self._journal_path = switch.journal
        self._journal: Journal | None = None
        self._since: datetime | None = None  # older calls of the journal are none of ours

    # -- what is told

    def handle(self, event: events.Event) -> None:
        """Take in an event of any channel."""
        channel = event.get("channel") or {}
        channel_id = channel.get("id", "")
        if names.read_channel(channel_id):
            return  # ordered by us
        match event["type"]:
            case "ChannelCreated" if channel["state"] == "Ring":  # it came in; one that is rung starts as Down
                self._arrive(channel, events.moment(event["timestamp"]))
            case "ChannelStateChange" if channel["state"] == "Up" and channel_id in self._calls:
                self._answer(channel_id, events.moment(event["timestamp"]))
            case "Dial" if event.get("caller"):
                self._dial(event)
            case "ChannelHold" | "ChannelUnhold":
                self._hold(channel_id, events.moment(event["timestamp"]), is_over=event["type"] == "ChannelUnhold")
            case "ChannelHangupRequest" | "ChannelDestroyed" if channel_id in self._channels:
                self._end_leg(event)
            case "ChannelDestroyed" if channel_id in self._calls:
                self._end(channel_id, events.moment(event["timestamp"]), event.get("cause"), event.get("tech_cause"))

    def _arrive(self, channel: Mapping[str, Any], at: datetime) -> None:
        linked = linked_id(channel)
        if linked != channel["id"] and linked in self._calls:
            self._channels[channel["id"]] = linked  # the inner half of a Local channel that a call rang
        elif channel["id"] not in self._calls and channel["id"] not in self._told:
            call = self._new_call(channel, at)
            if call.direction is Direction.UNKNOWN:  # whom it rings tells; nothing is reported before
                self._calls[call.id] = call
            else:
                self._keep(call)

    def _new_call(self, channel: Mapping[str, Any], at: datetime) -> WatchedCall:
        return WatchedCall(
            id=channel["id"],
            direction=Direction.INBOUND if self._is_trunk(channel) else Direction.UNKNOWN,
            caller_number=channel["caller"]["number"],
            caller_name=channel["caller"]["name"],
            called_number=channel["dialplan"]["exten"],
            started_at=at,
        )

    def _answer(self, channel_id: str, at: datetime) -> None:
        """The caller is answered: by a telephone, or by the exchange itself."""
        call = self._calls[channel_id]
        self._keep(replace(call, answered_at=call.answered_at or at))

    def _dial(self, event: events.Event) -> None:
        caller, peer, at = event["caller"]["id"], event["peer"], events.moment(event["timestamp"])
        call = self._calls.get(self._channels.get(caller, caller))
        if call is None or names.read_channel(peer["id"]):
            return
        self._calls.pop(peer["id"], None)  # a channel that is rung is no call of its own
        self._channels.setdefault(peer["id"], call.id)
        if str(peer["name"]).startswith("Local/"):
            return  # who is rung behind it is told as well
        leg = call.leg(peer["id"])
        if leg is None:
            leg = self._new_leg(event, at)
            call = call.with_leg(leg)
        status = event["dialstatus"]
        if status == "ANSWER":
            call = call.with_change(leg.id, answered_at=leg.answered_at or at)
            call = replace(call, answered_at=call.answered_at or at)
        elif status == "CANCEL":
            self._given_up.add(call.id)
            call = call.with_change(leg.id, outcome=CANCELLED)
        elif status == "NOANSWER" and not leg.outcome:
            call = call.with_change(leg.id, outcome=NO_ANSWER)  # 404 and 603 as well: the leg's own end is exact
        self._keep(call)

    def _new_leg(self, event: events.Event, at: datetime) -> WatchedLeg:
        peer = event["peer"]
        number = (event.get("dialstring") or "").split("@")[0].rpartition("/")[2] or peer["caller"]["number"]
        return WatchedLeg(id=peer["id"], number=number, started_at=at, is_outside=self._is_trunk(peer))

    def _hold(self, channel_id: str, at: datetime, *, is_over: bool) -> None:
        call = self._calls.get(self._channels.get(channel_id, channel_id))
        if call is not None:
            self._keep(replace(call, holds=(*call.holds, Hold(channel=channel_id, at=at, is_over=is_over))))

    def _end_leg(self, event: events.Event) -> None:
        """Why the rung telephone ended is the truth about a failed call; what the caller is told is only derived from it."""
        channel_id, at = event["channel"]["id"], events.moment(event["timestamp"])
        call = self._calls.get(self._channels[channel_id])
        is_last = event["type"] == "ChannelDestroyed"
        if is_last:
            del self._channels[channel_id]
        leg = call.leg(channel_id) if call else None
        if call is None or leg is None:
            return
        cause, sip_status = event.get("cause"), event.get("tech_cause")
        changes: dict[str, Any] = {"ended_at": at} if is_last else {}
        has_reason = bool(sip_status and sip_status != 487) or cause not in NO_REASON
        if leg.answered_at:
            changes["outcome"] = ANSWERED
        elif has_reason and leg.outcome in (None, NO_ANSWER):
            changes["outcome"] = of_leg(answered=False, cause=cause, sip_status=sip_status)
        self._calls[call.id] = call.with_change(channel_id, **changes)

    def _end(self, channel_id: str, at: datetime, cause: int | None, sip_status: int | None) -> None:
        call = self._calls[channel_id]
        given_up = channel_id in self._given_up
        outcomes = [leg.outcome for leg in call.legs if leg.outcome]
        if call.answered_at:
            outcome = ANSWERED
        elif outcomes and not given_up:
            outcome = of_several(outcomes)
        else:
            outcome = of_leg(answered=False, cause=cause, sip_status=sip_status, dropped=given_up)
        self._over(replace(call, ended_at=at, outcome=outcome))

    # -- what was missed

    def reconcile(self, gap_from: datetime | None) -> None:
        """End the calls that vanished unseen, take up those that began unseen, report those that came and went unseen.

        Raises ``TelephonyError``.
        """
        is_first = self._since is None
        opened = self._begin() if is_first else {}
        channels = {channel["id"]: channel for channel in self.ari.channels()}
        self._calls |= {call_id: call for call_id, call in opened.items() if call_id not in channels}
        if self._journal:
            self._journal.refresh()
        absent = {call_id for call_id in self._calls if call_id not in channels}
        has_gap = is_first or gap_from is not None
        for call_id in absent if has_gap else absent & self._absent:  # the event may be on its way
            self._end_vanished(call_id, gap_from)
        self._absent = absent
        for channel_id, channel in channels.items():
            is_rung = channel["dialplan"].get("app_name") in DIALLED_APPS or channel_id in self._channels
            if not (is_rung or channel_id in self._calls or names.read_channel(channel_id)):
                self._take_up(channel, opened.get(channel_id))
        if self._journal:
            self._take_in(self._journal, channels, settled_by=now() - (timedelta() if has_gap else SETTLED_AFTER))
            self._archive.keep_place(self._journal.place)

    def _begin(self) -> dict[str, WatchedCall]:
        """Take over from the watcher before: the calls it has not ended."""
        place = self._archive.load_place()
        self._since = now() - LOOK_BACK if place is None else datetime.min.replace(tzinfo=now().tzinfo)
        if self._journal_path:
            self._journal = Journal(self._journal_path, place, keeps_groups=True)
        return {call.id: call for call in self._archive.open_calls()}

    def _take_up(self, channel: Mapping[str, Any], known: WatchedCall | None) -> None:
        call = self._by_journal(channel["id"]) or known
        if call is None:
            self._arrive(channel, events.moment(channel["creationtime"]))
            if channel["state"] == "Up" and channel["id"] in self._calls:
                entry = self._journal.of(channel["id"]) if self._journal else None
                self._answer(channel["id"], (entry and entry.answered_at) or now())
            return
        self._channels |= {leg.id: call.id for leg in call.legs if leg.ended_at is None}
        self._keep(replace(call, ended_at=None, outcome=None))

    def _end_vanished(self, call_id: str, gap_from: datetime | None) -> None:
        known, told = self._calls[call_id], self._by_journal(call_id)
        if told and told.ended_at:
            self._over(_put_together(known, told))
            return
        ended_at = max(gap_from or now(), known.answered_at or known.started_at)
        self._over(replace(known, ended_at=ended_at, outcome=ANSWERED if known.answered_at else UNKNOWN))

    def _by_journal(self, call_id: str) -> WatchedCall | None:
        groups = self._journal.groups() if self._journal else []
        group = next((group for _, group in groups if call_id in group.entries), None)
        call = missed.call_of(group, self._trunks) if group else None
        return _with_outcome(call, group) if call and group and call.id == call_id else None

    def _take_in(self, journal: Journal, channels: Collection[str], *, settled_by: datetime) -> None:
        """Report each call that is over by the journal, unless it was; forget what was read of it."""
        for linked, group in journal.groups():
            is_gone = not any(channel in channels for channel in group.entries)
            is_lost = is_gone and group.last_at < now() - LOST_AFTER
            if not (is_lost or (group.is_over and group.last_at <= settled_by)):
                continue
            call = missed.call_of(group, self._trunks)
            if call and call.id in self._calls:
                continue  # its end is being told, or it vanished and is looked at the next time
            journal.close(linked)
            if call and call.id not in self._told and self._since and call.started_at >= self._since:
                outcome = ANSWERED if call.answered_at else UNKNOWN
                lost = replace(call, ended_at=group.last_at, outcome=outcome)
                self._over(_with_outcome(call, group) if call.ended_at else lost)

    # -- what is reported

    def _over(self, call: WatchedCall) -> None:
        """Report the end, once."""
        self._calls.pop(call.id, None)
        self._given_up.discard(call.id)
        self._told[call.id] = None
        if len(self._told) > MOST_TOLD:
            self._told.popitem(last=False)
        legs = tuple(
            replace(
                leg,
                ended_at=leg.ended_at or call.ended_at,
                outcome=leg.outcome or (ANSWERED if leg.answered_at else call.outcome if not call.answered_at else CANCELLED),
            )
            for leg in call.legs
        )
        self._archive.report(replace(call, legs=legs))

    def _keep(self, call: WatchedCall) -> None:
        is_news = self._calls.get(call.id) != call
        self._calls[call.id] = call
        if is_news:
            self._archive.report(call)

    def _is_trunk(self, channel: Mapping[str, Any]) -> bool:
        return str(channel["name"]).startswith(self._trunks)


def _with_outcome(call: WatchedCall, group: Group) -> WatchedCall:
    return replace(call, outcome=missed.outcome_of(call, group.entries[call.id])) if call.ended_at else call


def _put_together(known: WatchedCall, told: WatchedCall) -> WatchedCall:
    """What the journal says of a call's end, with what only the events have said before."""
    return replace(told, holds=known.holds, direction=known.direction if not told.legs else told.direction)
