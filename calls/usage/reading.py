"""Questions about days of usage, for the API, the admin and reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from calls.models import UsageDay
from tenants.models import Tenant


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The sum of several days; ``by_outcome`` as a day has it."""

    days: int
    calls: int
    talk_ms: int
    recordings: int
    audio_bytes: int
    dialled: int
    dialled_ms: int
    by_outcome: dict[str, dict[str, list[int]]]


def days_of(tenant: Tenant, first: date, last: date) -> list[UsageDay]:
    """The tenant's days from ``first`` to ``last``, both included, oldest first; days without any call are left out.

    A day is at most a few minutes behind the log (``counted_at`` tells).
    """
    rows = UsageDay.objects.for_tenant(tenant).filter(day__range=(first, last), counted_at__isnull=False)
    return list(rows.order_by("day"))


def total_of(days: Iterable[UsageDay]) -> Totals:
    """The sum of these days."""
    rows = list(days)
    by_outcome: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for row in rows:
        for direction, outcomes in row.by_outcome.items():
            for disposition, (calls, talk_ms) in outcomes.items():
                sums = by_outcome[direction][disposition]
                sums[0] += calls
                sums[1] += talk_ms
    return Totals(
        days=len(rows),
        calls=sum(row.calls for row in rows),
        talk_ms=sum(row.talk_ms for row in rows),
        recordings=sum(row.recordings for row in rows),
        audio_bytes=sum(row.audio_bytes for row in rows),
        dialled=sum(row.dialled for row in rows),
        dialled_ms=sum(row.dialled_ms for row in rows),
        by_outcome={direction: dict(outcomes) for direction, outcomes in by_outcome.items()},
    )
