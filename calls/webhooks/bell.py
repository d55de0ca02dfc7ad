"""Wake-ups for webhooks: soon after an event is committed, for tenants with endpoints only, and one at a time.

Who writes calls only notes the tenant; a thread of the process gathers what is noted within a tenth of a second, looks whether
the tenant has endpoints, and rings. ``WebhookCursor.wake_up_at`` says that a wake-up is on its way: a worker, however late, finds
by one all that has come until then. What is lost with a process or a broker is found by the sweeper.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from callhub import doorbell
from calls.models import WebhookCursor, WebhookEndpoint

log = logging.getLogger(__name__)

GATHERED_S = 0.1
LOST_AFTER = timedelta(seconds=60)  # a wake-up without an answer; the sweeper has looked by then
REMEMBERED_S = 1.0  # that a tenant has no endpoints; a first one may be told by the sweeper alone within this time


def announce(tenant_id: object) -> None:
    """Have the tenant's new events sent out once the present transaction is committed; never raises, never waits."""
    transaction.on_commit(lambda: _note(str(tenant_id)), robust=True)


def answer(tenant_id: UUID | str) -> None:
    """Take a wake-up of this tenant for heard: what is committed from now on needs another. Look for events after it."""
    WebhookCursor.objects.filter(pk=UUID(str(tenant_id)), wake_up_at__isnull=False).update(wake_up_at=None)


def ring_for_deliveries() -> None:
    """Have somebody send what is due, once the present transaction is committed."""
    from calls.tasks import deliver_webhooks  # late: the tasks call this package

    if not _is_work_itself():
        doorbell.ring(deliver_webhooks)


class _Gatherer:
    """One thread per process."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.noted: set[str] = set()
        self.silent_until: dict[str, float] = {}
        self._lock, self._wake = threading.Lock(), threading.Event()
        threading.Thread(target=self._run, name="webhook-bell", daemon=True).start()

    def note(self, tenant_id: str) -> None:
        with self._lock:
            self.noted.add(tenant_id)
        self._wake.set()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._wake.wait()
            pause.wait(GATHERED_S)
            self._wake.clear()
            with self._lock:
                noted, self.noted = self.noted, set()
            try:
                for tenant_id in self._heard(noted):
                    _ring(tenant_id)
            except DatabaseError as error:
                log.warning("nobody can be told of new events (%s); the sweeper will find them", type(error).__name__)
            finally:
                connection.close()

    def _heard(self, noted: Iterable[str]) -> list[str]:
        """Those of the tenants that have endpoints."""
        now = monotonic()
        asked = [key for key in noted if self.silent_until.get(key, 0.0) <= now]
        heard = _with_endpoints(asked) if asked else []
        self.silent_until = {key: until for key, until in self.silent_until.items() if until > now}
        self.silent_until |= dict.fromkeys(set(asked) - set(heard), now + REMEMBERED_S)
        return heard


_gatherer: _Gatherer | None = None
_making = threading.Lock()


def _note(tenant_id: str) -> None:
    if _is_work_itself():
        return
    global _gatherer  # noqa: PLW0603 - one per process, made when it is first needed
    if _gatherer is None or _gatherer.process != os.getpid():  # threads do not survive a fork
        with _making:
            if _gatherer is None or _gatherer.process != os.getpid():
                _gatherer = _Gatherer()
    _gatherer.note(tenant_id)


def _is_work_itself() -> bool:
    """Where tasks run at once a ring would be the sending itself, done by whoever writes a call."""
    return bool(settings.CELERY_TASK_ALWAYS_EAGER)


def _with_endpoints(tenant_ids: Iterable[str]) -> list[str]:
    rows = WebhookEndpoint.objects.told().filter(tenant__in=list(tenant_ids)).order_by()
    return [str(key) for key in rows.values_list("tenant_id", flat=True).distinct()]


def _ring(tenant_id: str) -> None:
    from calls.tasks import tell_webhooks  # late, as above

    if _has_wake_up(tenant_id):
        return

    task: Any = tell_webhooks
    doorbell.ring(task, tenant_id)


def _has_wake_up(tenant_id: str) -> bool:
    """Whether a wake-up waits already; if not, this one is noted. A tenant that was never looked at has no cursor to note it."""
    now = timezone.now()
    cursors = WebhookCursor.objects.filter(pk=UUID(tenant_id))
    wake_up_at = cursors.values_list("wake_up_at", flat=True).first()
    if wake_up_at and now - wake_up_at < LOST_AFTER:
        return True
    return not cursors.filter(wake_up_at=wake_up_at).update(wake_up_at=now) and cursors.exists()
