"""Keeping how each run of a scheduled task went, for people to look at.

The worker tells it by Celery's signals. A task that runs every second costs no write every second: what went well is written
at most every ``WRITTEN_EVERY``, together with the runs since; a failure, and the first success after one, at once. What a
worker that is killed had not written yet is missing from the day's figures, by that many seconds.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from celery import Task, signals
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from callhub.models import RunResult, ScheduledTask

log = logging.getLogger(__name__)

WRITTEN_EVERY = 15.0  # seconds
LONGEST_ERROR = 300
_DIGITS = re.compile(r"\d{5,}")  # what may be somebody's number


@dataclass(kw_only=True)
class _Pending:
    """What one worker knows of a task and has not written."""

    runs: Counter[RunResult] = field(default_factory=Counter)
    written: RunResult | None = None
    written_at: float = float("-inf")


_pending: dict[str, _Pending] = {}
_lock = threading.Lock()


def key_of(task: str) -> str | None:
    """The name under which a task is in the schedule."""
    return next((key for key, line in settings.CELERY_BEAT_SCHEDULE.items() if line["task"] == task), None)


def note(task: str, result: RunResult, *, started_at: datetime, seconds: float = 0.0, error: str = "") -> None:
    """Take notice of a run of ``task``; what is not in the schedule is nobody's business here."""
    key = key_of(task)
    if key is None:
        return
    with _lock:
        known = _pending.setdefault(key, _Pending())
        known.runs[result] += 1
        is_news = result == RunResult.FAILED or result != known.written
        if not is_news and time.monotonic() - known.written_at < WRITTEN_EVERY:
            return
        runs, known.runs = known.runs, Counter()
        known.written, known.written_at = result, time.monotonic()
    facts: dict[str, Any] = {"result": result, "error": error}
    if result != RunResult.SKIPPED:  # which is no run
        facts |= {"started_at": started_at, "duration_ms": round(seconds * 1000)}
    _write(key, task, runs, facts)


def forget() -> None:
    """Drop what is not written; for tests."""
    with _lock:
        _pending.clear()


@transaction.atomic
def _write(key: str, task: str, runs: Counter[RunResult], facts: dict[str, Any]) -> None:
    row = ScheduledTask.objects.select_for_update().filter(pk=key).first()
    if row is None:
        ScheduledTask.objects.bulk_create([ScheduledTask(id=key, task=task)], ignore_conflicts=True)
        row = ScheduledTask.objects.select_for_update().get(pk=key)
    for result, times in runs.items():
        row.count(result, times, timezone.now())
    if row.started_at is None or row.started_at <= facts.get("started_at", row.started_at):  # else a twin began later
        for name, value in facts.items():
            setattr(row, name, value)
    row.save(update_fields=["hours", *facts])


def in_words(error: BaseException) -> str:
    """An error's kind and first line, without what may be somebody's number."""
    first = str(error).strip().partition("\n")[0]
    return _DIGITS.sub("…", f"{type(error).__name__}: {first}" if first else type(error).__name__)[:LONGEST_ERROR]


@signals.task_prerun.connect
def _began(task: Task, **_: Any) -> None:
    task.request.began = (timezone.now(), time.monotonic())


@signals.task_postrun.connect
def _ended(task: Task, state: str, retval: Any, **_: Any) -> None:
    began = getattr(task.request, "began", None)
    if began is None or task.request.is_eager:
        return
    has_failed = isinstance(retval, BaseException) or state == "FAILURE"
    note(
        task.name,
        RunResult.FAILED if has_failed else RunResult.OK,
        started_at=began[0],
        seconds=time.monotonic() - began[1],
        error=in_words(retval) if isinstance(retval, BaseException) else "",
    )


@signals.task_revoked.connect
def _expired(sender: Task, *, expired: bool, **_: Any) -> None:
    """A message that waited so long that the next one is due; told by the worker's main thread, which keeps no connection."""
    if not expired:
        return
    try:
        note(sender.name, RunResult.SKIPPED, started_at=timezone.now())
    finally:
        if not connection.in_atomic_block:
            connection.close()
