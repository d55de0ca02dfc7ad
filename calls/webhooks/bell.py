"""Ringing for webhooks: soon after an event is committed, at most ten times a second for a tenant, never where nobody listens.

What a busy process rings for within a tenth of a second is one ring at its end, so the last event is never without one.
"""

from __future__ import annotations

import threading
from time import monotonic
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from callhub import doorbell
from calls.models import WebhookEndpoint

GATHERED_S = 0.1
REMEMBERED_S = 1.0  # a first endpoint may wait so long for its first ring; then the sweeper has found it, too
_OVERDUE_S = 5.0  # a ring that should long be out was lost, with a thread that a fork left behind

_listeners: dict[UUID, tuple[float, bool]] = {}
_gathering: dict[str, float] = {}
_lock = threading.Lock()


def announce(tenant_id: UUID | str) -> None:
    """Have the tenant's new events sent out once the present transaction is committed; never raises, never waits."""
    transaction.on_commit(lambda: _gather(str(tenant_id)), robust=True)


def announce_if_heard(tenant_id: UUID) -> None:
    """The same, unless the tenant has no endpoint: what a process remembers of that for a second."""
    now = monotonic()
    until, has_endpoints = _listeners.get(tenant_id, (0.0, False))
    if now >= until:
        has_endpoints = WebhookEndpoint.objects.told().filter(tenant=tenant_id).exists()
        if len(_listeners) > 10_000:
            _listeners.clear()
        _listeners[tenant_id] = (now + REMEMBERED_S, has_endpoints)
    if has_endpoints:
        announce(tenant_id)


def ring_for_deliveries() -> None:
    """Have somebody send what is due, once the present transaction is committed."""
    from calls.tasks import deliver_webhooks  # late: the tasks call this package

    doorbell.ring(deliver_webhooks)


def forget() -> None:
    """Remember nothing."""
    _listeners.clear()
    _gathering.clear()


def _gather(tenant_id: str) -> None:
    if settings.CELERY_TASK_ALWAYS_EAGER:
        _ring(tenant_id)
        return
    now = monotonic()
    with _lock:
        if now < _gathering.get(tenant_id, 0.0) + _OVERDUE_S and tenant_id in _gathering:
            return
        _gathering[tenant_id] = now
    timer = threading.Timer(GATHERED_S, _ring_once, [tenant_id])
    timer.daemon = True
    timer.start()


def _ring_once(tenant_id: str) -> None:
    with _lock:
        _gathering.pop(tenant_id, None)
    _ring(tenant_id)


def _ring(tenant_id: str) -> None:
    from calls.tasks import tell_webhooks  # late, as above

    task: Any = tell_webhooks
    doorbell.ring(task, tenant_id)
