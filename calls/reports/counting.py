"""Asking the database: one question for all that goes by time, one for each other way to group."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.db.models import F

from calls.models.call import CallQuerySet
from calls.reports.periods import Slot, Span
from calls.reports.tally import USUAL_WITHIN_S, Grain, Tally, measures

NAMES = {"agent": "name", "company": "name", "center": "name", "line": "number"}


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The calls of a period in its finest parts (at most an hour each); everything by time is added up from them."""

    span: Span
    parts: list[tuple[datetime, Tally]]

    @cached_property
    def total(self) -> Tally:
        """All of them."""
        return self._by(lambda at: None).get(None, Tally())

    def by_slots(self, group: str) -> list[tuple[Slot, Tally]]:
        """By hour, day, week or month, those without calls as well; raises ``TooFine``."""
        slots = self.span.slots(group)
        starts = [slot.start for slot in slots]
        found = self._by(lambda at: bisect_right(starts, at) - 1)
        return [(slot, found.get(place, Tally())) for place, slot in enumerate(slots)]

    def by_hour_of_day(self) -> list[Tally]:
        """24 of them, whatever the day."""
        found = self._by(lambda at: at.astimezone(self.span.zone).hour)
        return [found.get(hour, Tally()) for hour in range(24)]

    def by_weekday(self) -> list[Tally]:
        """7 of them, from Monday."""
        found = self._by(lambda at: at.astimezone(self.span.zone).weekday())
        return [found.get(day, Tally()) for day in range(7)]

    def by_weekday_and_hour(self) -> list[list[Tally]]:
        """For each day from Monday its 24 hours."""
        found = self._by(lambda at: (local := at.astimezone(self.span.zone)).weekday() * 24 + local.hour)
        return [[found.get(day * 24 + hour, Tally()) for hour in range(24)] for day in range(7)]

    def _by(self, place_of: Callable[[datetime], Any]) -> dict[Any, Tally]:
        found: dict[Any, Tally] = {}
        for at, tally in self.parts:
            found.setdefault(place_of(at), Tally()).add(tally)
        return found


@dataclass(frozen=True, kw_only=True)
class Row:
    """The calls of one agent, company, direction …; ``key`` is None for those that have none."""

    key: Any
    name: str
    tally: Tally


def profile_of(calls: CallQuerySet, span: Span, *, within_ms: int = USUAL_WITHIN_S * 1000) -> Profile:
    """Count the calls of the period, by time. One query, which reads no call outside the period."""
    grain = span.grain_s
    rows: Any = calls.between(span.start, span.end).order_by().values(grain=Grain("started_at", grain))
    parts = [
        (max(datetime.fromtimestamp(row.pop("grain") * grain, UTC), span.start), Tally(**row))
        for row in rows.annotate(**measures(within_ms=within_ms)).order_by("grain")
    ]
    return Profile(span=span, parts=parts)


def by_party(
    calls: CallQuerySet, span: Span, party: str, *, limit: int, within_ms: int = USUAL_WITHIN_S * 1000, lengths: bool = True
) -> list[Row]:
    """Count the calls of the period by direction, disposition, agent, company, line or center: the ``limit`` with most calls."""
    within: Any = calls.between(span.start, span.end).order_by()
    keys = {"key": party, "name": f"{party}__{NAMES[party]}"} if party in NAMES else {"key": party}
    grouped = within.values(**{name: F(path) for name, path in keys.items()})
    rows = grouped.annotate(**measures(within_ms=within_ms, lengths=lengths)).order_by("-calls", "key")[:limit]
    return [Row(key=row.pop("key"), name=row.pop("name", None) or "", tally=Tally(**row)) for row in rows]
