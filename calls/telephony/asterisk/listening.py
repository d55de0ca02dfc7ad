"""The loop of a listener: connect, catch up, take in events; and again after every break. One per application and Asterisk."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from calls.telephony.ari import Ari, Disconnected, EventStream
from calls.telephony.asterisk import events
from calls.telephony.asterisk.engine import Engine, now
from calls.telephony.asterisk.reconciling import Reconciler
from calls.telephony.base import TelephonyError, Unanswered

log = logging.getLogger(__name__)

TICK_S = 1.0
RECONCILE_EVERY_S, RECONCILE_SOON_S = 60.0, 2.0
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0


class Hearer(Protocol):
    """Who takes in the events of an application."""

    ari: Ari
    kinds: Sequence[str]
    of_all: bool

    def reconcile(self, gap_from: datetime | None) -> bool | None:
        """Make up for what was not heard; whether something is left that has to be looked at again soon."""

    def handle(self, event: events.Event) -> None:
        """Take in an event."""


class OrderHearer:
    """Hears of our own calls."""

    kinds: Sequence[str] = events.WANTED
    of_all = False

    def __init__(self, engine: Engine) -> None:
        self.ari, self._engine, self._reconciler = engine.ari, engine, Reconciler(engine)

    def reconcile(self, gap_from: datetime | None) -> bool:
        return self._reconciler.run(gap_from)

    def handle(self, event: events.Event) -> None:
        self._engine.handle(event)


class Listener:
    """Runs until ``stop`` answers true, or another listener takes over (``Replaced``). Calls go on when it stops.

    ``beat`` is called about once a second while events can be heard, so that others know that they may dial, and ``deaf`` once
    they cannot be. ``away_since`` is when the listener before was last heard of.
    """

    def __init__(
        self,
        hearer: Hearer,
        *,
        stop: Callable[[], bool],
        beat: Callable[[], None] = lambda: None,
        deaf: Callable[[], None] = lambda: None,
        away_since: datetime | None = None,
    ) -> None:
        self._hearer, self._stop, self._beat, self._deaf = hearer, stop, beat, deaf
        self._gap_from = away_since
        self._pause_s = SHORTEST_PAUSE_S

    def run(self) -> None:
        """Listen. Raises ``Replaced``."""
        while not self._stop():
            try:
                with self._hearer.ari.events(of_all=self._hearer.of_all) as stream:
                    self._listen(stream)
            except TelephonyError as error:
                if not is_passing(error):
                    raise
                log.warning("not listening: %s", error)
                self._wait(error)

    def _listen(self, stream: EventStream) -> None:
        self._hearer.ari.only_events(self._hearer.kinds)
        look_at = self._reconcile(self._gap_from)
        self._gap_from, self._pause_s = None, SHORTEST_PAUSE_S
        log.info("listening")
        beaten = time.monotonic()
        self._beat()
        while not self._stop():
            if event := stream.next(TICK_S):
                self._hearer.handle(event)
            if time.monotonic() - beaten >= TICK_S:
                self._beat()
                beaten = time.monotonic()
            if time.monotonic() >= look_at:
                look_at = self._reconcile(None)

    def _reconcile(self, gap_from: datetime | None) -> float:
        """Make up for what was not heard; when to do so again."""
        is_left = self._hearer.reconcile(gap_from)
        return time.monotonic() + (RECONCILE_SOON_S if is_left else RECONCILE_EVERY_S)

    def _wait(self, error: TelephonyError) -> None:
        self._deaf()
        silent_s = error.silent_s if isinstance(error, Disconnected) else 0
        self._gap_from = self._gap_from or now() - timedelta(seconds=silent_s)
        time.sleep(self._pause_s * random.uniform(0.5, 1))  # noqa: S311 - so that several do not come back in step
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)


def is_passing(error: TelephonyError) -> bool:
    """Whether it may be different a moment later."""
    return isinstance(error, Unanswered) or not error.permanent
