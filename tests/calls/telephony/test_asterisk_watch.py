"""Calls that callhub did not order: nine kinds from the outside, and one between two of the exchange's own telephones."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from calls.choices import Direction
from calls.telephony.asterisk import Listener, Watcher
from tests.asterisk import telephones
from tests.asterisk.lab import Lab
from tests.calls.telephony.exchange import Exchange

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once]

# number dialled, outcome, seconds billed; the exchange lets its telephones ring for four seconds
CASES = [
    ("2000201", "ANSWERED", 2.0),
    ("2000212", "ANSWERED", 2.0),
    ("2000486", "BUSY", 0),
    ("2000603", "REJECTED", 0),
    ("2000404", "FAILED:404", 0),
    ("2000503", "FAILED:503", 0),
    ("2000231", "BUSY", 0),
    ("2000180", "NO_ANSWER", 0),
    ("2000180", "CANCELLED", 0),
]


class Watch:
    """What was reported, by call."""

    def __init__(self, exchange: Exchange) -> None:
        self.reports: dict[str, list] = {}
        self.watcher = Watcher(exchange.switch, lambda call: self.reports.setdefault(call.id, []).append(call))

    @contextmanager
    def listening(self) -> Iterator[None]:
        stop, heard = threading.Event(), threading.Event()
        thread = threading.Thread(target=Listener(self.watcher, stop=stop.is_set, beat=heard.set).run, daemon=True)
        thread.start()
        assert heard.wait(10)
        yield
        stop.set()
        thread.join(10)

    def ended(self, count: int):
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            found = [reports[-1] for reports in self.reports.values() if reports[-1].ended_at]
            if len(found) >= count:
                return found
            time.sleep(0.1)
        raise AssertionError(f"only {len(found)} calls ended: {self.reports}")


@pytest.fixture(scope="module")
def watched(exchange: Exchange):
    """The nine calls, at the same time as one of our own; by caller."""
    watch = Watch(exchange)
    with watch.listening():
        own = exchange.place()
        callers = [
            telephones.call_from_outside(exchange.lab, number, f"4670000000{n}", port=n, gives_up=outcome == "CANCELLED")
            for n, (number, outcome, _) in enumerate(CASES)
        ]
        calls = watch.ended(len(CASES))
        exchange.backend.hang_up(own)
        exchange.over(own)
        for caller in callers:
            caller.wait(15)
    return {call.caller_number: call for call in calls}, watch, own


@pytest.mark.parametrize("n", range(len(CASES)))
def test_inbound_call_is_logged_as_it_was(watched, n):
    number, outcome, seconds = CASES[n]
    call = watched[0][f"4670000000{n}"]
    assert (str(call.outcome), call.direction, call.called_number) == (outcome, Direction.INBOUND, number)
    assert call.billable_ms / 1000 == pytest.approx(seconds, abs=0.1)
    assert [(leg.number, str(leg.outcome)) for leg in call.legs] == [(number, outcome)]


def test_our_own_call_is_left_out(watched):
    calls, watch, own = watched
    assert len(watch.reports) == len(calls) == len(CASES)
    assert not any(own.hex in call_id for call_id in watch.reports)


def test_a_call_is_reported_while_it_lasts(watched):
    reports = watched[1].reports[watched[0]["46700000000"].id]
    assert [bool(report.answered_at) for report in reports] == sorted(bool(report.answered_at) for report in reports)
    assert reports[0].answered_at is None
    assert any(report.answered_at and not report.ended_at for report in reports)


@pytest.mark.parametrize(("dialled", "direction"), [("202", Direction.INTERNAL), ("2000212", Direction.OUTBOUND)])
def test_direction_of_what_the_exchange_dials_is_told_by_the_trunk(exchange, dialled, direction):
    watch = Watch(exchange)
    for extension in telephones.SAYS:
        telephones.start_phone(exchange.lab, extension)
    with watch.listening():
        exchange.lab.console(f"channel originate Local/{dialled}@from-users application Wait 2")
        calls = watch.ended(1)
    assert direction in {call.direction for call in calls}


def test_call_that_ends_unheard_is_ended_by_the_journal(exchange):
    watch = Watch(exchange)
    with watch.listening():
        caller = telephones.call_from_outside(exchange.lab, "2000201", "46700000077", port=9)
        deadline = time.monotonic() + 8
        while not any(reports[-1].answered_at for reports in watch.reports.values()) and time.monotonic() < deadline:
            time.sleep(0.1)
    caller.wait(15)
    time.sleep(1)
    with watch.listening():
        (call,) = watch.ended(1)
    assert (str(call.outcome), call.billable_ms) == ("ANSWERED", pytest.approx(2000, abs=100))


def test_call_that_began_unheard_is_taken_up(exchange, lab: Lab):
    caller = telephones.call_from_outside(lab, "2000201", "46700000078", port=10)
    time.sleep(1.6)
    watch = Watch(exchange)
    with watch.listening():
        (call,) = watch.ended(1)
    caller.wait(15)
    assert (call.caller_number, str(call.outcome), call.direction) == ("46700000078", "ANSWERED", Direction.INBOUND)
