"""What becomes of calls when the event stream breaks, when nobody listens for a while, when Asterisk stops or is killed."""

from __future__ import annotations

import time
import wave
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from calls.telephony.ari import Replaced
from calls.telephony.asterisk import AsteriskBackend, names
from calls.telephony.base import TelephonyError
from calls.telephony.book import Kind, Progress
from tests.calls.telephony.memory import PATIENCE_S, make_order

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once]


@contextmanager
def cut_streams(exchange, monkeypatch):
    """Gives a function that breaks the listener's connection as a network does."""
    opened, events = [], exchange.hearer.ari.events

    def remember(**options):
        opened.append(events(**options))
        return opened[-1]

    monkeypatch.setattr(exchange.hearer.ari, "events", remember)
    yield lambda: opened[-1]._connection.socket.shutdown(2)


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def listen(stream):
    while True:
        stream.next(3)


def since_ms(moment):
    return (datetime.now(UTC) - moment).total_seconds() * 1000


def seconds_of(path):
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


def test_call_goes_on_over_a_cut_stream(own_exchange, monkeypatch, tmp_path):
    with cut_streams(own_exchange, monkeypatch) as cut, own_exchange.listening():
        order_id = own_exchange.place(is_recorded=True)
        own_exchange.talking(order_id)
        cut()
        time.sleep(1)
        own_exchange.backend.hang_up(order_id)
        known = own_exchange.over(order_id)
        assert (str(known.outcome), known.legs["d"].cause) == ("ANSWERED", 16)
        own_exchange.recording(order_id, tmp_path / "call.wav")


def test_end_that_nobody_heard_is_billed_to_the_moment(own_exchange):
    with own_exchange.listening():
        order_id = own_exchange.place("1000200", "2000212")
        own_exchange.talking(order_id)
    time.sleep(3)
    with own_exchange.listening():
        known = own_exchange.over(order_id)
    assert (str(known.outcome), known.billable_ms) == ("ANSWERED", pytest.approx(2000, abs=700))  # they came back a second later


def test_without_a_journal_the_gap_is_not_billed(own_exchange):
    own_exchange.hearer._reconciler.journal = None
    with own_exchange.listening():
        order_id = own_exchange.place("1000200", "2000212", max_duration_s=3)
        answered_at = own_exchange.talking(order_id).legs["d"].answered_at
    time.sleep(3.5)
    assert own_exchange.hearer._reconciler.run(answered_at), "it has to look again: the end may be on its way"
    own_exchange.hearer._reconciler.run()
    known = own_exchange.over(order_id)
    assert (str(known.outcome), known.billable_ms) == ("ANSWERED", 0)


def test_asterisk_ends_what_nobody_comes_back_for(own_exchange):
    with own_exchange.listening():
        order_id = own_exchange.place(max_duration_s=2)
        own_exchange.talking(order_id)
    wait_until(lambda: not any(order_id.hex in name and "." in name for name in own_exchange.left_over()))
    with own_exchange.listening():
        assert own_exchange.over(order_id).billable_ms == pytest.approx(2000, abs=700)


def test_pick_up_that_nobody_heard_ends_as_the_journal_says(own_exchange):
    with own_exchange.listening():
        order_id = own_exchange.place("1000202 1000180", wait_for_pickup_s=4)
        own_exchange.wait(order_id, lambda known: known.legs["s0"].ringing_at)
    time.sleep(2.5)
    with own_exchange.listening():
        known = own_exchange.over(order_id)
    assert "d" not in known.legs
    assert str(known.outcome) == "NO_ANSWER"


def test_half_done_step_is_completed(own_exchange, monkeypatch):
    """The listener dies between choosing the source and ringing the destination."""
    with own_exchange.listening(), monkeypatch.context() as patched:
        patched.setattr(own_exchange.hearer._engine, "_dial_far", lambda known, leg: None)
        order_id = own_exchange.place()
        own_exchange.wait(order_id, lambda known: known.chosen)
    with own_exchange.listening():
        own_exchange.talking(order_id)
        own_exchange.backend.hang_up(order_id)
        own_exchange.over(order_id)


def test_dial_of_which_nothing_is_known_is_not_repeated(own_exchange, monkeypatch):
    """A worker dies between its note and the dial: after a while the leg counts as not reached, and nobody is rung."""
    monkeypatch.setattr("calls.telephony.asterisk.reconciling.GRACE", timedelta(0))
    order = make_order("1009200")
    own_exchange.book.add(order)
    own_exchange.book.tell(Progress(order_id=order.id, kind=Kind.DIALLING, leg="s0", at=datetime.now(UTC)))
    with own_exchange.listening():
        own_exchange.backend.place(order)
        assert str(own_exchange.over(order.id).outcome) == "FAILED:503"
    assert own_exchange.invitations("1009200") == []


def test_left_overs_are_cleared_and_calls_are_not(own_exchange):
    with own_exchange.listening():
        order_id = own_exchange.place()
        own_exchange.talking(order_id)
        stranger = make_order().id
        variables = {"CHANNEL(accountcode)": "callhub"}
        channel = names.channel_of(stranger, "s0")
        own_exchange.backend.ari.originate(channel, "PJSIP/1000180@carrier", timeout_s=30, variables=variables)
        own_exchange.backend.ari.make_bridge(names.bridge_of(stranger))
        another = names.channel_of(make_order().id, "s0")
        own_exchange.backend.ari.originate(another, "PJSIP/1000180@carrier", timeout_s=3)
    with own_exchange.listening():
        wait_until(lambda: not any(stranger.hex in name for name in own_exchange.left_over()))
        left = own_exchange.left_over()
        assert another in left, "a channel without our account code belongs to somebody else"
        assert names.channel_of(order_id, "d") in left
        own_exchange.backend.hang_up(order_id)
        assert str(own_exchange.over(order_id).outcome) == "ANSWERED"


def test_second_listener_takes_over_and_the_first_is_told(own_exchange):
    with own_exchange.switch.connect().events() as first, own_exchange.listening(), pytest.raises(Replaced):
        listen(first)


def test_places_nothing_while_nobody_listens(own_exchange):
    order = make_order("1008200")
    own_exchange.book.add(order)
    backend = AsteriskBackend(own_exchange.book, replace(own_exchange.switch, app="callhub-alone"))
    with pytest.raises(TelephonyError, match="nobody listens") as refused:
        backend.place(order)
    assert refused.value.permanent is False
    assert own_exchange.book.load(order.id).legs == {}


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_asterisk_restarts_during_a_call(own_exchange, tmp_path, how):
    with own_exchange.listening():
        order_id = own_exchange.place(is_recorded=True)
        answered_at = own_exchange.talking(order_id).legs["d"].answered_at
        time.sleep(5)
        least_ms = since_ms(answered_at)
        getattr(own_exchange.lab, how)()
        most_ms = since_ms(answered_at)
        with pytest.raises(TelephonyError):
            own_exchange.backend.ask(order_id)
        time.sleep(1)
        own_exchange.lab.start()
        known = own_exchange.over(order_id)
        assert str(known.outcome) == "ANSWERED"
        assert least_ms - 400 < known.billable_ms < most_ms + 400
        path = tmp_path / "call.wav"
        with path.open("w+b") as file:
            size = own_exchange.backend.fetch_recording(names.bridge_of(order_id), file)
        assert size > 30_000
        assert seconds_of(path) == pytest.approx(size / 16_000, abs=0.1)
        wait_until(own_exchange.backend.ari.is_registered)
        again = own_exchange.place()
        own_exchange.talking(again)
        own_exchange.backend.hang_up(again)
        own_exchange.over(again)
