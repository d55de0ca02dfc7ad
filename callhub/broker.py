"""The embedded broker: kombu's SQLAlchemy transport on one SQLite file of its own, made quick and patient.

Its messages are doorbells: losing all of them loses nothing, because a sweeper finds what no bell rang for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from kombu.transport import sqlalchemy
from sqlalchemy import Engine, event

SCHEME = "embedded+sqlite:///"
BUSY_TIMEOUT = 5.0  # seconds a writer waits for another


class Channel(sqlalchemy.Channel):
    """A channel whose file allows readers beside a writer."""

    def _engine_from_config(self) -> Engine:
        engine: Engine = super()._engine_from_config()  # type: ignore[no-untyped-call]
        event.listen(engine, "connect", _prepare)
        return engine


class Transport(sqlalchemy.Transport):
    """The transport behind ``embedded+sqlite:///<file>``; it looks for messages three times a second, not once.

    ``callhub.celery`` gives kombu the name; the interval cannot be set any other way.
    """

    Channel = Channel
    polling_interval = 0.3


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
