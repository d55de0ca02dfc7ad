"""Budgets: how often something may be done in a window of time, counted in the shared cache.

``spend`` is one atomic increment, so parallel spenders never get more than the limit. With the default in-process cache the
count is that of one web process; several processes need ``CALLHUB_CACHE_URL`` (a system check says so).
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from django.core.cache import cache


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What is left of a budget: ``reset_s`` is in whole seconds until it is full again."""

    is_allowed: bool
    limit: int
    remaining: int
    reset_s: int


@dataclass(frozen=True, kw_only=True)
class Share:
    """So many of a budget, which is full again in ``reset_s`` whole seconds; ``key`` is where it is counted."""

    key: str
    count: int
    reset_s: int


def spend(name: str, limit: int, window_s: int) -> Spent:
    """Take one from the budget ``name``, of ``limit`` in every ``window_s`` seconds."""
    key, reset_s = _window(name, window_s)
    used = _count(key, 1, window_s)
    return Spent(is_allowed=used <= limit, limit=limit, remaining=max(0, limit - used), reset_s=reset_s)


def spend_up_to(wanted: int, name: str, limit: int, window_s: int) -> Share:
    """Take ``wanted`` from the budget ``name``, or as many as are left of it, perhaps none."""
    key, reset_s = _window(name, window_s)
    used = _count(key, wanted, window_s)
    surplus = min(wanted, max(0, used - limit))
    share = Share(key=key, count=wanted, reset_s=reset_s)
    give_back(share, surplus)
    return replace(share, count=wanted - surplus)


def give_back(share: Share, count: int) -> None:
    """Let others have so many of a share; its window may be over by now, then there is nothing to do."""
    if count:
        with suppress(ValueError):  # evicted
            cache.incr(share.key, -count)


def _window(name: str, window_s: int) -> tuple[str, int]:
    """Where this window of a budget is counted, and the seconds until the next begins."""
    now = time.time()
    window = int(now // window_s)
    reset_s = math.ceil((window + 1) * window_s - now)  # who waits for so long is in the next window
    return f"budget:{name}:{window}", reset_s


def _count(key: str, count: int, window_s: int) -> int:
    """Add to what was used in a window; how much that is now."""
    cache.add(key, 0, timeout=window_s + 5)
    try:
        return int(cache.incr(key, count))
    except ValueError:  # evicted between the two lines
        cache.set(key, count, timeout=window_s + 5)
        return count
