"""Telling a worker that there is something to do, without ever making the caller wait or fail.

A ring is a hint. What it points to is a row in the database, and a sweeper finds every row whose ring was lost.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import time
from typing import Any

from celery import Task
from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)

CAPACITY = 1000  # rings that may wait for a slow broker; more are dropped
LAST_RINGS = 1.0  # seconds a process that ends gives its waiting rings
SILENCE = 30.0  # seconds between two log lines about the same broken broker


def ring(task: Task, *args: Any) -> None:
    """Have ``task`` run with ``args`` once the present transaction is committed; never raises, never waits for the broker."""
    transaction.on_commit(lambda: _hand_over(task, args), robust=True)  # Django cannot name a partial where it logs


class _Ringer:
    """One thread per process that publishes what is handed to it."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.waiting: queue.Queue[tuple[Task, tuple[Any, ...]]] = queue.Queue(CAPACITY)
        self.complained_at = float("-inf")
        threading.Thread(target=self._publish_all, name="doorbell", daemon=True).start()
        atexit.register(self.flush)

    def hand_over(self, task: Task, args: tuple[Any, ...]) -> None:
        try:
            self.waiting.put_nowait((task, args))
        except queue.Full:
            self._complain(task, "too many rings wait")

    def flush(self, seconds: float = LAST_RINGS) -> None:
        """Wait until every ring is out, at most so long."""
        deadline = time.monotonic() + seconds
        while self.waiting.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)

    def _publish_all(self) -> None:
        while True:
            task, args = self.waiting.get()
            try:
                task.apply_async(args=args)
            except Exception as error:  # the broker's own errors differ by transport
                self._complain(task, type(error).__name__)
            finally:
                self.waiting.task_done()

    def _complain(self, task: Task, reason: str) -> None:
        now = time.monotonic()
        if now - self.complained_at > SILENCE:
            self.complained_at = now
            log.warning("the broker takes no message (%s: %s); the sweeper will find the work", task.name, reason)


_ringer: _Ringer | None = None
_making = threading.Lock()


def _hand_over(task: Task, args: tuple[Any, ...]) -> None:
    if settings.CELERY_TASK_ALWAYS_EAGER:
        task.apply_async(args=args)
        return
    global _ringer  # noqa: PLW0603 - one per process, made when it is first needed
    if _ringer is None or _ringer.process != os.getpid():  # threads do not survive a fork
        with _making:
            if _ringer is None or _ringer.process != os.getpid():
                _ringer = _Ringer()
    _ringer.hand_over(task, args)
