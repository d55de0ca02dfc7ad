"""Waking those who wait for changes: one thread per process asks the database for all of them.

It runs only while somebody waits. Other processes write, so asking is the only way to know on both databases; one small
question a few times a second is what it costs, however many wait. Who waits holds no connection.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.db import Error, connection
from django.db.models import OuterRef, QuerySet, Subquery

from calls.models import CallEvent
from contacts.models import ContactEvent
from tenants.models import Tenant

logger = logging.getLogger(__name__)

EVERY_S = 0.25
AFTER_TROUBLE_S = 2.0


class Watch:
    """One who waits for changes of a tenant. ``mark``, read, ``wait``: what settles after the mark ends the waiting."""

    def __init__(self, pulse: Pulse, tenant_id: UUID) -> None:
        self._pulse, self._tenant_id, self._seen = pulse, tenant_id, -1

    def mark(self) -> None:
        """From now on something is new."""
        self._seen = self._pulse.beats(self._tenant_id)

    def wait(self, seconds: float) -> bool:
        """Wait for something new; whether it came in time. Ends early where the process is to stop."""
        return self._pulse.wait(self._tenant_id, self._seen, seconds)


class Pulse:
    """Counts, for each tenant somebody waits for, how often its newest change was another."""

    def __init__(self) -> None:
        self.may_serve: Callable[[], bool] = lambda: True
        self.forget()

    def forget(self) -> None:
        """Begin anew, as in a process that was forked: its parent's thread is not here."""
        self._beat = threading.Condition()
        self._hurry = threading.Event()
        self._watchers: Counter[UUID] = Counter()
        self._newest: dict[UUID, Any] = {}
        self._beats: Counter[UUID] = Counter()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def watch(self, tenant_id: UUID) -> Iterator[Watch]:
        """Wait for changes of a tenant within."""
        with self._beat:
            self._watchers[tenant_id] += 1
        try:
            yield Watch(self, tenant_id)
        finally:
            with self._beat:
                self._watchers[tenant_id] -= 1
                if self._watchers[tenant_id] <= 0:
                    for known in (self._watchers, self._newest, self._beats):
                        known.pop(tenant_id, None)
            self._hurry.set()

    def beats(self, tenant_id: UUID) -> int:
        """How often its newest change was seen to be another."""
        with self._beat:
            return self._beats[tenant_id]

    def wait(self, tenant_id: UUID, seen: int, seconds: float) -> bool:
        """Wait until it has beaten more often than that, or for so long; whether it has."""
        if seconds <= 0:
            return False
        with self._beat:
            self._run_on()
            self._beat.wait_for(lambda: self._beats[tenant_id] != seen or not self.may_serve(), seconds)
            return self._beats[tenant_id] != seen

    def _run_on(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="feed-pulse", daemon=True)
            self._thread.start()
        elif self._beats_unknown():
            self._hurry.set()

    def _beats_unknown(self) -> bool:
        """Whether somebody came for a tenant nobody waited for before."""
        return len(self._newest) < len(self._watchers)

    def _run(self) -> None:
        while True:
            with self._beat:
                asked = list(self._watchers)
            pause = EVERY_S
            try:
                if asked:
                    self._note(_newest_of(asked))
            except Error:
                logger.exception("The database did not answer those who wait for changes")
                connection.close()
                pause = AFTER_TROUBLE_S
            if not asked:
                connection.close()
                with self._beat:
                    if not self._watchers:
                        self._thread = None
                        return
                continue
            self._hurry.wait(pause)
            self._hurry.clear()

    def _note(self, newest: dict[UUID, Any]) -> None:
        with self._beat:
            for tenant_id, change in newest.items():
                if tenant_id in self._watchers and self._newest.get(tenant_id) != change:
                    self._newest[tenant_id] = change
                    self._beats[tenant_id] += 1
            self._beat.notify_all()


def _newest_of(tenants: list[UUID]) -> dict[UUID, Any]:
    """The newest settled change of each tenant, of calls and of contacts."""
    newest = (Subquery(_newest(CallEvent.objects.all())), Subquery(_newest(ContactEvent.objects.all())))
    rows = Tenant.objects.filter(pk__in=tenants).values_list("pk", *newest)
    return {key: tuple(changes) for key, *changes in rows}


def _newest(events: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = events.filter(tenant=OuterRef("pk")).settled().order_by("-transaction", "-id").values("pk")[:1]
    return rows


_pulse = Pulse()
os.register_at_fork(after_in_child=_pulse.forget)
watch = _pulse.watch


def serve_while(may_serve: Callable[[], bool]) -> None:
    """Let this process's server say whether it goes on; who waits goes home within a second of its stop."""
    _pulse.may_serve = may_serve


def is_serving() -> bool:
    """Whether waiting makes sense still."""
    return _pulse.may_serve()
