"""The process that listens to an exchange: one at a time, alive for all to see, gone without touching a call.

Two loops run, each in a thread with its own connections: one hears of the calls we make, one sees those the exchange makes on
its own. What they learn is in the database before anything follows from it; so a listener may be killed at any moment.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime

from django.db import close_old_connections, connection
from django.utils import timezone

from calls.dialer.backends import asterisk_switch
from calls.dialer.book import DatabaseBook
from calls.dialer.guarding import alone
from calls.dialer.watched import WatchedCalls
from calls.models import TelephonyListener
from calls.telephony.ari import Replaced
from calls.telephony.asterisk import AsteriskBackend, Engine, Listener, OrderHearer, Watcher

log = logging.getLogger(__name__)

BEAT_S = 5.0


class ListenerStopped(Exception):
    """A loop ended though nobody asked it to: another listener took over, or the exchange refuses us."""


def listen(server: str, stopping: Callable[[], bool]) -> None:
    """Listen until ``stopping`` answers true; a second one waits meanwhile. Raises ``ListenerStopped``."""
    with alone(server, stopping) as is_alone:
        if not is_alone:
            return
        switch = asterisk_switch()
        ended = threading.Event()
        loops = [
            _Loop("orders", lambda: OrderHearer(Engine(switch.connect(), DatabaseBook(AsteriskBackend.name), switch)), server),
            _Loop("watch", lambda: Watcher(switch, WatchedCalls(server)), ""),
        ]
        away_since = TelephonyListener.objects.filter(pk=server).values_list("heard_at", flat=True).first()
        _forget(server)  # the one before said that it hears; this one does not yet
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
            Listener(self._make(), stop=stop, beat=self._beat, deaf=self._fall_silent, away_since=away_since).run()
        except Replaced:
            self.reason = "Another listener took over."
        except Exception as error:  # whatever it is, the other loop must not go on alone
            log.exception("the loop of %s broke", self._name)
            self.reason = f"{type(error).__name__}: {error}"
        finally:
            ended.set()
            connection.close()

    def _fall_silent(self) -> None:
        self._beaten = float("-inf")
        close_old_connections()
        if self._server:
            _forget(self._server)

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


def _forget(server: str) -> None:
    """Nobody hears this exchange at the moment: whoever was rung now would be cut off as they pick up."""
    TelephonyListener.objects.filter(server=server).update(process="")
