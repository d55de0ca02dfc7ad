"""Others who act at the very moment a test chooses, each on a connection of their own, as another process would."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from django.db import connection

MEANWHILE_S = 1.5  # enough for who need not wait for us; who waits is left waiting, and that is right then
LONGEST_S = 60.0


def elsewhere(work: Callable[[], Any]) -> Any:
    """What somebody else's ``work`` gives, which is over and committed when this returns."""
    return begun(work).result(LONGEST_S)


def begun(work: Callable[[], Any]) -> Future[Any]:
    """Somebody else at work; they are done by now, or wait for what we hold. Ask for the result when we are done."""

    def done() -> Any:
        try:
            return work()
        finally:
            connection.close()

    pool = ThreadPoolExecutor(1)
    other = pool.submit(done)
    pool.shutdown(wait=False)
    wait([other], MEANWHILE_S)
    return other
