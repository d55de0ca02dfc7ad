"""The process that listens to an exchange: one at a time, alive for all to see, gone without touching a call.

Two loops run, each in a thread with its own connections: one hears of the calls we make, one sees those the exchange makes on
its own. What they learn is in the database before anything follows from it; so a listener may be killed at any moment.
"""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from zlib import crc32

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from calls.dialer.backends import asterisk_switch
from calls.dialer.book import DatabaseBook
from calls.dialer.watched import WatchedCalls
from calls.models import TelephonyListener
from calls.telephony.ari import Replaced
from calls.telephony.asterisk import AsteriskBackend, Engine, Listener, OrderHearer, Watcher

log = logging.getLogger(__name__)

BEAT_S = 5.0
STANDBY_S = 2.0
_LOCK_SPACE = 0x63616C6C  # "call": keeps our advisory locks apart from others'


class ListenerStopped(Exception):
    """A loop ended though nobody asked it to: another listener took over, or the exchange refuses us."""


def listen(server: str, stopping: Callable[[], bool]) -> None:
    """Listen until ``stopping`` answers true; a second one waits meanwhile. Raises ``ListenerStopped``."""
    with _alone(server, stopping) as is_alone:
        if not is_alone:
            return
        switch = asterisk_switch()
        ended = threading.Event()
        loops = [
            _Loop("orders", lambda: OrderHearer(Engine(switch.connect(), DatabaseBook(AsteriskBackend.name), switch)), server),
            _Loop("watch", lambda: Watcher(switch, WatchedCalls(server)), ""),
        ]
        away_since = TelephonyListener.objects.filter(pk=server).values_list("heard_at", flat=True).first()
        for loop in loops:
            loop.start(lambda: stopping() or ended.is_set(), ended, away_since)
        for loop in loops:
            loop.thread.join()
        reasons = [loop.reason for loop in loops if loop.reason]
        if reasons:
            raise ListenerStopped(reasons[0])


def is_alive(server: str) -> bool:
    """Whether somebody listens to this exchange."""
    return TelephonyListener.objects.alive().filter(server=server).exists()


class _Loop:
    """One listener in a thread; ``reason`` says why it ended by itself."""

    def __init__(self, name: str, make: Callable[[], OrderHearer | Watcher], server: str) -> None:
        self._name, self._make, self._server = name, make, server
        self._beaten = float("-inf")
        self.reason = ""
        self.thread: threading.Thread

    def start(self, stop: Callable[[], bool], ended: threading.Event, away_since: datetime | None) -> None:
        self.thread = threading.Thread(target=self._run, args=(stop, ended, away_since), name=self._name)
        self.thread.start()

    def _run(self, stop: Callable[[], bool], ended: threading.Event, away_since: datetime | None) -> None:
        try:
            Listener(self._make(), stop=stop, beat=self._beat, away_since=away_since).run()
        except Replaced:
            self.reason = "Another listener took over."
        except Exception as error:  # whatever it is, the other loop must not go on alone
            log.exception("the loop of %s broke", self._name)
            self.reason = f"{type(error).__name__}: {error}"
        finally:
            ended.set()
            connection.close()

    def _beat(self) -> None:
        if time.monotonic() - self._beaten < BEAT_S:
            return
        self._beaten = time.monotonic()
        close_old_connections()
        if self._server:
            process = f"{socket.gethostname()}:{os.getpid()}"[:100]
            TelephonyListener.objects.update_or_create(
                server=self._server, defaults={"process": process, "heard_at": timezone.now()}
            )


@contextmanager
def _alone(server: str, stopping: Callable[[], bool]) -> Iterator[bool]:
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
    key = crc32(server.encode()) & 0x7FFFFFFF

    def try_lock() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_SPACE, key])
            return bool(cursor.fetchone()[0])

    try:
        yield try_lock
    finally:
        connection.close()


@contextmanager
def _file_lock(server: str) -> Iterator[Callable[[], bool]]:
    path = settings.VAR_DIR / f"listener-{crc32(server.encode()):08x}.lock"
    with path.open("a") as file:

        def try_lock() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        yield try_lock
