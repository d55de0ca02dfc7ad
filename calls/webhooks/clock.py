"""What time it is: the database's own, so that hosts whose clocks differ agree on leases and on what is due."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models.functions import Now

_set: ContextVar[datetime | None] = ContextVar("webhook_clock", default=None)


def now() -> Any:
    """The present as an expression for a query; ``timedelta`` may be added to it."""
    return _set.get() or Now()


def is_set() -> bool:
    """Whether it is another time than the database's."""
    return _set.get() is not None


def reading() -> datetime:
    """The present as a time; costs a query."""
    given = _set.get()
    if given is not None:
        return given
    text = "SELECT STRFTIME('%Y-%m-%dT%H:%M:%f+00:00', 'NOW')" if connection.vendor == "sqlite" else "SELECT CLOCK_TIMESTAMP()"
    with connection.cursor() as cursor:
        cursor.execute(text)
        value = cursor.fetchone()[0]
    return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let it be this time within the block, for tests of what takes days."""
    token = _set.set(moment)
    try:
        yield
    finally:
        _set.reset(token)
