"""From when to when, by whose clocks: periods, the one before, and the hours, days, weeks and months they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from math import gcd
from zoneinfo import ZoneInfo

HOUR_S = 3600
NAMED = ("today", "yesterday", "7d", "30d", "month", "last_month")
TIME_GROUPS = ("hour", "day", "week", "month")
MOST_SLOTS = 800  # a month by the hour, two years by the day


class TooFine(ValueError):
    """The period has more parts of this size than anybody reads."""


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day, also where the clocks change at midnight."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class Slot:
    """An hour, day, week or month of a period; the first and the last may be cut short by it."""

    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class Span:
    """From ``start`` to before ``end`` (both aware UTC), by the clocks of ``zone``."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    @classmethod
    def of_days(cls, first: date, last: date, zone: ZoneInfo) -> Span:
        """Whole days, both included."""
        return cls(start=midnight(first, zone), end=midnight(last + timedelta(days=1), zone), zone=zone)

    @property
    def first_day(self) -> date:
        """The day it begins in."""
        return self.start.astimezone(self.zone).date()

    @property
    def last_day(self) -> date:
        """The day of its last instant."""
        return (self.end - timedelta(microseconds=1)).astimezone(self.zone).date()

    @property
    def is_of_days(self) -> bool:
        """Whether it is made of whole days."""
        return self == Span.of_days(self.first_day, self.last_day, self.zone)

    @property
    def before(self) -> Span:
        """As long a period right before: a month before whole months, as many days before days, else as many seconds."""
        if not self.is_of_days:
            return Span(start=self.start - (self.end - self.start), end=self.start, zone=self.zone)
        first, last = self.first_day, self.last_day
        yesterday = first - timedelta(days=1)
        if first.day == 1 and (last + timedelta(days=1)).day == 1 and (first.year, first.month) == (last.year, last.month):
            return Span.of_days(yesterday.replace(day=1), yesterday, self.zone)
        return Span.of_days(first - (last + timedelta(days=1) - first), yesterday, self.zone)

    @cached_property
    def grain_s(self) -> int:
        """The longest seconds that every hour of these clocks is made of: 3600, or less where they are half an hour off UTC."""
        days = (self.end - self.start).days + 1
        at = (min(self.start + timedelta(days=n), self.end) for n in range(days + 1))
        offsets = {moment.astimezone(self.zone).utcoffset() or timedelta() for moment in at}
        return gcd(HOUR_S, *(int(offset.total_seconds()) for offset in offsets))

    def slots(self, group: str) -> list[Slot]:
        """Its hours, days, weeks (from Monday) or months, without gaps; raises ``TooFine``.

        An hour that the clocks go through twice is two, and one that they leave out is none.
        """
        inner: Iterator[datetime] = _hours(self) if group == "hour" else _days(self, _FIRST_OF[group])
        starts = [self.start]
        for at in inner:
            if len(starts) > MOST_SLOTS:
                raise TooFine
            if starts[-1] < at < self.end:
                starts.append(at)
        return [Slot(start=start, end=end) for start, end in pairwise([*starts, self.end])]


_FIRST_OF: dict[str, Callable[[date], bool]] = {
    "day": lambda day: True,
    "week": lambda day: day.isoweekday() == 1,
    "month": lambda day: day.day == 1,
}


def _hours(span: Span) -> Iterator[datetime]:
    at = span.start
    while at < span.end:
        local = at.astimezone(span.zone)
        into = local.minute * 60 + local.second + local.microsecond / 1_000_000
        at += timedelta(seconds=HOUR_S - into)
        yield at


def _days(span: Span, begins: Callable[[date], bool]) -> Iterator[datetime]:
    day = span.first_day
    while day < span.last_day:
        day += timedelta(days=1)
        if begins(day):
            yield midnight(day, span.zone)


def named(name: str, zone: ZoneInfo, now: datetime) -> Span:
    """A period by its name (``NAMED``), as it is now; months are whole, also the one that goes on."""
    today = now.astimezone(zone).date()
    if name in ("today", "yesterday"):
        day = today if name == "today" else today - timedelta(days=1)
        return Span.of_days(day, day, zone)
    if name in ("7d", "30d"):
        return Span.of_days(today - timedelta(days=6 if name == "7d" else 29), today, zone)
    first = today.replace(day=1)
    if name == "last_month":
        last = first - timedelta(days=1)
        return Span.of_days(last.replace(day=1), last, zone)
    return Span.of_days(first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1), zone)
