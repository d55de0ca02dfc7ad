"""Ringing never makes the caller wait or fail."""

import threading

import pytest
from celery import Celery
from django.db import transaction

from callhub import doorbell
from callhub.celery import app
from tests import brokers
from tests.children import until


@app.task(name="tests.doorbell.note")
def note(word: str) -> None:
    heard.append(word)


heard: list[str] = []
PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def _own_ringer(monkeypatch):
    heard.clear()
    monkeypatch.setattr(doorbell, "_ringer", None)


@pytest.mark.django_db(transaction=True)
def test_rings_after_the_commit():
    with transaction.atomic():
        doorbell.ring(note, "late")
        assert heard == []
    assert heard == ["late"]


@pytest.mark.django_db(transaction=True)
def test_a_rollback_rings_nothing():
    with transaction.atomic():
        doorbell.ring(note, "never")
        transaction.set_rollback(True)
    assert heard == []


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_neither_blocks_nor_raises(settings, monkeypatch, caplog):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    all_rung, refused = threading.Event(), []

    def refuse(*args, **options):
        refused.append(all_rung.wait(PATIENCE_S))
        raise OSError("nobody answers")

    monkeypatch.setattr(note, "apply_async", refuse)
    for _ in range(20):
        doorbell.ring(note, "lost")
    all_rung.set()
    doorbell._ringer.flush(PATIENCE_S)
    assert refused == [True] * 20  # whoever rang had done so before the broker said anything
    assert [record.levelname for record in caplog.records if record.name == "callhub.doorbell"] == ["WARNING"]


@pytest.mark.django_db(transaction=True)
def test_drops_rings_when_too_many_wait(settings, monkeypatch):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    monkeypatch.setattr(doorbell, "CAPACITY", 2)
    all_rung, published = threading.Event(), []
    monkeypatch.setattr(note, "apply_async", lambda *args, **options: published.append(all_rung.wait(PATIENCE_S)))
    for _ in range(50):
        doorbell.ring(note, "many")
    all_rung.set()
    doorbell._ringer.flush(PATIENCE_S)
    assert published in ([True] * 2, [True] * 3)  # those that waited, and the one that was on its way


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_wake_ups_go_out_again_once_a_broker_is_back(broker):
    """No process has to be started again: what a broken connection took with it is published over a new one."""
    publisher = Celery("publisher", set_as_current=False, fixups=[])
    brokers.configure(publisher, broker.url)
    ringer, task = doorbell._Ringer(), publisher.task(note.run, name="tests.doorbell.call")
    ringer.hand_over(task, ("late",))
    until(lambda: broker.waiting("background"), 40)
    broker.wipe()
    ringer.hand_over(task, ("late",))
    until(lambda: broker.waiting("background"), 40)
