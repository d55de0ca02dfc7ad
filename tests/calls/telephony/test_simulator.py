"""The simulator: its table of numbers, its clock, and that it forgets nothing with a restart."""

from __future__ import annotations

import io
import wave
from datetime import UTC, datetime

import numpy as np
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from calls.telephony.base import Endpoint, EndpointKind, TelephonyError, Trace
from calls.telephony.book import Kind
from calls.telephony.simulator import SimulatorBackend
from calls.telephony.tones import FAR_HZ, NEAR_HZ
from tests.asterisk.carrier import REFUSALS
from tests.calls.telephony.memory import MemoryBook, make_order, telephone

pytestmark = pytest.mark.once

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ORDINARY = "+46701234567"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def placed(sources: str, destination: str, **fields):
    """A book with one order that was just placed, its backend and its id."""
    book = MemoryBook()
    backend, order = SimulatorBackend(book), make_order(sources, destination, **fields)
    book.add(order)
    backend.place(order)
    return book, backend, order.id


def later(clock, seconds: float, book, backend, key):
    clock.shift(seconds)
    backend.advance(key)
    return book.load(key)


def test_an_ordinary_call_rings_is_answered_and_talks(clock):
    book, backend, key = placed("210", ORDINARY)
    later(clock, 60, book, backend, key)
    times = {(fact.kind, fact.leg): (fact.at - NOW).total_seconds() for fact in book.told}
    assert times[Kind.RINGING, "d"] == pytest.approx(1.3)
    assert times[Kind.IN_HAND, "d"] == pytest.approx(3.3)
    assert times[Kind.ENDED, "d"] == pytest.approx(8.3)
    known = book.load(key)
    assert (str(known.outcome), known.billable_ms) == ("ANSWERED", 5000)


@pytest.mark.parametrize(
    ("number", "outcome", "billed_s", "lasts_s"),
    [
        ("2000486", "BUSY", 0, 0),
        ("2000600", "BUSY", 0, 0),
        ("2000603", "REJECTED", 0, 0),
        ("2000403", "REJECTED", 0, 0),
        ("2000480", "NO_ANSWER", 0, 0),
        ("2000180", "NO_ANSWER", 0, 20),
        ("2000100", "NO_ANSWER", 0, 20),
        ("2000212", "ANSWERED", 2, 3),
        ("2000215", "ANSWERED", 5, 6),
        ("2000231", "BUSY", 0, 1),
        ("2000243", "REJECTED", 0, 3),
        *((f"2000{status}", f"FAILED:{status}", 0, 0) for status in (404, 410, 484, 488, 500, 502, 503, 604)),
    ],
)
def test_sandbox_numbers_do_what_the_table_says(clock, number, outcome, billed_s, lasts_s):
    book, backend, key = placed("1000200", number)
    known = later(clock, 60, book, backend, key)
    assert (str(known.outcome), known.billable_ms) == (outcome, billed_s * 1000)
    assert (known.over_at - NOW).total_seconds() == lasts_s


@pytest.mark.parametrize("status", REFUSALS)
def test_every_refusal_of_the_lab_is_one_here(clock, status):
    book, backend, key = placed("1000200", f"2000{status}")
    leg = later(clock, 1, book, backend, key).legs["d"]
    assert leg.sip_status == status
    assert leg.answered_at is None


def test_the_sandbox_extension_is_ordinary_unless_it_chooses(clock):
    for digits, outcome in (("0003*00", "ANSWERED"), ("0003*00486", "BUSY")):
        order = make_order("1000200", "2000200")
        book = MemoryBook()
        backend = SimulatorBackend(book)
        order = type(order)(id=order.id, sources=order.sources, destination=Endpoint(kind=EndpointKind.EXTENSION, digits=digits))
        book.add(order)
        backend.place(order)
        assert str(later(clock, 60, book, backend, order.id).outcome) == outcome


def test_the_first_source_to_pick_up_wins_and_the_others_are_dropped(clock):
    book, backend, key = placed("1000203 1000201 1000486", "2000201")
    known = later(clock, 10, book, backend, key)
    assert known.chosen == "s1"
    assert str(known.legs["s0"].outcome) == "CANCELLED"
    assert str(known.legs["s2"].outcome) == "BUSY"


def test_the_maximum_duration_ends_a_call_to_the_millisecond(clock):
    book, backend, key = placed("1000200", "2000201", max_duration_s=7)
    assert later(clock, 100, book, backend, key).billable_ms == 7000


def test_a_message_is_said_and_then_the_call_ends(clock):
    book, backend, key = placed("", "2000201", text="Your table is ready.")
    assert later(clock, 2, book, backend, key).over_at is None
    known = later(clock, 3, book, backend, key)
    assert (str(known.outcome), known.billable_ms) == ("ANSWERED", 2400)


def test_a_held_call_waits_and_goes_on(clock):
    book, backend, key = placed("210", ORDINARY)
    later(clock, 4, book, backend, key)
    backend.hold(key)
    assert later(clock, 30, book, backend, key).over_at is None
    backend.resume(key)
    assert later(clock, 30, book, backend, key).over_at is not None


def test_a_transfer_brings_in_another_telephone(clock):
    book, backend, key = placed("1000200", "2000201")
    later(clock, 3, book, backend, key)
    backend.transfer(key, telephone("2000212"), instead_of="s0")
    known = later(clock, 60, book, backend, key)
    assert (str(known.outcome), str(known.legs["t0"].outcome)) == ("ANSWERED", "ANSWERED")
    assert known.billable_ms == 5000  # answered after 1, transferred after 3, talked 2 after another


def test_holding_needs_two_who_talk(clock):
    _, backend, key = placed("210", "2000180")
    with pytest.raises(TelephonyError):
        backend.hold(key)


def test_hanging_up_ends_every_leg_as_often_as_one_likes(clock):
    book, backend, key = placed("1000200", "2000180")
    clock.shift(3)
    for _ in range(2):
        backend.hang_up(key)
    known = book.load(key)
    assert (str(known.outcome), known.billable_ms) == ("CANCELLED", 0)
    assert not any(leg.is_open for leg in known.legs.values())
    assert backend.ask(key) is Trace.OVER


def test_what_it_knows_of_an_order():
    book = MemoryBook()
    order = make_order("1000200", "2000180")
    book.add(order)
    backend = SimulatorBackend(book)
    assert backend.ask(order.id) is Trace.NONE
    backend.place(order)
    assert backend.ask(order.id) is Trace.LIVE


@given(looks=st.lists(st.floats(0, 5), max_size=12))
def test_when_and_how_often_somebody_looks_changes_nothing(looks):
    """Also by others than who placed it: a new backend each time, as after a restart."""
    with time_machine.travel(NOW, tick=False) as clock:
        seen = []
        for pauses in ([60.0], [*looks, 60.0]):
            clock.move_to(NOW)
            book, _, key = placed("210 1000486", ORDINARY)
            for pause in pauses:
                clock.shift(pause)
                SimulatorBackend(book).advance(key)
            seen.append([(fact.kind, fact.leg, fact.at) for fact in book.told])
        assert seen[0] == seen[1]


def test_the_recording_has_each_party_on_a_side_of_its_own(clock):
    book, backend, key = placed("1000200", "2000215", is_recorded=True)
    known = later(clock, 60, book, backend, key)
    sound = io.BytesIO()
    size = backend.fetch_recording(known.recording, sound)
    assert size == len(sound.getvalue())
    with wave.open(io.BytesIO(sound.getvalue())) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8000, 5 * 8000)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    assert strongest(samples[:, 0]) == pytest.approx(NEAR_HZ, abs=5)
    assert strongest(samples[:, 1]) == pytest.approx(FAR_HZ, abs=5)


def test_a_silent_party_is_silent_in_the_recording(clock):
    book, backend, key = placed("1000220", "2000201", is_recorded=True, max_duration_s=3)
    known = later(clock, 60, book, backend, key)
    sound = io.BytesIO()
    backend.fetch_recording(known.recording, sound)
    samples = np.frombuffer(sound.getvalue()[44:], dtype="<i2").reshape(-1, 2)
    assert not samples[:, 0].any()
    assert samples[:, 1].any()


def strongest(samples: np.ndarray) -> float:
    """The frequency there is most of."""
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.fft.rfftfreq(len(samples), 1 / 8000)[spectrum.argmax()])
