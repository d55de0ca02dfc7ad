"""How long a call is tried, when an orphan goes on, and what is billed where nobody knows."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from calls import dialer
from calls.choices import OriginationState
from calls.dialer import backends
from calls.dialer.guarding import alone
from calls.models import Origination, TelephonyListener
from calls.telephony.base import TelephonyError, Trace, Unanswered
from calls.telephony.book import Kind
from tests.calls.dialer.fake import NAME, JournalExchange, stand_in
from tests.calls.dialer.ordering import ORDINARY, order

pytestmark = pytest.mark.django_db(transaction=True)

RESUMES_WITHIN = timedelta(seconds=20)  # with a sweep each five seconds


@pytest.fixture
def exchange(tmp_path, monkeypatch):
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)
    exchange = JournalExchange(tmp_path / "journal")
    stand_in(exchange)
    yield exchange
    backends._kept.__dict__.clear()


@pytest.fixture
def placed(tenant, line, exchange):
    line.backend = NAME
    line.save()
    return lambda **fields: dialer.place(tenant, order(line, **fields))


def sweep_after(seconds: float) -> None:
    """What the sweeper does so much later."""
    with time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=False):
        for key in dialer.overdue():
            dialer.look_after(key)


def no_exchange(order):
    raise TelephonyError("Asterisk cannot be reached", permanent=False)


def test_nobody_is_rung_while_nobody_listens(placed, exchange, monkeypatch):
    monkeypatch.setattr(JournalExchange, "needs_listener", True)
    row = placed()
    TelephonyListener.objects.create(server="asterisk", process="x", heard_at=timezone.now() - timedelta(seconds=16))
    dialer.place_call(str(row.pk))
    row.refresh_from_db()
    assert (row.state, exchange.dials()) == (OriginationState.QUEUED, 0)
    TelephonyListener.objects.update(heard_at=timezone.now())
    sweep_after(5)
    assert exchange.dials() == 0, "it was heard a moment ago, but its process is gone"
    with alone("asterisk", lambda: False):
        TelephonyListener.objects.update(process="")
        sweep_after(10)
        assert exchange.dials() == 0, "its process is there, and has no connection"
        TelephonyListener.objects.update(process="x")
        sweep_after(14)
    assert exchange.dials(row.pk) == 1


@pytest.mark.parametrize("wait", [8, 90])
def test_an_exchange_that_is_not_there_is_tried_as_long_as_telephones_would_ring(placed, exchange, monkeypatch, wait):
    monkeypatch.setattr(exchange, "place", no_exchange)
    row = placed(wait_for_pickup_s=wait)
    dialer.place_call(str(row.pk))
    sweep_after(wait - 2)
    row.refresh_from_db()
    assert row.state == OriginationState.QUEUED
    sweep_after(wait + 2)
    row.refresh_from_db()
    assert (row.state, row.disposition, row.disposition_detail) == ("ended", "failed", "503")
    assert row.reason == "Asterisk cannot be reached"


def test_a_call_whose_worker_died_goes_on_soon(placed, exchange):
    row = placed()
    claimed = Origination.objects.filter(pk=row.pk)
    claimed.update(state=OriginationState.DISPATCHING)
    claimed.update(due_at=timezone.now() + timedelta(seconds=10))
    sweep_after(RESUMES_WITHIN.total_seconds())
    assert exchange.dials(row.pk) == 1


def test_telephones_a_dead_worker_left_out_are_rung_soon(placed, exchange):
    row = placed(sources=("210", ORDINARY), wait_for_pickup_s=30)
    Origination.objects.filter(pk=row.pk).update(state=OriginationState.DISPATCHING)
    exchange.tell(row.pk, Kind.DIALLING, "s0")
    exchange._write(f"dial {row.pk} s0")
    exchange.tell(row.pk, Kind.RINGING, "s0")
    sweep_after(RESUMES_WITHIN.total_seconds())
    assert exchange.lines() == [f"dial {row.pk} s0", f"dial {row.pk} s1"]


def test_a_dial_the_exchange_never_heard_of_has_failed_and_is_not_made(placed, exchange, monkeypatch):
    monkeypatch.setattr(exchange, "ask", lambda order_id: Trace.NONE)
    row = placed()
    Origination.objects.filter(pk=row.pk).update(state=OriginationState.DISPATCHING)
    exchange.tell(row.pk, Kind.DIALLING, "s0")
    sweep_after(11)
    row.refresh_from_db()
    assert row.is_live, "it may be on its way"
    sweep_after(60)
    row.refresh_from_db()
    assert (row.state, row.disposition, row.disposition_detail) == ("ended", "failed", "503")
    assert exchange.dials() == 0


def test_a_talk_of_which_nobody_heard_the_end_is_billed_until_the_exchange_was_last_heard(placed, exchange, monkeypatch):
    def silent(order_id):
        raise Unanswered("no answer")

    row = placed(max_duration_s=60)
    for leg in ("s0", "d"):
        exchange.tell(row.pk, Kind.DIALLING, leg)
        exchange.tell(row.pk, Kind.IN_HAND, leg)
        exchange.tell(row.pk, Kind.CONNECTED, leg)
    row.refresh_from_db()
    TelephonyListener.objects.create(server="asterisk", process="x", heard_at=row.answered_at + timedelta(seconds=20))
    monkeypatch.setattr(exchange, "ask", silent)
    sweep_after(3600)
    row.refresh_from_db()
    assert (row.state, row.disposition, row.billable_ms) == ("ended", "answered", 20_000)
