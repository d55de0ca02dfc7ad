"""How facts change what is known: only forward, once, and nothing after the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calls.telephony import flow
from calls.telephony.asterisk import Engine, Switch, names
from calls.telephony.book import Kind, Known, Progress, apply
from calls.telephony.disposition import ANSWERED, CANCELLED
from tests.calls.telephony.fake_ari import FakeAri
from tests.calls.telephony.memory import MemoryBook, make_order

pytestmark = pytest.mark.once

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def after(known: Known, *facts: str, second: float = 0) -> Known:
    """Facts as ``leg.kind`` or ``kind``, a second apart."""
    for n, fact in enumerate(facts):
        leg, _, kind = fact.rpartition(".")
        at = BEGIN + timedelta(seconds=second + n)
        known = apply(known, Progress(order_id=known.order.id, kind=Kind(kind), leg=leg, at=at, outcome=ANSWERED))
    return known


TALKING = ["s0.dialling", "s1.dialling", "s0.answered", "s0.in_hand", "s0.chosen", "d.dialling", "d.in_hand", "d.connected"]


@pytest.fixture
def known():
    return Known(order=make_order("1000200 1000201"))


@pytest.mark.parametrize("leg", ["s0", "d", "t0"])
def test_nobody_is_dialled_after_a_hang_up(known, leg):
    known = after(known, "cancelled")
    assert after(known, f"{leg}.dialling") is known


def test_a_choice_is_final(known):
    known = after(known, "s0.dialling", "s1.dialling", "s0.in_hand", "s1.in_hand", "s1.chosen")
    assert after(known, "s0.chosen") is known


@pytest.mark.parametrize("fact", ["s0.ringing", "s0.answered", "s0.in_hand", "s0.ended", "s0.chosen", "s0.dialling"])
def test_a_leg_that_ended_stays_as_it_was(known, fact):
    known = after(known, "s0.dialling", "s0.ended")
    assert after(known, fact, second=60) is known


@pytest.mark.parametrize("fact", ["s0.ringing", "s0.answered", "s0.ended"])
def test_nothing_happens_to_a_leg_that_was_never_dialled(known, fact):
    assert after(known, fact) is known


@pytest.mark.parametrize("fact", [*TALKING, "cancelled", "message_played", "over"])
def test_a_fact_is_news_once(known, fact):
    known = after(known, *TALKING, "cancelled", "message_played", "over")
    assert after(known, fact, second=60) is known


def test_only_a_recording_comes_after_the_end(known):
    known = after(known, *TALKING, "over")
    told = Progress(order_id=known.order.id, kind=Kind.RECORDED, at=BEGIN, recording="x")
    later = apply(known, told)
    assert later.recording == "x"
    assert apply(later, told) is later


def test_an_end_is_never_before_the_answer(known):
    known = after(known, "s0.dialling", "s0.answered", second=10)
    assert after(known, "s0.ended").legs["s0"].ended_at == known.legs["s0"].answered_at


def test_transfer_changes_who_is_near_and_far(known):
    known = after(known, *TALKING)
    told = Progress(
        order_id=known.order.id, kind=Kind.DIALLING, leg="t0", at=BEGIN, endpoint=known.order.destination, instead_of="s0"
    )
    known = apply(known, told)
    assert flow.parties(known) == flow.Parties("d", "t0")
    assert flow.unwanted(known) == {"s0", "s1"}


def test_bills_from_the_destinations_answer_to_its_end(known):
    known = after(known, *TALKING)
    known = after(known, "d.ended", second=30)
    assert flow.billable_ms(known) == 24_000


def test_dial_that_crosses_a_hang_up_is_dropped_at_its_first_sign():
    """A worker noted the dial, somebody hung up, then the request went out."""
    ari, book = FakeAri(), MemoryBook()
    engine, order = Engine(ari, book, Switch(url="http://pbx", user="u", password="p")), make_order()
    known = book.add(order)
    originate = ari.originate

    def hang_up_first(channel, endpoint, **options):
        engine.tell(order.id, Kind.CANCELLED)
        engine.settle(order.id)
        return originate(channel, endpoint, **options)

    ari.originate = hang_up_first
    engine.dial(known, "s0")
    assert list(ari.live) == [names.channel_of(order.id, "s0")]
    while ari.queue:
        engine.handle(ari.queue.pop(0))
    assert ari.live == {}
    assert book.load(order.id).outcome == CANCELLED
