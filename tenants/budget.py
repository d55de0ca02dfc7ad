"""Budgets: how often something may be done in a window of time, counted in the shared cache.

``spend`` is one atomic increment, so parallel spenders never get more than the limit. With the default in-process cache the
count is that of one web process; several processes need ``CALLHUB_CACHE_URL`` (a system check says so).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from django.core.cache import cache


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What is left of a budget: ``reset_s`` is in whole seconds until it is full again."""

    is_allowed: bool
    limit: int
    remaining: int
    reset_s: int


def spend(name: str, limit: int, window_s: int) -> Spent:
    """Take one from the budget ``name``, of ``limit`` in every ``window_s`` seconds."""
    now = time.time()
    window = int(now // window_s)
    key = f"budget:{name}:{window}"
    cache.add(key, 0, timeout=window_s + 5)
    try:
        used = cache.incr(key)
    except ValueError:  # evicted between the two lines
        cache.set(key, 1, timeout=window_s + 5)
        used = 1
    reset_s = math.ceil((window + 1) * window_s - now)  # who waits for so long is in the next window
    return Spent(is_allowed=used <= limit, limit=limit, remaining=max(0, limit - used), reset_s=reset_s)
