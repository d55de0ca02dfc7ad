"""The lock of an exchange's one listener: it goes with the process, however that ends, so others see whether there is one."""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from django.conf import settings
from django.db import connection

from calls.models import TelephonyListener

log = logging.getLogger(__name__)

STANDBY_S = 2.0
_LOCK_SPACE = 0x63616C6C  # "call": keeps our advisory locks apart from others'


def somebody_hears() -> bool:
    """Whether a listener is there and gave a sign of life lately; one that was killed is not there from that moment on."""
    servers = TelephonyListener.objects.alive().values_list("server", flat=True)
    return any(is_held(server) for server in servers)


def is_held(server: str) -> bool:
    """Whether a process holds the exchange's lock."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 "
                "AND classid::bigint = %s AND objid::bigint = %s)",
                [_LOCK_SPACE, _key(server)],
            )
            return bool(cursor.fetchone()[0])
    with _path(server).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@contextmanager
def alone(server: str, stopping: Callable[[], bool]) -> Iterator[bool]:
    """Hold the exchange's lock, waiting for it; False when asked to stop before."""
    take = _advisory_lock if connection.vendor == "postgresql" else _file_lock
    with take(server) as try_lock:
        waited = False
        while not try_lock():
            if stopping():
                yield False
                return
            if not waited:
                log.info("another listener of %s is at work; waiting to take over", server)
            waited = True
            time.sleep(STANDBY_S)
        yield True


@contextmanager
def _advisory_lock(server: str) -> Iterator[Callable[[], bool]]:
    """PostgreSQL's own; it goes with the connection, so with the process."""

    def try_lock() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_SPACE, _key(server)])
            return bool(cursor.fetchone()[0])

    try:
        yield try_lock
    finally:
        connection.close()


@contextmanager
def _file_lock(server: str) -> Iterator[Callable[[], bool]]:
    with _path(server).open("a") as file:

        def try_lock() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        yield try_lock


def _key(server: str) -> int:
    return crc32(server.encode()) & 0x7FFFFFFF


def _path(server: str) -> Path:
    return Path(settings.VAR_DIR) / f"listener-{crc32(server.encode()):08x}.lock"
