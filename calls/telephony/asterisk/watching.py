"""Calls that the exchange makes or takes on its own, from the events of all channels (the second application).

A call is a channel that came in; the ``Dial`` events name the telephones it rang. Calls that callhub ordered are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from calls.choices import Direction
from calls.telephony.asterisk import events, names
from calls.telephony.asterisk.engine import now
from calls.telephony.asterisk.journal import Journal
from calls.telephony.asterisk.switch import Switch
from calls.telephony.disposition import ANSWERED, CANCELLED, NO_ANSWER, NORMAL, UNKNOWN, Outcome, of_leg, of_several

KINDS = ("ChannelCreated", "Dial", "ChannelHangupRequest", "ChannelDestroyed")
DIALLED_APPS = ("AppDial", "AppDial2")  # what a channel "runs" that was rung and did not come in

NO_REASON = (None, 0, NORMAL, 127)  # causes of a leg that the exchange itself hung up: the ``Dial`` event says why


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

    @property
    def billable_ms(self) -> int:
        """From the first answer to the end."""
        if self.answered_at is None or self.ended_at is None:
            return 0
        return round((self.ended_at - self.answered_at).total_seconds() * 1000)


class Watcher:
    """Keeps the live calls; ``report`` gets each at its start, its answer and its end, and again after a gap."""

    kinds: Sequence[str] = KINDS
    of_all = True

    def __init__(self, switch: Switch, report: Callable[[WatchedCall], None]) -> None:
        self.ari = switch.connect_watch()
        self._trunks, self._report = switch.trunks, report
        self._calls: dict[str, WatchedCall] = {}
        self._callers: dict[str, str] = {}  # channel that is rung → the call's
        self._given_up: set[str] = set()  # calls whose caller did not wait
        self._journal = Journal(switch.journal) if switch.journal else None

    def handle(self, event: events.Event) -> None:
        """Take in an event of any channel."""
        channel = event.get("channel") or {}
        if names.read_channel(channel.get("id", "")):
            return  # ordered by us
        match event["type"]:
            case "ChannelCreated" if channel["state"] == "Ring":  # it came in; one that is rung starts as Down
                self._begin(channel, events.moment(event["timestamp"]))
            case "Dial" if event.get("caller"):
                self._dial(event)
            case "ChannelHangupRequest" | "ChannelDestroyed" if channel["id"] in self._callers:
                self._end_leg(event)
            case "ChannelDestroyed" if channel["id"] in self._calls:
                self._end(channel["id"], events.moment(event["timestamp"]), event.get("cause"), event.get("tech_cause"))

    def reconcile(self, gap_from: datetime | None) -> None:
        """End the calls that vanished unseen, take up those that began unseen. Raises ``TelephonyError``."""
        channels = {channel["id"]: channel for channel in self.ari.channels()}
        if self._journal:
            self._journal.refresh()
        for channel_id in [channel_id for channel_id in self._calls if channel_id not in channels]:
            self._end_vanished(channel_id, gap_from)
        for channel_id, channel in channels.items():
            is_rung = channel["dialplan"].get("app_name") in DIALLED_APPS or channel_id in self._callers
            if not (is_rung or channel_id in self._calls or names.read_channel(channel_id)):
                self._begin(channel, events.moment(channel["creationtime"]))

    def _begin(self, channel: dict[str, Any], at: datetime) -> None:
        entry = self._journal.of(channel["id"]) if self._journal else None
        call = WatchedCall(
            id=channel["id"],
            direction=Direction.INBOUND if self._is_trunk(channel) else Direction.UNKNOWN,
            caller_number=channel["caller"]["number"],
            caller_name=channel["caller"]["name"],
            called_number=channel["dialplan"]["exten"],
            started_at=at,
            answered_at=entry.answered_at if entry else None,
        )
        self._keep(call)

    def _dial(self, event: events.Event) -> None:
        caller, peer, at = event["caller"]["id"], event["peer"], events.moment(event["timestamp"])
        call = self._calls.get(caller)
        if call is None or names.read_channel(peer["id"]):
            return
        self._calls.pop(peer["id"], None)  # a channel that is rung is no call of its own
        if self._callers.setdefault(peer["id"], caller) and all(leg.id != peer["id"] for leg in call.legs):
            call = self._with_leg(call, event, at)
        status = event["dialstatus"]
        if status == "ANSWER":
            call = _with_change(call, peer["id"], answered_at=at)
            call = replace(call, answered_at=call.answered_at or at)
        elif status == "CANCEL":
            self._given_up.add(call.id)
            call = _with_change(call, peer["id"], outcome=CANCELLED)
        elif status == "NOANSWER" and not _leg(call, peer["id"]).outcome:
            call = _with_change(call, peer["id"], outcome=NO_ANSWER)  # 404 and 603 as well: the leg's own end is exact
        self._keep(call)

    def _with_leg(self, call: WatchedCall, event: events.Event, at: datetime) -> WatchedCall:
        peer = event["peer"]
        is_outside = self._is_trunk(peer)
        number = (event.get("dialstring") or "").split("@")[0].rpartition("/")[2] or peer["caller"]["number"]
        leg = WatchedLeg(id=peer["id"], number=number, started_at=at, is_outside=is_outside)
        direction = call.direction
        if direction is not Direction.INBOUND:
            is_out = is_outside or direction is Direction.OUTBOUND
            direction = Direction.OUTBOUND if is_out else Direction.INTERNAL
        return replace(call, legs=(*call.legs, leg), direction=direction)

    def _end_leg(self, event: events.Event) -> None:
        """Why the rung telephone ended is the truth about a failed call; what the caller is told is only derived from it."""
        channel_id, at = event["channel"]["id"], events.moment(event["timestamp"])
        call = self._calls.get(self._callers[channel_id])
        is_last = event["type"] == "ChannelDestroyed"
        if is_last:
            del self._callers[channel_id]
        if call is None:
            return
        leg = _leg(call, channel_id)
        cause, sip_status = event.get("cause"), event.get("tech_cause")
        changes: dict[str, Any] = {"ended_at": at} if is_last else {}
        has_reason = bool(sip_status and sip_status != 487) or cause not in NO_REASON
        if leg.answered_at:
            changes["outcome"] = ANSWERED
        elif has_reason and leg.outcome in (None, NO_ANSWER):
            changes["outcome"] = of_leg(answered=False, cause=cause, sip_status=sip_status)
        self._calls[call.id] = _with_change(call, channel_id, **changes)

    def _end(self, channel_id: str, at: datetime, cause: int | None, sip_status: int | None) -> None:
        call = self._calls.pop(channel_id)
        given_up = channel_id in self._given_up
        self._given_up.discard(channel_id)
        outcomes = [leg.outcome for leg in call.legs if leg.outcome]
        if call.answered_at:
            outcome = ANSWERED
        elif outcomes and not given_up:
            outcome = of_several(outcomes)
        else:
            outcome = of_leg(answered=False, cause=cause, sip_status=sip_status, dropped=given_up)
        legs = tuple(
            replace(leg, ended_at=leg.ended_at or at, outcome=leg.outcome or (ANSWERED if leg.answered_at else outcome))
            for leg in call.legs
        )
        self._report(replace(call, ended_at=at, outcome=outcome, legs=legs))

    def _end_vanished(self, channel_id: str, gap_from: datetime | None) -> None:
        entry = self._journal.of(channel_id) if self._journal else None
        if entry and entry.ended_at:
            if entry.answered_at and not self._calls[channel_id].answered_at:
                self._calls[channel_id] = replace(self._calls[channel_id], answered_at=entry.answered_at)
            self._end(channel_id, entry.ended_at, entry.cause, None)
            return
        call = self._calls.pop(channel_id)
        ended_at = max(gap_from or now(), call.answered_at or call.started_at)
        self._report(replace(call, ended_at=ended_at, outcome=ANSWERED if call.answered_at else UNKNOWN))

    def _keep(self, call: WatchedCall) -> None:
        is_news = self._calls.get(call.id) != call
        self._calls[call.id] = call
        if is_news:
            self._report(call)

    def _is_trunk(self, channel: dict[str, Any]) -> bool:
        return str(channel["name"]).startswith(self._trunks)


def _leg(call: WatchedCall, leg_id: str) -> WatchedLeg:
    return next(leg for leg in call.legs if leg.id == leg_id)


def _with_change(call: WatchedCall, leg_id: str, **changes: Any) -> WatchedCall:
    return replace(call, legs=tuple(replace(leg, **changes) if leg.id == leg_id else leg for leg in call.legs))
