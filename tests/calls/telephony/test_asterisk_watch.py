"""Calls that callhub did not order: nine kinds from the outside, and one between two of the exchange's own telephones."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from calls.choices import Direction
from calls.telephony.asterisk import Journal, Listener, Place, WatchedCall, Watcher
from tests.asterisk import telephones
from tests.asterisk.lab import Lab
from tests.calls.telephony.exchange import Exchange
from tests.calls.telephony.memory import PATIENCE_S

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once]

CLOCKS_S = 0.7  # an event and the line of the journal about it are written by two threads, on a machine that may be busy
LENGTH_S = 0.7  # a telephone that hangs up after two seconds may come late; with the ringing it would be a second more
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
        self.exchange = exchange
        self.reports: dict[str, list[WatchedCall]] = {}
        journal = Journal(exchange.lab.journal)
        journal.refresh()
        self.place = journal.place

    def report(self, call: WatchedCall) -> None:
        self.reports.setdefault(call.id, []).append(call)

    def open_calls(self) -> list[WatchedCall]:
        return [calls[-1] for calls in self.reports.values() if calls[-1].ended_at is None]

    def load_place(self) -> Place:
        return self.place

    def keep_place(self, place: Place) -> None:
        self.place = place

    @contextmanager
    def listening(self) -> Iterator[None]:
        """A new listener runs; it knows what the one before has told."""
        stop, heard = threading.Event(), threading.Event()
        listener = Listener(Watcher(self.exchange.switch, self), stop=stop.is_set, beat=heard.set)
        thread = threading.Thread(target=listener.run, daemon=True)
        thread.start()
        assert heard.wait(PATIENCE_S)
        yield
        stop.set()
        thread.join(PATIENCE_S)

    def ended(self, count: int):
        deadline = time.monotonic() + PATIENCE_S
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
            caller.wait(PATIENCE_S)
    return {call.caller_number: call for call in calls}, watch, own


@pytest.mark.parametrize("n", range(len(CASES)))
def test_inbound_call_is_logged_as_it_was(watched, n):
    number, outcome, seconds = CASES[n]
    call = watched[0][f"4670000000{n}"]
    assert (str(call.outcome), call.direction, call.called_number) == (outcome, Direction.INBOUND, number)
    assert call.billable_ms / 1000 == pytest.approx(seconds, abs=LENGTH_S if seconds else 0)
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
        deadline = time.monotonic() + PATIENCE_S
        while not any(reports[-1].answered_at for reports in watch.reports.values()) and time.monotonic() < deadline:
            time.sleep(0.1)
    caller.wait(PATIENCE_S)
    time.sleep(1)
    with watch.listening():
        (call,) = watch.ended(1)
    assert (str(call.outcome), call.billable_ms) == ("ANSWERED", pytest.approx(2000, abs=1000 * LENGTH_S))


def test_call_that_began_unheard_is_taken_up(exchange, lab: Lab):
    watch = Watch(exchange)
    caller = telephones.call_from_outside(lab, "2000201", "46700000078", port=10)
    time.sleep(1.6)
    with watch.listening():
        (call,) = watch.ended(1)
    caller.wait(PATIENCE_S)
    assert (call.caller_number, str(call.outcome), call.direction) == ("46700000078", "ANSWERED", Direction.INBOUND)


@pytest.mark.parametrize("n", range(len(CASES)))
def test_journal_tells_what_the_events_told(watched, exchange, n):
    heard = watched[0][f"4670000000{n}"]
    again = _by_journal(exchange)[heard.id]
    told = ("direction", "caller_number", "caller_name", "called_number", "started_at", "answered_at", "ended_at", "outcome")
    assert [getattr(again, name) for name in told if name[-3:] != "_at"] == [
        getattr(heard, name) for name in told if name[-3:] != "_at"
    ]
    for name in ("started_at", "answered_at", "ended_at"):
        one, other = getattr(again, name), getattr(heard, name)
        assert (one is None) == (other is None)
        assert one is None or abs((one - other).total_seconds()) < CLOCKS_S
    assert [(leg.number, leg.outcome) for leg in again.legs] == [(leg.number, leg.outcome) for leg in heard.legs]


def _by_journal(exchange: Exchange) -> dict[str, WatchedCall]:
    """What a watcher makes of the journal that heard nothing."""
    watch = Watch(exchange)
    watch.place = Place(file_id="", offset=0)
    Watcher(exchange.switch, watch).reconcile(None)
    return {call_id: reports[-1] for call_id, reports in watch.reports.items()}


def test_call_that_came_and_went_unheard_is_told_once(exchange):
    watch = Watch(exchange)
    telephones.call_from_outside(exchange.lab, "2000212", "46700000079", port=11).wait(PATIENCE_S)
    time.sleep(1)
    for _ in range(2):
        with watch.listening():
            watch.ended(1)
    ((report,),) = watch.reports.values()
    assert (report.caller_number, str(report.outcome), report.billable_ms) == (
        "46700000079",
        "ANSWERED",
        pytest.approx(2000, abs=1000 * LENGTH_S),
    )


def test_our_own_calls_are_none_of_the_journals(watched, exchange):
    own = watched[2]
    assert own.hex in exchange.lab.journal.read_text()
    assert not any(own.hex in call_id for call_id in _by_journal(exchange))
