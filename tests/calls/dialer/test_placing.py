"""Taking orders: what is written, what is refused, and that it is all or nothing."""

from __future__ import annotations

import pytest

from calls import dialer
from calls.choices import Direction
from tests.calls.dialer.ordering import order

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_whole_call_takes_less_than_ten_seconds(tenant, line, clock):
    placed = dialer.place(tenant, order(line))
    clock.shift(10)
    row = dialer.refresh(placed)
    assert (row.state, row.disposition, row.billable_ms) == ("ended", "answered", 5000)
    call = row.call
    call.refresh_from_db()
    assert (call.state, call.disposition, call.talk_ms, call.ring_ms) == ("ended", "answered", 5000, 3300)
    assert call.ring_ms + call.talk_ms == call.duration_ms
    assert [(leg.role, leg.disposition) for leg in call.legs.all()] == [("source", "answered"), ("destination", "answered")]
    assert (call.direction, call.line, call.agent.name) == (Direction.OUTBOUND, line, "Ann")
