"""Times and lengths at the edge: RFC 3339 and seconds outside, aware UTC and milliseconds inside."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from calls.ledger import EARLIEST, LATEST, LONGEST_MS

_LOST_PLUS = re.compile(r"(?<=\d) (?=\d\d:?\d\d\Z)")


def read_moment(text: str, zone: tzinfo) -> datetime:
    """An RFC 3339 time; without an offset it is in ``zone``. Raises ``ValueError``."""
    moment = parse_datetime(text) if "T" in text or "t" in text or " " in text else None
    if moment is None:
        raise ValueError("Write a time such as 2026-03-02T09:00:00+01:00.")
    if timezone.is_naive(moment):
        moment = moment.replace(tzinfo=zone)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("The time must lie between the years 1970 and 9997.") from error
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("The time must lie between the years 1970 and 9997.")
    return moment


def read_moment_parameter(text: str, zone: tzinfo) -> datetime:
    """A time in an address: also a date alone (its midnight), and with the ``+`` that URLs turn into a space."""
    day = parse_date(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    if day is not None:
        return read_moment(f"{day.isoformat()}T00:00:00", zone)
    return read_moment(_LOST_PLUS.sub("+", text), zone)


def read_day(text: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """A day's first moment and the next day's, in ``zone``: ``2026-03-02``, ``today`` or ``yesterday``."""
    today = timezone.now().astimezone(zone).date()
    named = {"today": today, "yesterday": today - timedelta(days=1)}
    day = named.get(text) or parse_date(text)
    if day is None or not EARLIEST.date() <= day < LATEST.date():
        raise ValueError("Write a day such as 2026-03-02, or today or yesterday.")
    return midnight(day, zone), midnight(day + timedelta(days=1), zone)


def midnight(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day in ``zone``, as UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def rfc3339(moment: datetime) -> str:
    """A time as every answer writes it: UTC, with ``Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def seconds(length_ms: int | None) -> int | float | None:
    """Milliseconds as seconds: whole ones as an integer."""
    if length_ms is None:
        return None
    return length_ms / 1000 if length_ms % 1000 else length_ms // 1000


def read_seconds(text: str) -> int:
    """Seconds, decimals allowed, as milliseconds. Raises ``ValueError``."""
    try:
        length = Decimal(text) if len(text) <= 24 else Decimal("NaN")
    except InvalidOperation as error:
        raise ValueError("Write seconds as a number, such as 90 or 2.5.") from error
    if not length.is_finite() or not 0 <= length * 1000 <= LONGEST_MS:
        raise ValueError("Must be between 0 seconds and 366 days.")
    return int(length * 1000)
