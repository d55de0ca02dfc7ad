"""What is made of channels that are gone, of telephones that were never rung, and of recordings nobody heard of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from calls.telephony.ari import Disconnected, EventStream
from calls.telephony.asterisk import Engine, Listener, Reconciler, Switch, names
from calls.telephony.book import Kind, Progress
from calls.telephony.disposition import ANSWERED
from tests.calls.telephony.fake_ari import FakeAri
from tests.calls.telephony.memory import MemoryBook, make_order

pytestmark = pytest.mark.once


class Side:
    """Our side of a fake Asterisk, with one order on its way."""

    def __init__(self, journal=None, **fields):
        self.ari, self.book = FakeAri(), MemoryBook()
        engine = Engine(self.ari, self.book, Switch(url="http://pbx", user="u", password="p", journal=journal))
        self.reconciler = Reconciler(engine)
        self.order = make_order("1000200", "2000200", **fields)
        self.book.add(self.order)

    def tell(self, *facts, at):
        for fact in facts:
            leg, _, kind = fact.rpartition(".")
            self.book.tell(Progress(order_id=self.order.id, kind=Kind(kind), leg=leg, at=at, outcome=ANSWERED))

    @property
    def known(self):
        return self.book.load(self.order.id)


def ago(seconds):
    return datetime.now(UTC) - timedelta(seconds=seconds)


def journaled(path, channel, *rows):
    """A journal with these kinds and moments of one channel."""
    lines = [
        f'{kind},{at.timestamp():.3f},"{channel}","{channel}","callhub","","","","","","","{{""hangupcause"":{cause}}}"\n'
        for kind, at, cause in rows
    ]
    path.write_text("".join(lines))
    return path


def test_a_leg_that_is_gone_has_a_moment_to_say_why():
    side = Side()
    side.tell("s0.dialling", "s0.ringing", at=ago(30))
    assert side.reconciler.run() is True
    assert side.known.legs["s0"].is_open
    assert side.reconciler.run() is False
    assert str(side.known.outcome) == "UNKNOWN"


def test_a_gap_is_not_billed_though_it_is_looked_at_later():
    side, begun = Side(), ago(60)
    side.tell("s0.dialling", "s0.in_hand", "s0.chosen", "d.dialling", "d.in_hand", "d.connected", at=begun)
    side.reconciler.run(begun + timedelta(seconds=10))
    side.reconciler.run()
    assert (str(side.known.outcome), side.known.billable_ms) == ("ANSWERED", 10_000)


def test_nothing_ends_before_its_last_sign():
    side = Side()
    side.tell("s0.dialling", "s0.in_hand", "s0.chosen", "d.dialling", "d.in_hand", "d.connected", at=ago(5))
    side.reconciler.run(ago(50))
    side.reconciler.run()
    assert side.known.billable_ms == 0
    assert side.known.over_at >= side.known.legs["s0"].dialled_at


def test_a_telephone_that_was_never_rung_could_not_be_reached(tmp_path):
    side = Side(journaled(tmp_path / "cel.csv", "another"))
    side.tell("s0.dialling", at=ago(30))
    side.reconciler.run()
    side.reconciler.run()
    assert str(side.known.outcome) == "FAILED:503"


def test_a_dial_may_be_on_its_way_in_another_process(tmp_path):
    side = Side(journaled(tmp_path / "cel.csv", "another"))
    side.tell("s0.dialling", at=ago(5))
    assert [side.reconciler.run() for _ in range(3)] == [True, True, True]
    assert side.known.over_at is None


def test_a_telephone_that_rang_when_asterisk_broke_down_could_not_be_reached(tmp_path):
    side = Side()
    path = journaled(tmp_path / "cel.csv", names.channel_of(side.order.id, "s0"), ("CHAN_START", ago(20), 0))
    side.reconciler.journal = type(Side(path).reconciler.journal)(path)
    side.tell("s0.dialling", "s0.ringing", at=ago(20))
    side.reconciler.run(ago(3))
    side.reconciler.run()
    assert str(side.known.outcome) == "FAILED:503"


def test_a_source_that_left_unheard_ended_the_talk():
    """The other side waited on, alone, until somebody came to hang it up."""
    side, begun = Side(), ago(60)
    side.tell("s0.dialling", "s0.in_hand", "s0.chosen", "d.dialling", "d.in_hand", "d.connected", at=begun)
    side.tell("s0.ended", at=begun + timedelta(seconds=20))
    side.tell("d.ended", at=begun + timedelta(seconds=50))
    side.reconciler.run()
    assert side.known.billable_ms == 20_000


def test_a_source_that_picked_up_and_was_cut_off_did_not_give_up():
    side = Side()
    side.tell("s0.dialling", "s0.answered", "s0.ended", at=ago(10))
    side.reconciler.run()
    assert str(side.known.outcome) == "FAILED:503"


@pytest.mark.parametrize(("is_recorded", "claimed"), [(True, True), (False, False)])
def test_a_recording_of_which_nobody_heard_is_noted_once_the_call_is_over(is_recorded, claimed):
    side = Side(is_recorded=is_recorded)
    name, channel = names.bridge_of(side.order.id), names.channel_of(side.order.id, "s0")
    side.ari.recorded = {name, "somebody-elses"}
    side.tell("s0.dialling", "s0.ringing", at=ago(10))
    side.ari.live[channel] = {"id": channel, "state": "Ringing", "dialplan": {}, "accountcode": ""}
    side.reconciler.run()
    assert side.known.recording == ""
    side.tell("s0.ended", at=ago(1))
    side.ari.live.clear()
    side.reconciler.run()
    assert (side.known.recording == name) is claimed


class SilentStream:
    """An event stream over a cable that was pulled some time ago."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def next(self, timeout_s):
        raise Disconnected("nothing came back", silent_s=20)


class Deaf:
    """Hears nothing, and is told since when."""

    kinds, of_all = (), False

    def __init__(self):
        self.ari, self.gaps = self, []

    def events(self, *, of_all):
        return SilentStream()

    def only_events(self, kinds):
        pass

    def reconcile(self, gap_from):
        self.gaps.append(gap_from)


def test_a_gap_begins_when_the_network_fell_silent_and_not_when_that_was_noticed():
    hearer = Deaf()
    Listener(hearer, stop=lambda: len(hearer.gaps) > 1).run()
    assert hearer.gaps[0] is None
    assert hearer.gaps[1] == pytest.approx(ago(20), abs=timedelta(seconds=10))


@pytest.mark.parametrize(("reason", "silent"), [("keepalive ping timeout", True), ("", False)])
def test_a_stream_that_fell_silent_says_so(reason, silent):
    class Connection:
        def recv(self, timeout):
            raise ConnectionClosedError(None, Close(1011, reason))

    stream = object.__new__(EventStream)
    stream._connection = Connection()
    with pytest.raises(Disconnected) as broken:
        stream.next(1)
    assert bool(broken.value.silent_s) is silent
