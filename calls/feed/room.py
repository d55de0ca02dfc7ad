"""How many may wait, or take in a long answer, at once in this process.

Each of them holds a thread, and others need threads, too.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator

from django.conf import settings

_lock = threading.Lock()
_inside: Counter[Hashable] = Counter()  # by tenant
_held: Counter[Hashable] = Counter()  # by person or token
_threads: int | None = None  # of this process, where its server has told


def fit(threads: int) -> None:
    """Let no more wait than leaves the ordinary number of this process's ``threads`` free."""
    global _threads  # noqa: PLW0603 - one per process, told once
    _threads = threads


def most() -> int:
    """How many may wait in this process."""
    spare = settings.CALLHUB_STREAMS if _threads is None else _threads - settings.CALLHUB_WEB_THREADS
    return max(0, min(settings.CALLHUB_STREAMS, spare))


def take_place(tenant_id: Hashable, holder: Hashable) -> Callable[[], None] | None:
    """Take a place for a person or token of a tenant; what gives it back, as often as it is called.

    None where all are taken, the tenant has half of them or the holder a quarter.
    """
    with _lock:
        is_full = _inside.total() >= most() or _inside[tenant_id] >= (most() + 1) // 2
        if is_full or _held[holder] >= max(1, most() // 4):
            return None
        _inside[tenant_id] += 1
        _held[holder] += 1
    given_back = threading.Event()

    def give_back() -> None:
        with _lock:
            if not given_back.is_set():
                given_back.set()
                for counted, key in ((_inside, tenant_id), (_held, holder)):
                    counted[key] -= 1
                    if not counted[key]:
                        del counted[key]

    return give_back


class Held:
    """The parts of a long answer, for which a place is held until the server closes it."""

    def __init__(self, parts: Iterable[str] | Iterable[bytes], leave: Callable[[], None]) -> None:
        self._parts: Iterator[str | bytes] = iter(parts)
        self._leave = leave

    def __iter__(self) -> Iterator[str | bytes]:
        return self

    def __next__(self) -> str | bytes:
        return next(self._parts)

    def close(self) -> None:
        """Called by the server at the end, also where nothing was sent."""
        self._leave()


def empty() -> None:
    """Forget who is inside, as in a new process."""
    global _lock  # noqa: PLW0603 - a thread that is not here any more may hold it
    _lock = threading.Lock()
    _inside.clear()
    _held.clear()


os.register_at_fork(after_in_child=empty)
