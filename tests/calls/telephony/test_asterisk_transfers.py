"""A telephone of a click-to-call presses its transfer key: its owner leaves, the other side talks on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from calls.telephony.asterisk import names
from tests.asterisk.desk import DeskPhone
from tests.asterisk.lab import Lab
from tests.calls.telephony.exchange import Exchange, running_lab
from tests.calls.telephony.transferring import attended, blind, reconcile, together, transferred

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once]

CALLS = {"near": ("203", "2000200", "d"), "far": ("1000200", "203", "s0")}  # the desk phone's side → source, destination, other


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One of this file's own: what telephones do by themselves are calls that other tests would see."""
    with running_lab() as lab:
        yield lab


@pytest.fixture
def desk(exchange: Exchange) -> Iterator[DeskPhone]:
    with DeskPhone(exchange.lab) as desk:
        yield desk


@pytest.mark.parametrize("side", CALLS)
@pytest.mark.parametrize("key", [blind, attended])
def test_other_side_talks_on_with_the_new_party(exchange, desk, key, side):
    source, destination, other = CALLS[side]
    order_id = exchange.place(source, destination)
    exchange.talking(order_id)
    transferred(exchange, desk, order_id, key)
    reconcile(exchange)
    known = exchange.book.load(order_id)
    assert sorted(together(exchange, order_id)) == sorted(names.channel_in(known, leg) for leg in (other, "t0"))
    assert (known.legs[other].is_open, known.over_at) == (True, None)
    exchange.backend.hang_up(order_id)
    assert str(exchange.over(order_id).outcome) == "ANSWERED"
    reconcile(exchange)
    assert [row for row in exchange.left_over() if order_id.hex in row] == []


@pytest.mark.parametrize("key", [blind, attended])
def test_call_ends_with_the_new_party_and_is_billed_until_then(exchange, desk, key):
    order_id = exchange.place("203", "2000200")
    exchange.talking(order_id)
    transferred(exchange, desk, order_id, key)
    known = exchange.wait(order_id, lambda known: not known.legs["s0"].is_open)
    assert exchange.switch.connect().drop(names.channel_in(known, "t0"))
    known = exchange.over(order_id)
    talked = max(known.legs["d"].ended_at, known.legs["t0"].ended_at) - known.legs["d"].answered_at
    assert known.billable_ms == round(talked / timedelta(milliseconds=1))
    assert known.legs["t0"].ended_at > known.legs["s0"].ended_at


def test_transfer_to_somebody_who_is_busy_ends_the_call(exchange, desk):
    order_id = exchange.place("203", "2000200")
    exchange.talking(order_id)
    desk.transfer(desk.calls[0], "2000486")
    known = exchange.over(order_id)
    assert (str(known.outcome), known.legs["t0"].answered_at) == ("ANSWERED", None)
    assert (known.legs["t0"].endpoint.digits, known.legs["t0"].instead_of) == ("2000486", "s0")
