"""What is counted of calls, and how the database is asked for it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Aggregate, BigIntegerField, Count, F, Func, Q

from calls.choices import Disposition
from calls.models.call import IS_MISSED

PARTIES = ("direction", "disposition", "agent", "company", "line", "center")
USUAL_WITHIN_S = 20

_ANSWERED = Q(disposition=Disposition.ANSWERED)


@dataclass(kw_only=True)
class Tally:
    """Figures of some calls. ``ring`` and ``talk`` are the lengths in milliseconds of those that have them, talk above 0 only."""

    calls: int = 0
    answered: int = 0
    answered_within: int = 0
    missed: int = 0
    not_returned: int = 0
    ring: list[int] = field(default_factory=list)
    talk: list[int] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take in the calls of another."""
        self.calls += other.calls
        self.answered += other.answered
        self.answered_within += other.answered_within
        self.missed += other.missed
        self.not_returned += other.not_returned
        self.ring += other.ring
        self.talk += other.talk

    @property
    def answered_share(self) -> float | None:
        """How many of all calls were answered, between 0 and 1; None of no calls."""
        return self.answered / self.calls if self.calls else None


@dataclass(frozen=True, kw_only=True)
class Length:
    """Figures of one length of some calls, in milliseconds: of how many, in all, and what nine of ten do not exceed."""

    count: int
    total: int
    p90: int | None

    @property
    def average(self) -> int | None:
        """In whole milliseconds; None of no calls."""
        return round(self.total / self.count) if self.count else None


def average(lengths: list[int]) -> int | None:
    """The average, in whole milliseconds."""
    return round(sum(lengths) / len(lengths)) if lengths else None


def percentile(lengths: list[int], share: float = 0.9) -> int | None:
    """The least of these lengths that so large a share of them does not exceed (SQL's ``percentile_disc``)."""
    return sorted(lengths)[max(0, math.ceil(share * len(lengths)) - 1)] if lengths else None


class Lengths(Aggregate):
    """All values of a column in one list: percentiles of parts cannot be put together from percentiles."""

    function = "ARRAY_AGG"
    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, function="JSON_GROUP_ARRAY", **extra)

    @property
    def convert_value(self) -> Any:
        return lambda value, expression, connection: json.loads(value) if isinstance(value, str) else list(value or ())


class Percentile(Aggregate):
    """The same as ``percentile``, of a column."""

    function = "PERCENTILE_DISC"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = BigIntegerField()

    def __init__(self, column: str, share: float = 0.9, **extra: Any) -> None:
        super().__init__(column, share=float(share), **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        listed = self.copy()
        listed.function, listed.template = "JSON_GROUP_ARRAY", Aggregate.template
        return listed.as_sql(compiler, connection, **extra)

    @property
    def convert_value(self) -> Any:
        share = self.extra["share"]

        def convert(value: Any, expression: Any, connection: Any) -> int | None:
            listed = [length for length in json.loads(value) if length is not None] if isinstance(value, str) else None
            return value if listed is None else percentile(listed, share)

        return convert


class Grain(Func):
    """The number of the stretch of so many seconds since 1970 that a time lies in."""

    output_field = BigIntegerField()
    template = "(FLOOR(DATE_PART('epoch', %(expressions)s) / %(seconds)s)::bigint)"  # EXTRACT counts in slow decimals

    def __init__(self, column: str, seconds: int) -> None:
        super().__init__(F(column), seconds=int(seconds))

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "(CAST(STRFTIME('%%%%s', SUBSTR(%(expressions)s, 1, 19)) AS INTEGER) / %(seconds)s)"
        return self.as_sql(compiler, connection, template=template, **extra)


def counts() -> dict[str, Any]:
    """What costs little to annotate groups of calls with; the names are those of ``Tally``."""
    return {
        "calls": Count("*"),
        "answered": Count("pk", filter=_ANSWERED),
        "missed": Count("pk", filter=IS_MISSED),
    }


def measures(within_ms: int = USUAL_WITHIN_S * 1000) -> dict[str, Any]:
    """The counts and the lengths."""
    return {
        **counts(),
        "answered_within": Count("pk", filter=_ANSWERED & Q(ring_ms__lte=within_ms)),
        "ring": Lengths("ring_ms", filter=Q(ring_ms__isnull=False)),
        "talk": Lengths("talk_ms", filter=Q(talk_ms__gt=0)),
    }
