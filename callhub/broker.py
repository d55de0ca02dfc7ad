"""The embedded broker: kombu's SQLAlchemy transport on one SQLite file of its own, made quick and patient.

Its messages are doorbells: losing all of them loses nothing, because a sweeper finds what no bell rang for.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, sqlalchemy
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
    """The transport behind ``embedded+sqlite:///<file>``; it looks for messages three times a second, not once."""

    Channel = Channel
    polling_interval = 0.3


# kombu reads the address's scheme here; the transport's interval cannot be set any other way.
TRANSPORT_ALIASES["embedded"] = "callhub.broker:Transport"


def purge_consumed(older_than: timedelta) -> int:
    """Delete the rows of messages consumed longer ago than ``older_than``, which the transport only hides.

    Gives how many went; does nothing where another broker is in use.
    """
    from django.conf import settings

    address = str(settings.CELERY_BROKER_URL)
    if not address.startswith(SCHEME):
        return 0
    # The transport stamps a message with the naive local time when it hides it.
    limit = (datetime.now() - older_than).isoformat(sep=" ")  # noqa: DTZ005
    with closing(sqlite3.connect(address.removeprefix(SCHEME), timeout=BUSY_TIMEOUT)) as connection, connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'kombu_message'").fetchone():
            return 0
        return connection.execute("DELETE FROM kombu_message WHERE visible = 0 AND timestamp < ?", (limit,)).rowcount


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
