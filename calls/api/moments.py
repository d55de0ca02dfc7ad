"""Times and lengths at the edge: RFC 3339 and seconds outside, aware UTC and milliseconds inside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from calls.ledger import EARLIEST, LATEST, LONGEST_MS

_IN_ORDER = ("started_at", "answered_at", "ended_at")
_BETWEEN = {"duration": ("started_at", "ended_at"), "ring": ("started_at", "answered_at"), "talk": ("answered_at", "ended_at")}
_LOST_PLUS = re.compile(r"(?<=\d) (?=\d\d:?\d\d\Z)")


def read_moment(text: str, zone: tzinfo) -> datetime:
    """An RFC 3339 time; without an offset it is in ``zone``. Raises ``ValueError``.

    Of an hour that comes twice the first is meant; ``read_local`` leaves that open.
    """
    return read_local(text, zone).astimezone(UTC)


def read_local(text: str, zone: tzinfo) -> datetime:
    """The same, in ``zone`` still where clocks go through its hour twice, so that ``settle_local`` can tell which is meant."""
    text = text.upper()  # “t” and “z” are as good (RFC 3339 §5.6)
    moment = parse_datetime(text) if "T" in text or " " in text else None
    if moment is None:
        raise ValueError("Write a time such as 2026-03-02T09:00:00+01:00.")
    if timezone.is_naive(moment):
        moment = moment.replace(tzinfo=zone)
    try:
        is_open = moment.utcoffset() != moment.replace(fold=1).utcoffset()
        moment = moment if is_open else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("The time must lie between the years 1970 and 9997.") from error
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("The time must lie between the years 1970 and 9997.")
    return moment


def settle_local(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with ``started_at``, ``answered_at`` and ``ended_at``, each of one instant, in UTC.

    A local time in the hour that clocks go through twice may be either (PEP 495): those are meant
    that come in order and fit the lengths in ``values`` best, in milliseconds; else the first.
    """
    names = [name for name in _IN_ORDER if values.get(name) is not None]
    choices = product(*([values[name].replace(fold=fold).astimezone(UTC) for fold in (0, 1)] for name in names))
    meant = min((dict(zip(names, choice, strict=True)) for choice in choices), key=lambda times: _misfit(times, values))
    return {**values, **meant}


def _misfit(times: Mapping[str, datetime], values: Mapping[str, Any]) -> tuple[bool, float]:
    """Whether times are out of order, and by how many milliseconds they miss the lengths."""
    moments, missed = list(times.values()), 0.0
    for name, (first, last) in _BETWEEN.items():
        if values.get(name) is not None and first in times and last in times:
            missed += abs((times[last] - times[first]) / timedelta(milliseconds=1) - values[name])
    return moments != sorted(moments), missed


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


def read_seconds(text: str) -> int:
    """Seconds, decimals allowed, as milliseconds. Raises ``ValueError``."""
    try:
        length = Decimal(text) if len(text) <= 24 else Decimal("NaN")
    except InvalidOperation as error:
        raise ValueError("Write seconds as a number, such as 90 or 2.5.") from error
    if not length.is_finite() or not 0 <= length * 1000 <= LONGEST_MS:
        raise ValueError("Must be between 0 seconds and 366 days.")
    return int(length * 1000)
