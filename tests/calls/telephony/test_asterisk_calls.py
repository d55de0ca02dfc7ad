"""Calls on a real Asterisk: who hears whom, who is shown to whom, what may be done meanwhile."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from calls.telephony.base import CallerId, TelephonyError, Trace
from tests.asterisk import telephones
from tests.asterisk.tones import tone_share
from tests.calls.telephony.exchange import Exchange
from tests.calls.telephony.loudness import likeness, tones
from tests.calls.telephony.memory import make_order, telephone

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once]

SOURCE_HZ, DESTINATION_HZ, HOLD_HZ = 440, 880, 660
RINGBACK_HZ = 480


@pytest.fixture(scope="module")
def phones(exchange: Exchange) -> Exchange:
    """The exchange with both soft phones on."""
    for extension in telephones.SAYS:
        telephones.start_phone(exchange.lab, extension)
    return exchange


@pytest.fixture(scope="module")
def answered(exchange: Exchange, tmp_path_factory):
    """A call of about three seconds with two sources, and its recording."""
    order_id = exchange.place(
        "1001202 1001180",
        "2001201",
        is_recorded=True,
        shown_to_sources=CallerId(number="4242425", name='John "Johnny" Doe'),
        shown_to_destination=CallerId(number="+4684242000", name="Shop"),
    )
    exchange.talking(order_id)
    time.sleep(3)
    exchange.backend.hang_up(order_id)
    known = exchange.over(order_id)
    return known, exchange.recording(order_id, tmp_path_factory.mktemp("recording") / "call.wav")


@pytest.mark.parametrize("hertz", [SOURCE_HZ, DESTINATION_HZ])
def test_records_both_voices(answered, hertz):
    assert tone_share(answered[1], hertz) > 0.3


def test_records_no_other_voice(answered):
    assert tone_share(answered[1], 1234) < 0.01


def test_first_source_wins_and_the_other_is_dropped(answered):
    assert {name: str(leg.outcome) for name, leg in answered[0].legs.items()} == {
        "s0": "ANSWERED",
        "s1": "CANCELLED",
        "d": "ANSWERED",
    }


def test_bills_to_the_millisecond(answered):
    known = answered[0]
    destination, source = known.legs["d"], known.legs[known.chosen]
    over = min(destination.ended_at, source.ended_at)  # whoever leaves first ends the talk
    assert known.billable_ms == round((over - destination.answered_at) / timedelta(milliseconds=1))
    assert 2900 < known.billable_ms < 5000  # three seconds, by a telephone on a machine that may be busy


def test_shows_each_side_its_own_caller(exchange, answered):
    assert '"John Johnny Doe" <sip:4242425@' in exchange.invitations("1001202")[-1]
    assert '"Shop" <sip:+4684242000@' in exchange.invitations("2001201")[-1]


def test_three_sources_that_pick_up_at_once_leave_one(exchange):
    order_id = exchange.place("1002201 1003201 1004201", "2000200")
    known = exchange.talking(order_id)
    exchange.wait(order_id, lambda known: sum(leg.is_open for leg in known.legs.values()) == 2)
    assert known.chosen in ("s0", "s1", "s2")
    exchange.backend.hang_up(order_id)
    assert str(exchange.over(order_id).outcome) == "ANSWERED"


def test_cancelled_while_the_sources_ring(exchange):
    order_id = exchange.place("1000180 1000205", "2005200")
    exchange.wait(order_id, lambda known: known.legs["s0"].ringing_at)
    exchange.backend.hang_up(order_id)
    assert str(exchange.over(order_id).outcome) == "CANCELLED"
    assert exchange.invitations("2005200") == []


def test_cancelled_while_the_destination_rings(exchange):
    order_id = exchange.place("1000200", "2000180")
    exchange.wait(order_id, lambda known: "d" in known.legs and known.legs["d"].ringing_at)
    exchange.backend.hang_up(order_id)
    known = exchange.over(order_id)
    assert (str(known.outcome), known.billable_ms) == ("CANCELLED", 0)


def test_hanging_up_again_is_fine(exchange):
    order_id = exchange.place("1000180", "2000200")
    exchange.backend.hang_up(order_id)
    exchange.over(order_id)
    exchange.backend.hang_up(order_id)
    assert exchange.book.load(order_id).billable_ms == 0


def test_cancelled_before_it_was_placed_rings_nobody(exchange):
    order = make_order("1006200", "2000200")
    exchange.book.add(order)
    exchange.backend.hang_up(order.id)
    exchange.backend.place(order)
    assert str(exchange.over(order.id).outcome) == "CANCELLED"
    assert exchange.invitations("1006200") == []


def test_placing_again_dials_nobody_again(exchange):
    order = make_order("1007203", "2000200")
    for _ in range(3):
        exchange.place_order(order)
    exchange.wait(order.id, lambda known: known.legs["s0"].ringing_at)
    exchange.backend.hang_up(order.id)
    exchange.over(order.id)
    exchange.place_order(order)
    assert len(exchange.invitations("1007203")) == 1


def test_asterisk_keeps_the_maximum_duration(exchange):
    order_id = exchange.place("1000200", "2000200", max_duration_s=2)
    known = exchange.over(order_id)
    assert (str(known.outcome), known.billable_ms) == ("ANSWERED", pytest.approx(2000, abs=700))


def test_asked_it_tells_what_it_knows(exchange):
    order_id = exchange.place("1000180", "2000200")
    assert exchange.backend.ask(order_id) is Trace.LIVE
    exchange.backend.hang_up(order_id)
    exchange.over(order_id)
    assert exchange.backend.ask(order_id) is Trace.OVER
    assert exchange.backend.ask(make_order().id) is Trace.NONE


def test_called_phone_hears_the_message_and_is_hung_up(phones, tmp_path):
    before = telephones.heard(phones.lab, "201")
    text = "Hi, Jane. This is a reminder about your appointment scheduled for tomorrow."
    order_id = phones.place("", "201", text=text)
    message = tmp_path / "message.wav"
    message.write_bytes((phones.lab.sounds / f"{order_id.hex}.wav").read_bytes())
    assert str(phones.over(order_id).outcome) == "ANSWERED"
    assert likeness(message, phones.heard_since("201", before)) > 0.9
    assert not (phones.lab.sounds / f"{order_id.hex}.wav").exists()


def test_message_comes_before_the_talk(exchange):
    order_id = exchange.place("1000200", "2000200", text="One moment, please.")
    known = exchange.talking(order_id)
    played_s = (known.message_played_at - known.message_started_at).total_seconds()
    exchange.backend.hang_up(order_id)
    exchange.over(order_id)
    assert played_s > 0.8
    assert known.message_played_at <= known.legs["d"].connected_at


def test_message_that_cannot_be_played_does_not_keep_the_parties_apart(exchange):
    order = make_order("1000200", "2000200", text="Gone.", wait_for_pickup_s=5)
    exchange.place_order(order)
    exchange.backend.engine.sounds.remove(order.id)
    assert exchange.talking(order.id).message_played_at
    exchange.backend.hang_up(order.id)
    exchange.over(order.id)


def test_held_party_hears_music_and_then_the_other_again(phones):
    before = telephones.heard(phones.lab, "202")
    order_id = phones.place("1000200", "202")
    phones.talking(order_id)
    time.sleep(1.5)
    phones.backend.hold(order_id)
    phones.backend.hold(order_id)
    time.sleep(1.5)
    phones.backend.resume(order_id)
    time.sleep(1.5)
    phones.backend.hang_up(order_id)
    phones.over(order_id)
    order = [SOURCE_HZ, HOLD_HZ, SOURCE_HZ]
    assert tones(phones.heard_since("202", before), order) == order


@pytest.mark.parametrize(("leaves", "stays"), [("d", "s0"), ("s0", "d")])
def test_transferred_party_talks_with_the_new_one(exchange, tmp_path, leaves, stays):
    to = "3000201" if stays == "s0" else "1000201"
    order_id = exchange.place("1000200", "2000200", is_recorded=True)
    exchange.talking(order_id)
    exchange.backend.transfer(order_id, telephone(to), instead_of=leaves)
    exchange.backend.transfer(order_id, telephone(to), instead_of=leaves)
    known = exchange.wait(order_id, lambda known: "t0" in known.legs and known.legs["t0"].connected_at)
    assert {name for name, leg in known.legs.items() if leg.is_open} - {leaves} == {stays, "t0"}
    time.sleep(1.5)
    exchange.backend.hang_up(order_id)
    billable_ms = exchange.over(order_id).billable_ms
    assert billable_ms > 2000
    recording = exchange.recording(order_id, tmp_path / "call.wav")
    for hertz in (SOURCE_HZ if stays == "s0" else DESTINATION_HZ, SOURCE_HZ if to.startswith("1") else DESTINATION_HZ):
        assert tone_share(recording, hertz, after=billable_ms / 1000 - 1.2) > 0.2


def test_transfer_to_a_busy_one_ends_the_call(exchange):
    order_id = exchange.place("1000200", "2000200")
    exchange.talking(order_id)
    exchange.backend.transfer(order_id, telephone("3000486"), instead_of="d")
    known = exchange.over(order_id)
    assert (str(known.outcome), str(known.legs["t0"].outcome)) == ("ANSWERED", "BUSY")


@pytest.mark.parametrize("verb", ["hold", "resume"])
def test_nobody_is_held_before_they_talk(exchange, verb):
    order_id = exchange.place("1000180", "2000200")
    with pytest.raises(TelephonyError, match="not talking"):
        getattr(exchange.backend, verb)(order_id)
    exchange.backend.hang_up(order_id)
    exchange.over(order_id)


def test_waiting_source_hears_ringing(phones):
    before = telephones.heard(phones.lab, "201")
    order_id = phones.place("201", "2000203")
    phones.talking(order_id)
    phones.backend.hang_up(order_id)
    phones.over(order_id)
    assert tone_share(phones.heard_since("201", before), RINGBACK_HZ, after=0.3, until=2.5) > 0.3
