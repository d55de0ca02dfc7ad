"""When people call: office hours with a morning peak and a quiet lunch, few calls at weekends."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

DAYS = 30
_OF_HOUR = {7: 0.25, 8: 1.0, 9: 1.5, 10: 1.4, 11: 1.1, 12: 0.45, 13: 0.9, 14: 1.05, 15: 0.95, 16: 0.7, 17: 0.25, 18: 0.08}
_AT_NIGHT = 0.012
_OF_WEEKDAY = (1.15, 1.0, 0.95, 0.95, 0.85, 0.12, 0.06)


def moments(count: int, zone: str, now: datetime, rng: random.Random) -> list[datetime]:
    """``count`` moments of the past 30 days, in order, as busy hours in that zone would have it."""
    hours, weights = _hours(zone, now.replace(minute=0, second=0, microsecond=0))
    chosen = rng.choices(hours, cum_weights=weights, k=count)
    found = [hour + timedelta(milliseconds=rng.randrange(3_600_000)) for hour in chosen]
    return sorted(moment if moment < now else moment - timedelta(hours=1) for moment in found)


@lru_cache(maxsize=8)
def _hours(zone: str, now: datetime) -> tuple[list[datetime], list[float]]:
    hours = [now - timedelta(hours=back) for back in range(DAYS * 24)]
    return hours, list(accumulate(_weight(hour.astimezone(ZoneInfo(zone))) for hour in hours))


def _weight(local: datetime) -> float:
    return _OF_WEEKDAY[local.weekday()] * _OF_HOUR.get(local.hour, _AT_NIGHT)


def yesterday_afternoon(zone: str, now: datetime) -> datetime:
    """Yesterday at 16:40 there."""
    local = now.astimezone(ZoneInfo(zone)) - timedelta(days=1)
    return local.replace(hour=16, minute=40, second=12, microsecond=0).astimezone(UTC)
