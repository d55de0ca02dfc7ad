"""How many may wait at once in this process: those who do hold a thread each, and others need threads, too."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from uuid import UUID

from django.conf import settings

_lock = threading.Lock()
_inside: Counter[UUID] = Counter()
_threads: int | None = None  # of this process, where its server has told


def fit(threads: int) -> None:
    """Let no more wait than leaves the ordinary number of this process's ``threads`` free."""
    global _threads  # noqa: PLW0603 - one per process, told once
    _threads = threads


def most() -> int:
    """How many may wait in this process."""
    spare = settings.CALLHUB_STREAMS if _threads is None else _threads - settings.CALLHUB_WEB_THREADS
    return max(0, min(settings.CALLHUB_STREAMS, spare))


def take_place(tenant_id: UUID) -> Callable[[], None] | None:
    """Take a place; what gives it back, as often as it is called. None where all are taken, or the tenant has half of them."""
    with _lock:
        if _inside.total() >= most() or _inside[tenant_id] >= (most() + 1) // 2:
            return None
        _inside[tenant_id] += 1
    given_back = threading.Event()

    def give_back() -> None:
        with _lock:
            if not given_back.is_set():
                given_back.set()
                _inside[tenant_id] -= 1
                if not _inside[tenant_id]:
                    del _inside[tenant_id]

    return give_back


def _forget() -> None:
    global _lock  # noqa: PLW0603 - a thread that is not here any more may hold it
    _lock = threading.Lock()
    _inside.clear()


os.register_at_fork(after_in_child=_forget)
