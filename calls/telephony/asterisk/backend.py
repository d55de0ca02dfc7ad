"""What the dialer calls: place, ask, hang up, hold, transfer, recordings. Works in any process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, ClassVar
from uuid import UUID

from calls.telephony import flow
from calls.telephony.asterisk import names
from calls.telephony.asterisk.engine import ANYBODYS, Engine
from calls.telephony.asterisk.journal import Journal
from calls.telephony.asterisk.switch import Switch
from calls.telephony.asterisk.wav import complete_header
from calls.telephony.base import Backend, Endpoint, Order, TelephonyError, Trace, Unanswered
from calls.telephony.book import DESTINATION, Book, Kind, Known
from calls.telephony.speech import Speech


class AsteriskBackend(Backend):
    """One Asterisk. Calls go on only while a ``Listener`` runs; without one ``place`` refuses, and may be repeated."""

    name: ClassVar[str] = "asterisk"
    originates = True
    rings_many = True
    speaks_text = True
    records = True
    hangs_up = True
    transfers = True
    holds = True
    reports_progress = True
    needs_listener = True

    def __init__(self, book: Book, switch: Switch, speech: Speech | None = None) -> None:
        super().__init__(book)
        self.switch, self.speech = switch, speech
        self.ari = switch.connect()
        self.engine = Engine(self.ari, book, switch)

    def place(self, order: Order) -> None:
        known = self._load(order.id)
        if not self.ari.is_registered():
            raise TelephonyError("nobody listens to Asterisk for us: whoever picked up would be cut off", permanent=False)
        self._prepare_message(order)
        doubt: Unanswered | None = None
        for leg in [f"s{index}" for index in range(len(order.sources))] or [DESTINATION]:
            try:
                self.engine.dial(known, leg)
            except Unanswered as error:
                doubt = error
        self.engine.settle(order.id, only=ANYBODYS)  # no event comes where every dial was refused
        if doubt:
            raise doubt

    def ask(self, order_id: UUID) -> Trace:
        read_names = [names.read_channel(channel["id"]) for channel in self.ari.channels()]
        if any(found and found[0] == order_id for found in read_names):
            return Trace.LIVE
        if self.switch.journal is None or not self.switch.journal.exists():
            return Trace.UNKNOWN
        return Trace.OVER if Journal(self.switch.journal).knows(order_id) else Trace.NONE

    def hang_up(self, order_id: UUID) -> None:
        self.engine.tell(order_id, Kind.CANCELLED)
        known = self._load(order_id)
        for leg in flow.unwanted(known):
            self.ari.drop(names.channel_in(known, leg))
        self.engine.settle(order_id, only={flow.Do.FINISH})

    def hold(self, order_id: UUID) -> None:
        known, both = self._talking(order_id)
        channel = names.channel_in(known, both.far)
        self.ari.take_from_bridge(names.bridge_of(order_id), channel)
        self.ari.start_music(channel)
        self.engine.tell(order_id, Kind.HELD)

    def resume(self, order_id: UUID) -> None:
        known, both = self._talking(order_id)
        channel = names.channel_in(known, both.far)
        self.ari.stop_music(channel)
        self.ari.join(names.bridge_of(order_id), channel)
        self.engine.tell(order_id, Kind.RESUMED)

    def transfer(self, order_id: UUID, to: Endpoint, *, instead_of: str) -> None:
        if self._is_transferred(self._load(order_id), to, instead_of):
            return
        known, both = self._talking(order_id)
        if instead_of not in (both.near, both.far):
            raise TelephonyError("this leg does not talk")
        stays = both.near if instead_of == both.far else both.far
        if known.is_held:
            self.ari.stop_music(names.channel_in(known, both.far))
            self.ari.join(names.bridge_of(order_id), names.channel_in(known, both.far))
        new = f"t{sum(name.startswith('t') for name in known.legs)}"
        self.engine.dial(known, new, originator=stays, to=to, instead_of=instead_of)
        self.ari.drop(names.channel_in(known, instead_of))
        self.ari.ringback(names.channel_in(known, stays))
        self.engine.settle(order_id, only=ANYBODYS)

    def recordings(self) -> Iterable[str]:
        return [name for name in self.ari.recordings() if names.read_bridge(name)]

    def own_recordings(self) -> Mapping[str, str]:
        told = {names.read_own_recording(name): name for name in self.ari.recordings()}
        return {call: name for call, name in told.items() if call}

    def fetch_recording(self, name: str, into: IO[bytes]) -> int:
        size = self.ari.fetch_recording(name, into)
        complete_header(into, size)
        return size

    def delete_recording(self, name: str) -> None:
        self.ari.delete_recording(name)

    def _load(self, order_id: UUID) -> Known:
        known = self.book.load(order_id)
        if known is None:
            raise TelephonyError("there is no such call")
        return known

    def _talking(self, order_id: UUID) -> tuple[Known, flow.Parties]:
        known = self._load(order_id)
        both = flow.parties(known)
        far = known.legs.get(both.far)
        if flow.is_ending(known) or far is None or far.connected_at is None:
            raise TelephonyError("the parties are not talking")
        return known, both

    @staticmethod
    def _is_transferred(known: Known, to: Endpoint, instead_of: str) -> bool:
        last = known.legs.get(flow.parties(known).far)
        return last is not None and last.endpoint == to and last.instead_of == instead_of

    def _prepare_message(self, order: Order) -> None:
        if order.message is None:
            return
        if self.engine.sounds is None:
            raise TelephonyError("no folder of sounds is shared with Asterisk, and it has no address to fetch them from")
        self.engine.sounds.prepare(order.id, order.message, self.speech)
