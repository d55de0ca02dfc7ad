"""Ringing never makes the caller wait or fail."""

import time

import pytest
from django.db import transaction

from callhub import doorbell
from callhub.celery import app


@app.task(name="tests.doorbell.note")
def note(word: str) -> None:
    heard.append(word)


heard: list[str] = []


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

    def refuse(*args, **options):
        time.sleep(0.05)
        raise OSError("nobody answers")

    monkeypatch.setattr(note, "apply_async", refuse)
    started = time.monotonic()
    for _ in range(20):
        doorbell.ring(note, "lost")
    assert time.monotonic() - started < 0.2
    doorbell._ringer.flush(5)
    assert [record.levelname for record in caplog.records if record.name == "callhub.doorbell"] == ["WARNING"]


@pytest.mark.django_db(transaction=True)
def test_drops_rings_when_too_many_wait(settings, monkeypatch):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    monkeypatch.setattr(doorbell, "CAPACITY", 2)
    monkeypatch.setattr(note, "apply_async", lambda *args, **options: time.sleep(0.2))
    started = time.monotonic()
    for _ in range(50):
        doorbell.ring(note, "many")
    assert time.monotonic() - started < 0.2
