"""When a message that did not arrive is sent again. Pure.

Ten attempts: at once, and after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, the last 75 h 35 min after the first,
each wait up to a tenth longer or shorter, so that what failed together does not come back together. A receiver that says
when (Retry-After, with 429 or 503) is heard, within a day.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MOST_ATTEMPTS = len(WAITS) + 1
JITTER = 0.1
LONGEST_RETRY_AFTER = timedelta(hours=24)
GIVES_UP_AFTER = timedelta(days=5)  # of nothing but failures an endpoint is disabled
_TELLS_WHEN = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def wait_after(attempts: int, *, told: timedelta | None = None) -> timedelta | None:
    """How long to wait after so many attempts; None where there is no other. What the receiver said goes first."""
    if attempts >= MOST_ATTEMPTS:
        return None
    if told is not None:
        return told
    return WAITS[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - nobody gains by guessing it


def retry_after(status: int | None, headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long the receiver asks to be left alone (RFC 9110 §10.2.3); None where it says nothing that can be read."""
    text = headers.get("retry-after", "").strip()
    if status not in _TELLS_WHEN or not text:
        return None
    if text.isascii() and text.isdigit():
        asked = timedelta(seconds=int(text[:9]))
    else:
        moment, their_now = _date(text), _date(headers.get("date", ""))
        if moment is None:
            return None
        asked = moment - (their_now or now)  # their own clock, where they tell it
    return min(max(asked, WAITS[0]), LONGEST_RETRY_AFTER)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
