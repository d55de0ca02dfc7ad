"""The embedded broker: kombu's SQLAlchemy transport on one SQLite file of its own, made quick and patient.

Its messages are doorbells: losing all of them loses nothing, because a sweeper finds what no bell rang for. A named pipe beside
the file wakes a worker for each message, so that it need not look often for what is seldom there.
"""

from __future__ import annotations

import os
import select
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty
from typing import Any

from django.conf import settings
from kombu.transport import sqlalchemy
from sqlalchemy import Engine, event

SCHEME = "embedded+sqlite:///"
BUSY_TIMEOUT = 5.0  # seconds a writer waits for another
FULL_PAUSE = 0.01  # seconds; a worker acknowledges between two looks for messages, never during one


class Bell:
    """The pipe beside the broker's file. A ring that nobody hears is no loss: workers look by themselves, too.

    Of several workers on one file, one hears each ring.
    """

    def __init__(self, file: str) -> None:
        self._path = Path(f"{file}.bell")
        self._ear: int | None = None

    def ring(self) -> None:
        """Wake a worker that waits."""
        with suppress(OSError):  # nobody listens, or nobody has listened for a long time and the pipe is full
            pipe = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(pipe, b"!")
            finally:
                os.close(pipe)

    def listen(self) -> None:
        """From now on no ring is missed."""
        if self._ear is None:
            with suppress(OSError):
                with suppress(FileExistsError):
                    os.mkfifo(self._path, 0o600)
                self._ear = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)  # also to write: it never ends

    def wait(self, seconds: float) -> None:
        """Wait for a ring, at most so long."""
        if self._ear is None:
            time.sleep(seconds)
        elif select.select([self._ear], [], [], seconds)[0]:
            with suppress(BlockingIOError):
                os.read(self._ear, 4096)

    def close(self) -> None:
        """Hear no more."""
        if self._ear is not None:
            os.close(self._ear)
            self._ear = None


class Channel(sqlalchemy.Channel):
    """A channel whose file allows readers beside a writer, and that rings for what it puts there."""

    def _engine_from_config(self) -> Engine:
        engine: Engine = super()._engine_from_config()  # type: ignore[no-untyped-call]
        event.listen(engine, "connect", _prepare)
        return engine

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        super()._put(queue, payload, **kwargs)  # type: ignore[no-untyped-call]
        self.connection.bell.ring()

    @property
    def is_full(self) -> bool:
        """Whether its consumers have as many unacknowledged messages as they may."""
        return bool(self._consumers) and not self.qos.can_consume()


class Transport(sqlalchemy.Transport):
    """The transport behind ``embedded+sqlite:///<file>``: it waits for the bell, and looks once a second all the same.

    ``callhub.celery`` gives kombu the name; the interval cannot be set any other way.
    """

    Channel = Channel
    polling_interval = 1.0

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)  # type: ignore[no-untyped-call]
        self.bell = Bell(client.hostname.partition("///")[2])

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        """Deliver one message. Raises ``TimeoutError``; at once where nothing can come before the caller acknowledges some."""
        deadline = None if timeout is None else time.monotonic() + timeout
        self.bell.listen()
        channels: list[Channel] = self.channels  # type: ignore[assignment]
        while True:
            try:
                self.cycle.get(self._deliver, timeout=timeout)  # type: ignore[attr-defined]
                return
            except Empty:
                if any(channel.is_full for channel in channels):
                    time.sleep(FULL_PAUSE)
                    raise TimeoutError from None
                left = self.polling_interval if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError from None
                self.bell.wait(min(left, self.polling_interval))

    def close_connection(self, connection: Any) -> None:
        super().close_connection(connection)  # type: ignore[no-untyped-call]
        self.bell.close()


def purge_consumed(older_than: timedelta) -> int:
    """Delete the rows of messages consumed longer ago than ``older_than``, which the transport only hides.

    Gives how many went; does nothing where another broker is in use.
    """
    # The transport stamps a message with the naive local time when it hides it.
    limit = (datetime.now() - older_than).isoformat(sep=" ")  # noqa: DTZ005
    with _messages() as file:
        return file.execute("DELETE FROM kombu_message WHERE visible = 0 AND timestamp < ?", (limit,)).rowcount if file else 0


def messages_waiting() -> int | None:
    """How many messages nobody has taken yet; None where another broker is in use or this one never was."""
    with _messages() as file:
        return int(file.execute("SELECT count(*) FROM kombu_message WHERE visible = 1").fetchone()[0]) if file else None


@contextmanager
def _messages() -> Iterator[sqlite3.Connection | None]:
    address = str(settings.CELERY_BROKER_URL)
    if not address.startswith(SCHEME):
        yield None
        return
    with closing(sqlite3.connect(address.removeprefix(SCHEME), timeout=BUSY_TIMEOUT)) as file, file:
        exists = file.execute("SELECT 1 FROM sqlite_master WHERE name = 'kombu_message'").fetchone()
        yield file if exists else None


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
