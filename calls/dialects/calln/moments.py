"""The times CallN's clients write: ``2013-10-09 15:23:54``, hours with or without their zero, ISO 8601, an offset or none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(9998, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:(?:T|[ ]+)(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:[ ]?(Z|[+-]\d\d:?\d\d))?)?",
    re.ASCII | re.IGNORECASE,
)


def read_moment(text: str) -> datetime:
    """A day with its time, UTC where no offset is told; raises ``ValueError``."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None or match[4] is None:
        raise ValueError("not a day and a time")
    return _within(_built(match, UTC, 0))


def first_moment(text: str, zone: tzinfo) -> datetime:
    """The first instant that is meant by a lower bound: a day alone means its midnight; raises ``ValueError``."""
    return _within(min(_readings(text, zone)))


def end_moment(text: str, zone: tzinfo) -> datetime:
    """The first instant past an upper bound, which includes its own second; a day alone means its midnight.

    Raises ``ValueError``.
    """
    return _within(max(_readings(text, zone)).replace(microsecond=0)) + timedelta(seconds=1)


def written(moment: datetime, zone: tzinfo) -> str:
    """A time as CallN writes it, in ``zone``."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _readings(text: str, zone: tzinfo) -> list[datetime]:
    """The instants a time can stand for: two where clocks were turned over it."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise ValueError("not a day or a time")
    return [_built(match, zone, fold) for fold in (0, 1)]


def _built(match: re.Match[str], zone: tzinfo, fold: int) -> datetime:
    year, month, day, hour, minute, second = (int(match[group] or 0) for group in range(1, 7))
    microsecond = int((match[7] or "0").ljust(6, "0")[:6])
    offset = _offset(match[8]) if match[8] else zone
    try:
        return datetime(year, month, day, hour, minute, second, microsecond, offset, fold=fold).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error


def _offset(text: str) -> tzinfo:
    if text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError("no offset")
    length = timedelta(hours=hours, minutes=minutes)
    return timezone(-length if text[0] == "-" else length)


def _within(moment: datetime) -> datetime:
    if not FIRST <= moment <= LAST:
        raise ValueError("outside the years of the log")
    return moment
