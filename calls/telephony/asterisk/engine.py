"""Carries an order on: takes in what Asterisk tells, then does what ``flow`` says is missing.

One listener per application calls ``handle``; workers use ``dial`` and ``settle`` as well. The book decides who was first.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from calls import failpoints
from calls.choices import LegRole
from calls.telephony import flow
from calls.telephony.ari import Ari, Refused, Unreachable
from calls.telephony.asterisk import events, names
from calls.telephony.asterisk.switch import Switch, shown
from calls.telephony.base import Endpoint, TelephonyError
from calls.telephony.book import DESTINATION, Book, Kind, Known, Progress, role_of
from calls.telephony.disposition import ANSWERED, BROKEN, CANCELLED, UNREACHABLE, Outcome, failed
from calls.telephony.flow import Do, Step
from calls.telephony.speech import Sounds
from calls.telephony.web_sounds import WebSounds

log = logging.getLogger(__name__)

SPARE_S = 60
BUSY_SWITCH = 503
ANYBODYS = frozenset({Do.DROP, Do.FINISH})  # steps that a worker may take beside the listener


def now() -> datetime:
    """Our own clock, for what Asterisk did not tell."""
    return datetime.now(UTC)


@contextmanager
def going_on(what: object) -> Iterator[None]:
    """Note troubles of Asterisk and go on: a leg left meanwhile, or Asterisk goes down; ``Reconciler`` sorts it out."""
    try:
        yield
    except TelephonyError as error:
        log.warning("%s: %s", what, error)


class Engine:
    """Orders of one application, driven over one client."""

    def __init__(self, ari: Ari, book: Book, switch: Switch) -> None:
        self.ari, self.book, self.switch = ari, book, switch
        self.sounds = _sounds_of(switch)
        self._brought_in: dict[str, tuple[UUID, str]] = {}  # channels with names of Asterisk's own → order and leg

    def handle(self, event: events.Event) -> None:
        """Take in one event. Raises nothing of the exchange's: what cannot be done now is done by ``reconcile``."""
        if event.get("replace_channel"):
            self._replace(event)
        about = self._about(event)
        known = self.book.load(about[0]) if about else None
        if about is None or known is None:
            return
        order_id, leg = about
        if progress := events.read(known, leg, event):
            self.book.tell(progress)
        self.settle(order_id)
        if leg and (known.over_at or leg not in known.legs) and event["type"] != "ChannelDestroyed":
            with going_on(order_id):
                self.ari.drop(event["channel"]["id"])  # it came too late
        if event["type"] == "ChannelDestroyed":
            self._brought_in.pop(event["channel"]["id"], None)

    def replace(self, known: Known, leg: str, channel: Mapping[str, Any], at: datetime) -> None:
        """Note that a telephone transferred the other side: a channel of Asterisk's own has the leg's place, and the leg leaves.

        So the end of a telephone that pressed its transfer key is not the end of the call. Noted
        twice it changes nothing.
        """
        order_id, channel_id = known.order.id, channel["id"]
        new = next((name for name, other in known.legs.items() if other.channel == channel_id), "")
        if not new:
            new = f"t{sum(name.startswith('t') for name in known.legs)}"
            facts = {"channel": channel_id, "endpoint": events.endpoint_of(channel), "instead_of": leg}
            if not self.book.tell(Progress(order_id=order_id, kind=Kind.REPLACED, leg=new, at=at, **facts)):
                return  # it is over, or we transferred it at the same moment: the next ``reconcile`` looks again
            with going_on(order_id):
                self.ari.follow(channel_id)  # Asterisk tells the end of those alone that it originated for us
        self._brought_in[channel_id] = (order_id, new)
        self.book.tell(Progress(order_id=order_id, kind=Kind.ENDED, leg=leg, at=at, outcome=ANSWERED))

    def learn(self, orders: Iterable[Known]) -> None:
        """Remember whose the channels are that telephones brought into these orders, which are all that are open."""
        found = [(leg.channel, known.order.id, name) for known in orders for name, leg in known.legs.items() if leg.is_open]
        self._brought_in = {channel: (order_id, name) for channel, order_id, name in found if channel}

    def _about(self, event: events.Event) -> tuple[UUID, str] | None:
        channel_id = (event.get("channel") or {}).get("id", "")
        return self._brought_in.get(channel_id) or events.order_of(event)

    def _replace(self, event: events.Event) -> None:
        left = self._about({"channel": event["replace_channel"]})
        known = self.book.load(left[0]) if left else None
        if left and known and left[1] in known.legs:
            self.replace(known, left[1], event["channel"], events.moment(event["timestamp"]))

    def settle(self, order_id: UUID, *, only: Collection[Do] = frozenset(Do)) -> None:
        """Do all that is missing as far as it can be done now; each step once."""
        done: set[Step] = set()
        while known := self.book.load(order_id):
            steps = [step for step in flow.next_steps(known) if step not in done and step.do in only]
            if not steps:
                return
            for step in steps:
                with going_on(order_id):
                    self._take(known, step)
            done.update(steps)

    def dial(self, known: Known, leg: str, *, originator: str = "", to: Endpoint | None = None, instead_of: str = "") -> None:
        """Ring the leg's telephone, once ever. Raises ``Unanswered`` when it may ring or not: ask, never repeat."""
        order = known.order
        told = Progress(order_id=order.id, kind=Kind.DIALLING, leg=leg, at=now(), endpoint=to, instead_of=instead_of)
        if not self.book.tell(told):
            return
        caller = order.shown_to_sources if role_of(leg) == LegRole.SOURCE else order.shown_to_destination
        try:
            self.ari.originate(
                names.channel_of(order.id, leg),
                self.switch.dial_string(to or known.endpoint_of(leg)),
                timeout_s=order.wait_for_pickup_s,
                caller_id=shown(caller),
                originator=names.channel_in(known, originator) if originator else "",
                variables={
                    "CHANNEL(accountcode)": self.switch.app,  # tells our left-overs from those of another callhub
                    # Asterisk ends the leg by itself, whatever becomes of us
                    "TIMEOUT(absolute)": str(2 * order.wait_for_pickup_s + order.max_duration_s + SPARE_S),
                },
            )
        except (Refused, Unreachable) as error:
            log.warning("order %s: %s cannot be dialled: %s", order.id, leg, error)
            self.tell(order.id, Kind.ENDED, leg, outcome=_refusal(error))
        failpoints.reach("dial.asked")

    def tell(self, order_id: UUID, kind: Kind, leg: str = "", *, outcome: Outcome | None = None) -> bool:
        """Tell the book something that happened now, by us."""
        return self.book.tell(Progress(order_id=order_id, kind=kind, leg=leg, at=now(), outcome=outcome))

    # -- the steps

    def _take(self, known: Known, step: Step) -> None:
        order_id = known.order.id
        match step.do:
            case Do.CHOOSE:
                self.tell(order_id, Kind.CHOSEN, step.leg)
            case Do.DIAL:
                self._dial_far(known, step.leg)
            case Do.DROP:
                self.ari.drop(names.channel_in(known, step.leg))
            case Do.PLAY:
                self._play(known, step.leg)
            case Do.CONNECT:
                self._connect(known, step.leg)
            case Do.FINISH:
                self._finish(known)

    def _dial_far(self, known: Known, leg: str) -> None:
        if known.chosen:
            self.ari.ringback(names.channel_of(known.order.id, known.chosen))
        self.dial(known, leg, originator=known.chosen)

    def _play(self, known: Known, leg: str) -> None:
        order_id = known.order.id
        if not self.tell(order_id, Kind.MESSAGE_STARTED):
            return
        self._limit(known, leg)
        if self.sounds is None:  # it was there when the call was taken
            log.warning("order %s: the message cannot be played: no sounds are shared with Asterisk any more", order_id)
            self.tell(order_id, Kind.MESSAGE_PLAYED)
            return
        try:
            self.ari.play(names.channel_of(order_id, leg), names.playback_of(order_id), self.sounds.media(order_id))
        except Refused as error:
            log.warning("order %s: the message cannot be played: %s", order_id, error)
            self.tell(order_id, Kind.MESSAGE_PLAYED)

    def _connect(self, known: Known, leg: str) -> None:
        order_id, near = known.order.id, flow.parties(known).near
        bridge = names.bridge_of(order_id)
        if leg == DESTINATION and known.order.message is None:
            self._limit(known, leg)
        self.ari.stop_ringback(names.channel_in(known, near))
        self.ari.make_bridge(bridge)
        self.ari.join(bridge, names.channel_in(known, near), names.channel_in(known, leg))
        if known.order.is_recorded:
            self.ari.record_bridge(bridge, bridge)
        self.tell(order_id, Kind.CONNECTED, leg)

    def _limit(self, known: Known, leg: str) -> None:
        """The maximum duration counts from here, and Asterisk itself keeps it."""
        for name in filter(None, (leg, known.chosen)):
            channel = names.channel_of(known.order.id, name)
            self.ari.set_variable(channel, "TIMEOUT(absolute)", str(known.order.max_duration_s))

    def _finish(self, known: Known) -> None:
        order_id = known.order.id
        if any(leg.is_in_hand for name, leg in known.legs.items() if role_of(name) != LegRole.SOURCE):
            with going_on(order_id):
                self.ari.remove_bridge(names.bridge_of(order_id))
        if self.sounds and known.order.message:
            self.sounds.remove(order_id)
        self.book.tell(
            Progress(
                order_id=order_id,
                kind=Kind.OVER,
                at=flow.ended_at(known) or now(),
                outcome=flow.outcome_of(known),
                billable_ms=flow.billable_ms(known),
            )
        )


def _sounds_of(switch: Switch) -> Sounds | WebSounds | None:
    if switch.sounds:
        return Sounds(switch.sounds)
    return WebSounds(switch.sounds_url) if switch.sounds_url else None


def _refusal(error: TelephonyError) -> Outcome:
    if isinstance(error, Unreachable):
        return failed(BUSY_SWITCH)
    if "Allocation failed" in str(error):  # no such trunk or extension
        return failed(UNREACHABLE)
    return CANCELLED if "originator" in str(error).lower() else failed(BROKEN)  # the source hung up in the same instant
