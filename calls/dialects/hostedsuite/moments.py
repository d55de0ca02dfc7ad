"""The dates HostedSuite's clients write: ISO 8601, American, ``/Date(ms)/``; in the tenant's zone where no offset is told."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_date, parse_datetime

FIRST = datetime(1900, 1, 1, tzinfo=UTC)
LAST = datetime(9998, 1, 1, tzinfo=UTC)
LONGEST = 64  # characters of any date
SECONDS_BELOW = 10**10  # in milliseconds: April 1970
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIRE_DATE = re.compile(r"/Date\((-?\d{1,18})(?:[+-]\d{4})?\)/", re.ASCII)  # the offset is for show, the milliseconds are UTC
_AMERICAN = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
)


def from_moment(text: str, zone: ZoneInfo) -> datetime:
    """The first instant at or after which a call is meant; raises ``ValueError``."""
    value = _parse(text)
    if not isinstance(value, datetime):
        return _within(_midnight(value, zone))
    return _within(min(_readings(value, zone)))


def until_moment(text: str, zone: ZoneInfo) -> datetime:
    """The first instant a call no longer is meant: after the day, the second or the instant told; raises ``ValueError``."""
    value = _parse(text)
    if not isinstance(value, datetime):
        return _within(_midnight(_following(value), zone))
    # StartTime leaves in whole seconds: sent back as a bound it must include the call it was read from.
    step = timedelta(microseconds=1) if value.microsecond else timedelta(seconds=1)
    return _within(max(_readings(value, zone))) + step


def _parse(text: str) -> date | datetime:
    if len(text) > LONGEST or not text.isascii():
        raise ValueError("no date")
    if match := _WIRE_DATE.fullmatch(text):
        return _within(_plus_ms(_milliseconds(int(match[1]))))
    if "/" in text:
        return _american(text)
    value = parse_date(text) or parse_datetime(text.upper())  # “t” and “z” are as good (RFC 3339 §5.6)
    if value is None:
        raise ValueError("no date")
    return value


def _milliseconds(value: int) -> int:
    """Milliseconds since 1970; seconds sent in their place would lie in its first weeks, long before any call."""
    if 0 <= value < SECONDS_BELOW:
        raise ValueError("these are seconds; send milliseconds since 1970")
    return value


def _american(text: str) -> date | datetime:
    spaced = re.sub(r"\s*([AaPp][Mm])\Z", r" \1", text)
    for form in _AMERICAN:
        try:
            return datetime.strptime(spaced, form)  # noqa: DTZ007 - the zone is the tenant's, see _readings
        except ValueError:
            continue
    return datetime.strptime(spaced, "%m/%d/%Y").date()  # noqa: DTZ007 - a day has no zone


def _readings(value: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants a time can stand for: two where clocks were turned back or forward over it."""
    told = [value] if value.tzinfo else [value.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    try:
        return [moment.astimezone(UTC) for moment in told]
    except OverflowError as error:
        raise ValueError("outside the calendar") from error


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return _readings(datetime.combine(day, time.min), zone)[0]


def _following(day: date) -> date:
    try:
        return day + timedelta(days=1)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error


def _plus_ms(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error


def _within(moment: datetime) -> datetime:
    if not FIRST <= moment <= LAST:
        raise ValueError("outside the years of the log")
    return moment
