"""How calls come out on a real Asterisk. The telephones' behaviour is in the last digits: ``tests/asterisk/carrier.py``."""

from __future__ import annotations

import pytest

from calls.telephony.book import Known
from tests.calls.telephony.exchange import Exchange

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once]

FAILURES = (404, 410, 484, 488, 500, 502, 503, 604)
# name → sources, destination, seconds to wait for a pick-up, outcome
CASES = {
    "destination is busy": ("1000200", "2000486", 5, "BUSY"),
    "destination is busy everywhere": ("1000200", "2000600", 5, "BUSY"),
    "destination is busy after ringing": ("1000200", "2000231", 5, "BUSY"),
    "destination refuses": ("1000200", "2000603", 5, "REJECTED"),
    "destination is forbidden": ("1000200", "2000403", 5, "REJECTED"),
    "destination refuses after ringing": ("1000200", "2000241", 5, "REJECTED"),
    "destination rings in vain": ("1000200", "2000180", 3, "NO_ANSWER"),
    "destination does not even ring": ("1000200", "2000100", 3, "NO_ANSWER"),
    "destination is not there just now": ("1000200", "2000480", 5, "NO_ANSWER"),
    "destination takes too long": ("1000200", "2000408", 5, "NO_ANSWER"),
    **{
        f"destination fails with {s}": ("1000200", f"2000{s}", 5, f"FAILED:{s}") for s in (404, 410, 484, 488, 500, 502, 503, 604)
    },
    "destination hangs up": ("1000200", "2000212", 5, "ANSWERED"),
    "source gives up while the destination rings": ("1000212", "2000180", 9, "CANCELLED"),
    "sources: one rings in vain, one is busy": ("1000180 1000486", "2000201", 2, "NO_ANSWER"),
    "sources: one is busy, one refuses": ("1000486 1000603", "2000201", 5, "BUSY"),
    "source refuses": ("1000603", "2000201", 5, "REJECTED"),
    "source does not exist": ("1000404", "2000201", 5, "FAILED:404"),
    "source's extension does not exist": ("299", "2000201", 5, "FAILED:404"),
}


@pytest.fixture(scope="module")
def ended(exchange: Exchange) -> dict[str, Known]:
    """All cases, run at the same time."""
    placed = {name: exchange.place(case[0], case[1], wait_for_pickup_s=case[2]) for name, case in CASES.items()}
    return {name: exchange.over(order_id) for name, order_id in placed.items()}


@pytest.mark.parametrize("name", CASES)
def test_outcome_is_what_the_telephones_did(ended, name):
    assert str(ended[name].outcome) == CASES[name][3]


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("source")])
def test_only_an_answered_source_rings_the_destination(ended, name):
    assert ("d" in ended[name].legs) is name.startswith("source gives up")


def test_bills_from_the_answer_to_the_end_of_the_destination(ended):
    assert ended["destination hangs up"].billable_ms == pytest.approx(2000, abs=700)  # with the ringing it would be 3000


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[3] != "ANSWERED"])
def test_bills_nothing_else(ended, name):
    assert ended[name].billable_ms == 0


def test_waits_as_long_as_told(ended):
    leg = ended["destination rings in vain"].legs["d"]
    assert (leg.ended_at - leg.dialled_at).total_seconds() == pytest.approx(3, abs=1.5)  # the next longer wait is 5


def test_dials_each_telephone_once(exchange, ended):
    assert len(exchange.invitations("2000600")) == 1


def test_leaves_nothing_behind(exchange, ended):
    assert [name for name in exchange.left_over() if any(known.order.id.hex in name for known in ended.values())] == []
