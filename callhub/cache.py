"""The shared cache: Redis, and in its place a cache of this process alone while Redis does not answer.

All that is in it are counters and shortcuts, so no request may fail for it. While Redis is away
each process counts by itself; one request in ``PAUSE_S`` asks whether it is back, the others do not
wait for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

PAUSE_S = 5.0
TIMEOUT_S = 1.0  # of a connection and of an answer
MOST_ENTRIES = 20_000  # in a process's own


class _Outage:
    """What all threads of a process know about Redis."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_away = False
        self._ask_at = 0.0

    def may_ask(self) -> bool:
        """Whether it is worth asking now."""
        if not self._is_away:
            return True
        with self._lock:
            is_time = time.monotonic() >= self._ask_at
            self._ask_at = time.monotonic() + PAUSE_S if is_time else self._ask_at
        return is_time

    def begin(self, error: RedisError) -> None:
        """Redis did not answer; the log has one line about it, however often that happens."""
        with self._lock:
            is_news, self._is_away = not self._is_away, True
            self._ask_at = time.monotonic() + PAUSE_S
        if is_news:
            log.warning("The shared cache does not answer (%s). Each process counts by itself.", type(error).__name__)

    def end(self) -> None:
        """Redis did answer."""
        if not self._is_away:
            return
        with self._lock:
            is_news, self._is_away = self._is_away, False
        if is_news:
            log.warning("The shared cache answers again.")


_outage = _Outage()


def _asking(name: str) -> Callable[..., Any]:
    """A cache's method of this name that asks Redis, and the process's own cache where Redis does not answer."""

    def ask(self: SharedCache, *args: Any, **options: Any) -> Any:
        self.is_away = not _outage.may_ask()
        if not self.is_away:
            try:
                answer = getattr(RedisCache, name)(self, *args, **options)
            except RedisError as error:
                self.is_away = True
                _outage.begin(error)
            else:
                _outage.end()
                return answer
        return getattr(self.own, name)(*args, **options)

    return ask


class SharedCache(RedisCache):
    """Django's Redis cache that does not fail. ``is_away`` says whether Redis did not give the last answer."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        limits = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
        retry = Retry(NoBackoff(), 1)  # a connection of the pool is dead after a restart of Redis
        super().__init__(server, {**params, "OPTIONS": {**limits, "retry": retry, **params.get("OPTIONS", {})}})
        self.own = LocMemCache("own", {"OPTIONS": {"MAX_ENTRIES": MOST_ENTRIES}})
        self.is_away = False

    add = _asking("add")
    clear = _asking("clear")
    delete = _asking("delete")
    delete_many = _asking("delete_many")
    get = _asking("get")
    get_many = _asking("get_many")
    has_key = _asking("has_key")
    incr = _asking("incr")
    set = _asking("set")
    set_many = _asking("set_many")
    touch = _asking("touch")
