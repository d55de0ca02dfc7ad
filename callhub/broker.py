"""The embedded broker: kombu's SQLAlchemy transport on one SQLite file of its own, made quick and patient.

Its messages are wake-ups: losing all of them loses nothing, because a sweeper finds the work of
those that are lost. A named pipe for each queue, beside the file, wakes a worker for each message,
so that it need not look often for what is seldom there.
"""

from __future__ import annotations

import os
import select
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty
from typing import Any

from django.conf import settings
from kombu.transport import sqlalchemy
from sqlalchemy import Engine, event

from callhub import env

SCHEME = "embedded+sqlite:///"
BUSY_TIMEOUT = 5.0  # seconds a writer waits for another
FULL_PAUSE = 0.01  # seconds; a worker acknowledges between two looks for messages, never during one


class Bell:
    """The pipes beside the broker's file, one for each queue. A ring without a listener is no loss: workers look by themselves.

    Of several workers on one queue, one hears each ring.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._ears: dict[str, int] = {}

    def ring(self, queue: str) -> None:
        """Wake a worker that waits for this queue."""
        with suppress(OSError):  # nothing listens, or nothing has listened for a long time and the pipe is full
            pipe = os.open(self._path(queue), os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(pipe, b"!")
            finally:
                os.close(pipe)

    def listen(self, queues: Iterable[str]) -> None:
        """From now on no ring for these queues is missed."""
        for queue in set(queues) - self._ears.keys():
            with suppress(OSError):
                with suppress(FileExistsError):
                    os.mkfifo(self._path(queue), 0o600)
                self._ears[queue] = os.open(self._path(queue), os.O_RDWR | os.O_NONBLOCK)  # also to write: it never ends

    def wait(self, seconds: float) -> None:
        """Wait for a ring, at most so long."""
        rung, _, _ = select.select(list(self._ears.values()), [], [], seconds)
        for ear in rung:
            with suppress(BlockingIOError):
                os.read(ear, 4096)

    def close(self) -> None:
        """Hear no more."""
        while self._ears:
            os.close(self._ears.popitem()[1])

    def _path(self, queue: str) -> Path:
        return Path(f"{self._file}.{queue}.bell")


class Channel(sqlalchemy.Channel):
    """A channel whose file allows readers beside a writer, and that rings for what it puts there."""

    def _engine_from_config(self) -> Engine:
        env.private_file(self.connection.client.hostname)
        engine: Engine = super()._engine_from_config()  # type: ignore[no-untyped-call]
        event.listen(engine, "connect", _prepare)
        return engine

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        super()._put(queue, payload, **kwargs)  # type: ignore[no-untyped-call]
        self.connection.bell.ring(queue)

    @property
    def queues(self) -> list[str]:
        """Those it takes messages from."""
        return list(self._active_queues)

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
        channels: list[Channel] = self.channels  # type: ignore[assignment]
        self.bell.listen(queue for channel in channels for queue in channel.queues)
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
    path = address.removeprefix(SCHEME)
    env.private_file(path)
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as file, file:
        exists = file.execute("SELECT 1 FROM sqlite_master WHERE name = 'kombu_message'").fetchone()
        yield file if exists else None


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
