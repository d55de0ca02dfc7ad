"""How well missed calls are returned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from calls.models.missed import MissedCallQuerySet

PERIOD = timedelta(days=30)
MOST = 10_000  # returns whose time is looked at


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The last 30 days of a queue. ``usual_return`` is the median from the last try to the call that was answered."""

    waiting: int
    oldest_at: datetime | None
    missed: int
    returned: int
    never_returned: int
    usual_return: timedelta | None

    @property
    def share_returned(self) -> int | None:
        """Of all that were missed, in per cent."""
        return round(100 * self.returned / self.missed) if self.missed else None


def figures_of(rows: MissedCallQuerySet, now: datetime | None = None) -> Figures:
    """The figures of these rows, by three queries."""
    now = now or timezone.now()
    waiting = rows.waiting().order_by().aggregate(count=Count("pk"), oldest=Min("first_at"))
    lately = rows.filter(last_at__gte=now - PERIOD).order_by()
    told = lately.aggregate(missed=Count("pk"), returned=Count("pk", filter=Q(returned_by__isnull=False)))
    times = sorted(
        returned_at - last_at
        for returned_at, last_at in lately.filter(returned_at__isnull=False).values_list("returned_at", "last_at")[:MOST]
        if returned_at
    )
    return Figures(
        waiting=waiting["count"],
        oldest_at=waiting["oldest"],
        missed=told["missed"],
        returned=told["returned"],
        never_returned=told["missed"] - told["returned"],
        usual_return=times[len(times) // 2] if times else None,
    )
