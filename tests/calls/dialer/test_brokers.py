"""One dial per origination over each broker: workers killed around the dial, repeated messages, a broker that loses all."""

from __future__ import annotations

import signal
import threading

import pytest
from django.utils import timezone

from callhub.models import ScheduledTask
from calls import dialer
from calls.dialer import backends
from calls.models import Origination
from tests.calls.dialer.fake import NAME, JournalExchange
from tests.calls.dialer.ordering import order
from tests.children import PATIENCE_S, kept_worker, until, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def exchange(tmp_path, monkeypatch):
    exchange = JournalExchange(tmp_path / "journal")
    monkeypatch.setitem(backends._MAKERS, NAME, lambda: JournalExchange(tmp_path / "journal"))
    yield exchange
    backends._kept.__dict__.clear()


@pytest.fixture
def placed(tenant, line, exchange, monkeypatch):
    """Order a call; its own bell is not rung, the tests send what they want."""
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)
    line.backend = NAME
    line.save()
    return lambda: dialer.place(tenant, order(line))


def become_due() -> None:
    """As if the worker's time for it were over."""
    Origination.objects.update(due_at=timezone.now())


@pytest.mark.parametrize(("point", "dials"), [("dial.claimed", 1), ("dial.noted", 0), ("dial.placed", 1)])
def test_a_worker_killed_around_the_dial(broker, placed, exchange, point, dials):
    row = placed()
    for _ in range(3):
        broker.send("calls.place_call", row.pk)
    with worker(broker.url, failpoint=point) as killed:
        killed.join(PATIENCE_S)
        assert killed.exitcode == -signal.SIGKILL
    become_due()
    marker = placed()
    with worker(broker.url):
        for _ in range(3):
            broker.send("calls.sweep_originations")
            broker.send("calls.place_call", row.pk)
        broker.send("calls.place_call", marker.pk)
        until(lambda: exchange.dials(marker.pk) and exchange.dials(row.pk) >= dials)
    assert exchange.dials(row.pk) == dials
    assert exchange.dials(marker.pk) == 1


def test_a_broker_that_loses_everything(broker, placed, exchange):
    row = placed()
    broker.send("calls.place_call", row.pk)
    broker.wipe()
    become_due()
    with kept_worker(broker.url) as keep:
        broker.send("calls.sweep_originations")
        until(lambda: exchange.dials(row.pk))
        broker.wipe()
        again = placed()
        until(lambda: _sent_and_dialled(broker, keep, exchange, again))
    assert (exchange.dials(row.pk), exchange.dials(again.pk)) == (1, 1)


def test_work_that_holds_every_thread_delays_neither_a_dial_nor_the_schedule(broker, placed, exchange, monkeypatch):
    monkeypatch.setattr("calls.webhooks.fan_out", lambda tenant_id: threading.Event().wait())
    row = placed()
    for _ in range(100):
        broker.send("calls.tell_webhooks", row.tenant_id)
    with worker(broker.url, name="worker"), worker(broker.url, name="dialer"):
        until(lambda: broker.waiting("webhooks") <= 96)  # all of its threads are held
        broker.send("callhub.pulse")
        broker.send("calls.place_call", row.pk)
        until(lambda: exchange.dials(row.pk) and ScheduledTask.objects.filter(pk="pulse", started_at__isnull=False))
    assert broker.waiting("webhooks") > 80


def test_a_dial_overtakes_the_sweeps_that_wait(broker, placed, exchange, monkeypatch):
    monkeypatch.setattr("calls.missed.follow", lambda tenant_id: threading.Event().wait(0.2))
    row = placed()
    for _ in range(300):
        broker.send("calls.follow_missed", row.tenant_id)
    broker.send("calls.place_call", row.pk)
    with worker(broker.url, name="dialer"):
        until(lambda: exchange.dials(row.pk))
        assert broker.waiting("sweeps") > 100


def _sent_and_dialled(broker, keep, exchange, row) -> bool:
    """The scheduler goes on ringing, whatever became of the broker, the worker and its connection."""
    keep()
    broker.send("calls.place_call", row.pk)
    return exchange.dials(row.pk) > 0
