"""One dial per origination: repeats, duplicates, silence, zombies, and a worker killed at any point."""

from __future__ import annotations

import multiprocessing
import signal
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from calls import dialer
from calls.choices import OriginationState
from calls.dialer import backends, dispatching
from calls.models import DialUse, Origination
from calls.telephony.base import TelephonyError
from calls.telephony.book import Kind
from tests.calls.dialer.fake import NAME, JournalExchange, stand_in
from tests.calls.dialer.ordering import order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def exchange(tmp_path):
    exchange = JournalExchange(tmp_path / "journal")
    stand_in(exchange)
    yield exchange
    backends._kept.__dict__.clear()


@pytest.fixture
def real_line(line):
    line.backend = NAME
    line.save()
    return line


@pytest.fixture
def no_bell(settings, monkeypatch):
    """Every message of the broker is lost."""
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)


def look_after_everything(later: timedelta) -> None:
    """What the sweeper does, some time later."""
    with time_machine.travel(timezone.now() + later, tick=False):
        for key in dialer.overdue():
            dialer.look_after(key)


def test_a_message_that_comes_three_times_dials_once(tenant, real_line, exchange):
    row = dialer.place(tenant, order(real_line))
    for _ in range(3):
        dialer.place_call(str(row.pk))
    assert exchange.dials(row.pk) == 1


def test_a_lost_bell_is_made_up_for(tenant, real_line, exchange, no_bell):
    row = dialer.place(tenant, order(real_line))
    assert exchange.dials() == 0
    look_after_everything(timedelta(seconds=5))
    assert exchange.dials(row.pk) == 1


def test_a_call_nobody_placed_in_time_is_not_made(tenant, real_line, exchange, no_bell):
    row = dialer.place(tenant, order(real_line))
    look_after_everything(timedelta(minutes=2))
    row.refresh_from_db()
    assert (row.state, row.disposition, row.disposition_detail) == ("ended", "failed", "503")
    assert exchange.dials() == 0
    assert DialUse.objects.get(meter="legs").used == 0


def test_messages_about_what_is_not_there_do_nothing(tenant, exchange):
    for key in ("0195a3c2-0000-7000-8000-000000000000",):
        dialer.place_call(key)
        dialer.look_after(key)
        dialer.hang_up_call(key)
    assert exchange.lines() == []


def test_silence_leaves_it_unknown_and_asks(tenant, real_line, exchange):
    exchange.is_deaf = True
    row = dialer.place(tenant, order(real_line))
    row.refresh_from_db()
    assert row.state == OriginationState.UNKNOWN
    for _ in range(4):
        look_after_everything(timedelta(seconds=20))
    assert exchange.dials(row.pk) == 1
    exchange.tell(row.pk, Kind.RINGING, "s0")
    row.refresh_from_db()
    assert row.state == OriginationState.RINGING


def test_what_could_not_be_tried_is_tried_again(tenant, real_line, exchange, monkeypatch):
    def nobody_listens(order):
        raise TelephonyError("nobody listens", permanent=False)

    with monkeypatch.context() as patch:
        patch.setattr(exchange, "place", nobody_listens)
        row = dialer.place(tenant, order(real_line))
    row.refresh_from_db()
    assert row.state == OriginationState.QUEUED
    look_after_everything(timedelta(seconds=5))
    assert exchange.dials(row.pk) == 1


def test_what_is_refused_for_good_ends(tenant, real_line, exchange, monkeypatch):
    def refuses(order):
        raise TelephonyError("no speech engine is installed")

    monkeypatch.setattr(exchange, "place", refuses)
    row = dialer.place(tenant, order(real_line))
    row.refresh_from_db()
    assert (row.state, row.reason) == ("ended", "no speech engine is installed")


def test_a_zombie_that_wakes_up_dials_nothing(tenant, real_line, exchange, no_bell):
    """A worker that was stopped after its claim, while another one did its work."""
    row = dialer.place(tenant, order(real_line))
    claimed = Origination.objects.filter(pk=row.pk)
    claimed.update(state=OriginationState.DISPATCHING, due_at=timezone.now())
    zombie = claimed.select_related("tenant").get()
    dialer.look_after(str(row.pk))
    dispatching._try(zombie)
    assert exchange.dials(row.pk) == 1


def test_a_zombie_cannot_dial_after_a_hang_up(tenant, real_line, exchange, no_bell):
    row = dialer.place(tenant, order(real_line))
    Origination.objects.filter(pk=row.pk).update(state=OriginationState.DISPATCHING)
    zombie = Origination.objects.select_related("tenant").get(pk=row.pk)
    assert dialer.hang_up(row).disposition == "cancelled"
    dispatching._try(zombie)
    assert exchange.dials() == 0


def test_a_hang_up_before_the_dial_wins(tenant, real_line, exchange, no_bell):
    row = dialer.hang_up(dialer.place(tenant, order(real_line)))
    dialer.place_call(str(row.pk))
    assert (row.state, row.disposition, exchange.dials()) == ("ended", "cancelled", 0)


def test_a_hang_up_that_was_lost_is_made_up_for(tenant, real_line, exchange, monkeypatch):
    row = dialer.place(tenant, order(real_line))
    with monkeypatch.context() as patch:
        patch.setattr("callhub.doorbell.ring", lambda *args: None)
        dialer.hang_up(row)
    assert exchange.ask(row.pk) == "live"
    look_after_everything(timedelta(seconds=10))
    row.refresh_from_db()
    assert (row.state, row.disposition) == ("ended", "cancelled")


@pytest.mark.parametrize(
    ("point", "dials", "disposition"),
    [("dial.claimed", 1, "cancelled"), ("dial.noted", 0, "failed"), ("dial.placed", 1, "cancelled")],
)
def test_a_worker_killed_around_the_dial(tenant, real_line, exchange, no_bell, point, dials, disposition):
    row = dialer.place(tenant, order(real_line))
    assert killed_worker(row, point) == -signal.SIGKILL
    for seconds in (40, 60, 90, 200):
        look_after_everything(timedelta(seconds=seconds if point != "dial.claimed" else 40))
    row.refresh_from_db()
    if row.is_live:
        dialer.hang_up(row)
        dialer.hang_up_call(str(row.pk))
        row.refresh_from_db()
    assert exchange.dials(row.pk) == dials
    assert (row.state, row.disposition) == ("ended", disposition)
    row.call.refresh_from_db()
    assert row.call.state == "ended"
    assert DialUse.objects.get(meter="legs").used == 0


def killed_worker(row: Origination, point: str) -> int:
    """Place the call in a process of its own that dies at the failpoint; how it ended."""
    connection.close()
    process = multiprocessing.get_context("fork").Process(target=_work, args=(str(row.pk), point))
    process.start()
    process.join(60)
    return process.exitcode


def _work(key: str, point: str) -> None:
    with override_settings(CALLHUB_FAILPOINT=f"{point}:kill"):
        dialer.place_call(key)
