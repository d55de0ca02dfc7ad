"""Counting days of usage: which have changed is read off the events of calls, and each is counted as a whole.

A day is marked stale first and counted afterwards, so a run may be killed anywhere, run twice, or beside its twin. Events may
be committed out of order, so those of the last minutes are looked at again; what even that misses, the night's recount finds.
"""

from __future__ import annotations

import time as clock
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from calls.choices import EventKind
from calls.models import Call, CallEvent, Origination, Recording, UsageCursor, UsageDay
from tenants.models import Tenant

LONGEST_TRANSACTION = timedelta(minutes=10)
RECOUNTED = timedelta(days=35)


def roll_up(now: datetime | None = None, *, seconds: float = 30.0) -> int:
    """Count every day anew whose calls have changed, the latest first, for so long; how many were counted."""
    deadline = clock.monotonic() + seconds
    _follow_zones()
    _mark_changed(now or timezone.now())
    counted = 0
    for pk in UsageDay.objects.stale().order_by("-day").values_list("pk", flat=True):
        if clock.monotonic() > deadline:
            break
        counted += _count(pk)
    return counted


def recount_lately(now: datetime | None = None) -> None:
    """Have the last weeks counted anew, whether anything is known to have changed or not."""
    since = (now or timezone.now()) - RECOUNTED
    for tenant in Tenant.objects.all():
        known = UsageDay.objects.for_tenant(tenant).filter(day__gte=since.date()).values_list("day", flat=True)
        _mark(tenant, {*known, *_days_of(tenant, Call.objects.for_tenant(tenant).between(since, None))})


def _follow_zones() -> None:
    """Forget the days of tenants that keep another time by now, and mark those they have instead."""
    for tenant in Tenant.objects.filter(pk__in=UsageDay.objects.of_another_zone().values("tenant")):
        with transaction.atomic():
            UsageDay.objects.for_tenant(tenant).exclude(zone=tenant.time_zone).delete()
            _mark(tenant, _days_of(tenant, Call.objects.for_tenant(tenant)))


@transaction.atomic
def _mark_changed(now: datetime) -> None:
    UsageCursor.objects.bulk_create([UsageCursor(pk=1)], ignore_conflicts=True)
    cursor = UsageCursor.objects.select_for_update().get(pk=1)
    events = CallEvent.objects.order_by().filter(pk__gt=cursor.event_id)
    settled = events.filter(recorded_at__lt=now - LONGEST_TRANSACTION).aggregate(last=Max("pk"))["last"]
    for tenant in Tenant.objects.filter(pk__in=events.values("tenant").distinct()):
        _mark(tenant, _changed_days(tenant, events.filter(tenant=tenant), is_first=cursor.event_id == 0))
    if settled is not None:
        UsageCursor.objects.filter(pk=1).update(event_id=settled)


def _changed_days(tenant: Tenant, events: Any, *, is_first: bool) -> set[date]:
    if is_first:  # the log is older than this table
        return _days_of(tenant, Call.objects.for_tenant(tenant))
    days = set(events.annotate(day=TruncDate("call__started_at", tzinfo=tenant.zone)).values_list("day", flat=True).distinct())
    moved = events.filter(kind=EventKind.AMENDED, data__changed__has_key="started_at").values_list("data", flat=True)
    before = (datetime.fromisoformat(data["changed"]["started_at"][0]) for data in moved)
    return days | {at.astimezone(tenant.zone).date() for at in before}


def _days_of(tenant: Tenant, calls: Any) -> set[date]:
    days = calls.order_by().annotate(local_day=TruncDate("started_at", tzinfo=tenant.zone))
    return set(days.values_list("local_day", flat=True).distinct())


def _mark(tenant: Tenant, days: Iterable[date]) -> None:
    rows = [UsageDay(tenant=tenant, day=day, zone=tenant.time_zone) for day in sorted(days)]
    UsageDay.objects.bulk_create(
        rows, batch_size=500, update_conflicts=True, unique_fields=["tenant", "day"], update_fields=["is_stale"]
    )


@transaction.atomic
def _count(pk: Any) -> bool:
    """Count one stale day. Its row is locked by taking the mark off, so a change from now on marks it again."""
    if not UsageDay.objects.stale().filter(pk=pk).update(is_stale=False):
        return False
    row = UsageDay.objects.select_related("tenant").get(pk=pk)
    zone = row.tenant.zone
    start, end = (datetime.combine(day, time.min, zone).astimezone(UTC) for day in (row.day, row.day + timedelta(days=1)))
    calls = Call.objects.for_tenant(row.tenant).between(start, end).order_by()
    figures: dict[str, Any] = {"calls": 0, "talk_ms": 0}
    by_outcome: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for told in calls.values("direction", "disposition").annotate(n=Count("pk"), talk=Sum("talk_ms")):
        talk_ms = told["talk"] or 0
        by_outcome[told["direction"]][told["disposition"]] = [told["n"], talk_ms]
        figures["calls"] += told["n"]
        figures["talk_ms"] += talk_ms
    in_day = Q(call__tenant=row.tenant, call__started_at__gte=start, call__started_at__lt=end)
    audio = Recording.objects.filter(in_day, stored_at__isnull=False).aggregate(n=Count("pk"), size=Sum("size_bytes"))
    made = Origination.objects.filter(in_day).aggregate(n=Count("pk"), talk=Sum("billable_ms"))
    figures |= {"recordings": audio["n"], "audio_bytes": audio["size"] or 0}
    figures |= {"dialled": made["n"], "dialled_ms": made["talk"] or 0}
    now = timezone.now()
    UsageDay.objects.filter(pk=pk).update(
        **figures, by_outcome=by_outcome, zone=row.tenant.time_zone, counted_at=now, updated_at=now
    )
    return True
