"""Asking the database: one question for all that goes by time, one for each other way to group."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from operator import itemgetter
from typing import Any

from django.db.models import Count, F, Q, Sum, Value

from calls.models import Call
from calls.models.call import CallQuerySet
from calls.reports.periods import Slot, Span
from calls.reports.tally import USUAL_WITHIN_S, Grain, Length, Percentile, Tally, counts, measures

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


def profile_of(
    calls: CallQuerySet,
    span: Span,
    *,
    within_ms: int = USUAL_WITHIN_S * 1000,
    with_lengths: bool = True,
    with_waiting: bool = True,
) -> Profile:
    """Count the calls of the period, by time, and read no call before it. One query; one more for those that wait to be returned.

    Every length of every call is read, too; what needs none of them, or only those of all calls together, goes ``with_lengths``
    off (``lengths_of``).
    """
    grain_s = span.grain_s
    within: Any = calls.between(span.start, span.end).order_by()
    grain = Grain("started_at", grain_s)
    rows = within.values(key=grain).annotate(**(measures(within_ms) if with_lengths else counts()))
    waiting = _not_returned(within, span, grain) if with_waiting else {}
    parts = [
        (max(datetime.fromtimestamp(key * grain_s, UTC), span.start), Tally(**row, not_returned=waiting.get(key, 0)))
        for key, row in sorted(((row.pop("key"), row) for row in rows), key=itemgetter(0))  # faster than the database's sorting
    ]
    return Profile(span=span, parts=parts)


def lengths_of(calls: CallQuerySet, span: Span) -> tuple[Length, Length]:
    """How long the calls of the period rang and were talked in, all together: what ``Tally`` says, without every single one."""
    talked = Q(talk_ms__gt=0)
    told = calls.between(span.start, span.end).order_by().aggregate(
        rang=Count("ring_ms"), ring=Sum("ring_ms"), ring_p90=Percentile("ring_ms"),
        talked=Count("talk_ms", filter=talked), talk=Sum("talk_ms", filter=talked), talk_p90=Percentile("talk_ms", filter=talked),
    )  # fmt: skip
    return (
        Length(count=told["rang"], total=told["ring"] or 0, p90=told["ring_p90"]),
        Length(count=told["talked"], total=told["talk"] or 0, p90=told["talk_p90"]),
    )


def by_party(calls: CallQuerySet, span: Span, party: str, *, limit: int, within_ms: int = USUAL_WITHIN_S * 1000) -> list[Row]:
    """Count the calls of the period by direction, disposition, agent, company, line or center: the ``limit`` with most calls."""
    within: Any = calls.between(span.start, span.end).order_by()
    grouped = within.values(key=F(party), name=F(f"{party}__{NAMES[party]}") if party in NAMES else Value(""))
    rows = grouped.annotate(**measures(within_ms)).order_by("-calls", "key")[:limit]
    waiting = _not_returned(within, span, F(party))
    return [
        Row(key=key, name=name or "", tally=Tally(**row, not_returned=waiting.get(key, 0)))
        for key, name, row in ((row.pop("key"), row.pop("name"), row) for row in rows)
    ]


def _not_returned(within: Any, span: Span, group: Any) -> dict[Any, int]:
    """How many missed calls of the period nobody has returned, by what they are grouped by.

    Asked for alone: the database then joins them once with all later calls, where as a part of another question it would look
    for the later calls of each.
    """
    rows = within.not_returned(since=span.start).values(key=group).annotate(not_returned=Count("*"))
    return {row["key"]: row["not_returned"] for row in rows}


def by_parties(calls: CallQuerySet, span: Span, parties: Sequence[str], *, limit: int) -> dict[str, list[Row]]:
    """How many calls of the period each of several parties has: one query for all, and one for the names of each with names.

    ``limit`` is for each party. Meant for parties that go together; every combination that occurs is read once.
    """
    within: Any = calls.between(span.start, span.end).order_by()
    columns = [f"{party}_id" if party in NAMES else party for party in parties]
    found: list[Counter[Any]] = [Counter() for _party in parties]
    for *keys, count in within.values_list(*columns).annotate(calls=Count("*")):
        for counted, key in zip(found, keys, strict=True):
            counted[key] += count
    return {party: _most(party, counted, limit) for party, counted in zip(parties, found, strict=True)}


def _most(party: str, counted: Counter[Any], limit: int) -> list[Row]:
    ordered = sorted(counted.items(), key=lambda item: (-item[1], str(item[0])))[:limit]
    names: dict[Any, str] = {}
    if party in NAMES:
        rows: Any = Call._meta.get_field(party).related_model
        names = dict(rows._default_manager.filter(pk__in=[key for key, _count in ordered if key]).values_list("pk", NAMES[party]))
    return [Row(key=key, name=names.get(key, ""), tally=Tally(calls=count)) for key, count in ordered]
