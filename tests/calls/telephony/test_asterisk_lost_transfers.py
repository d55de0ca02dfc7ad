"""A transfer whose event was lost: a listener died at that moment."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from calls.telephony.asterisk import names
from tests.asterisk.desk import DeskPhone
from tests.asterisk.lab import Lab
from tests.calls.telephony.exchange import running_lab
from tests.calls.telephony.memory import PATIENCE_S
from tests.calls.telephony.transferring import COLLEAGUE, attended, blind, reconcile, together

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One of this file's own: what telephones do by themselves are calls that other tests would see."""
    with running_lab() as lab:
        yield lab


@pytest.mark.parametrize("key", [blind, attended])
def test_transfer_of_which_the_event_was_lost_is_found_afterwards(own_exchange, key):
    with DeskPhone(own_exchange.lab) as desk:
        with own_exchange.listening():
            order_id = own_exchange.place("203", "2000200")
            own_exchange.talking(order_id)
        with own_exchange.switch.connect().events():  # Asterisk sends it, and it is lost
            key(desk, COLLEAGUE)
            deadline = time.monotonic() + PATIENCE_S
            while names.channel_of(order_id, "s0") in together(own_exchange, order_id):
                assert time.monotonic() < deadline
        desk.hang_up(desk.calls[0])
        with own_exchange.listening():
            reconcile(own_exchange)
            known = own_exchange.book.load(order_id)
            assert (known.legs["d"].is_open, known.legs["t0"].is_open, known.over_at) == (True, True, None)
            own_exchange.backend.hang_up(order_id)
            own_exchange.over(order_id)
