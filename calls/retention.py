"""Retention: every night, at half past two by the tenant's clocks, audio whose time is over is removed and a report is left.

What a night removes is decided by ``Recording.retain_until`` alone, so that a preview says what the run will do. A run may be
killed at any point: its row stays unfinished, the next try goes on, and its figures are counted from the recordings themselves.
"""

from __future__ import annotations

import time as clock
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, CharField, Count, F, Min, QuerySet, Sum, Value, When
from django.utils import timezone

from calls import failpoints, ledger
from calls.choices import RemovalReason, RetentionKind
from calls.errors import OnHold
from calls.models import Recording, RetentionRule, RetentionRun
from calls.recordings import storage
from calls.recordings.errors import StorageTrouble
from tenants.models import Tenant

AT = time(2, 30)
AT_ONCE = 100
_KIND = Case(
    When(call__disposition="voicemail", then=Value(RetentionKind.VOICEMAIL.value)),
    When(call__direction="unknown", then=Value(RetentionKind.ALL.value)),
    default=F("call__direction"),
    output_field=CharField(),
)


@dataclass(frozen=True, kw_only=True)
class Due:
    """Audio of one kind of call that a night removes; ``oldest`` is when the first of the calls began."""

    kind: RetentionKind
    count: int
    size_bytes: int
    oldest: datetime


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What the run at ``at`` will remove, and how many recordings a legal hold keeps from it."""

    tenant: Tenant
    at: datetime
    due: list[Due]
    held: int


def save_rule(rule: RetentionRule) -> None:
    """Keep a new or changed rule; the times of the tenant's audio follow within moments, in the background."""
    with transaction.atomic():
        rule.applied_zone = ""
        rule.save()
        _ring()


def drop_rule(rule: RetentionRule) -> None:
    """Do without a rule; the audio it was for follows the others, or stays for good where there is none."""
    with transaction.atomic():
        rule.delete()
        others = RetentionRule.objects.for_tenant(rule.tenant)
        if not others.update(applied_zone="", updated_at=timezone.now()):
            ledger.forget_retention(rule.tenant)
        _ring()


def follow_rules(*, seconds: float = 30.0) -> None:
    """Make the times of audio follow rules that have changed, tenant by tenant, for so long."""
    deadline = clock.monotonic() + seconds
    for tenant in Tenant.objects.filter(pk__in=RetentionRule.objects.waiting().values("tenant")):
        ledger.keep_retention(tenant, seconds=deadline - clock.monotonic())


def preview(tenant: Tenant, now: datetime | None = None) -> Preview:
    """What the tenant's next run will remove, if nothing changes until then."""
    _follow(tenant, seconds=10.0)
    at = next_run(tenant, now or timezone.now())
    over = Recording.objects.for_tenant(tenant)
    return Preview(
        tenant=tenant,
        at=at,
        due=_by_kind(over.due_for_removal(at)),
        held=_held(tenant, at),
    )


def next_run(tenant: Tenant, now: datetime) -> datetime:
    """When the tenant's next run begins: now, where today's is late or was broken off.

    A rule made or changed during the day waits for the night, so that a slip can be seen in the preview and undone.
    """
    day = now.astimezone(tenant.zone).date()
    tonight = _night_of(day, tenant)
    if now < tonight:
        return tonight
    is_done = RetentionRun.objects.for_tenant(tenant).filter(day=day, finished_at__isnull=False).exists()
    if is_done or RetentionRule.objects.for_tenant(tenant).filter(updated_at__gt=tonight).exists():
        return _night_of(day + timedelta(days=1), tenant)
    return now


def run_due(now: datetime | None = None, *, seconds: float = 30.0) -> list[RetentionRun]:
    """Run each tenant that has rules and whose night has come, for so long in all; the runs that were worked on."""
    deadline = clock.monotonic() + seconds
    runs = []
    for tenant in tenants_with_rules():
        at = now or timezone.now()
        if clock.monotonic() < deadline and next_run(tenant, at) <= at:
            runs.append(run(tenant, at, seconds=deadline - clock.monotonic()))
    return runs


def run(tenant: Tenant, now: datetime | None = None, *, seconds: float = 3600.0) -> RetentionRun:
    """Remove what is due for a tenant; its run of the day, unfinished where that took longer than ``seconds``."""
    now, deadline = now or timezone.now(), clock.monotonic() + seconds
    report = _report(tenant, now)
    if not _follow(tenant, seconds=seconds):
        return report  # nothing goes by times that do not follow the rules yet
    while batch := list(Recording.objects.for_tenant(tenant).due_for_removal(now).order_by("retain_until", "pk")[:AT_ONCE]):
        for recording in batch:
            _remove(recording, report, now)
            if clock.monotonic() > deadline:
                return _count(report)
    return _count(report, finished_at=timezone.now())


def tenants_with_rules() -> QuerySet[Tenant]:
    """Those that retention is for, closed ones as well: their audio has its time, too."""
    return Tenant.objects.filter(pk__in=RetentionRule.objects.values("tenant")).order_by("slug")


def _night_of(day: date, tenant: Tenant) -> datetime:
    return datetime.combine(day, AT, tzinfo=tenant.zone).astimezone(UTC)


def _report(tenant: Tenant, now: datetime) -> RetentionRun:
    """The run that is unfinished, else that of the day, which goes on."""
    runs = RetentionRun.objects.for_tenant(tenant)
    unfinished = runs.filter(finished_at__isnull=True).order_by("day").first()
    if unfinished is not None:
        return unfinished
    day = now.astimezone(tenant.zone).date()
    report, _ = RetentionRun.objects.update_or_create(
        tenant=tenant, day=day, defaults={"finished_at": None}, create_defaults={"started_at": timezone.now()}
    )
    return report


def _remove(recording: Recording, report: RetentionRun, now: datetime) -> None:
    try:
        if ledger.remove_audio(recording, reason=RemovalReason.RETENTION, due_at=now) and _is_still_there(recording):
            RetentionRun.objects.filter(pk=report.pk).update(failures=F("failures") + 1)
    except OnHold:  # set since the batch was read; the next one leaves it out
        return
    failpoints.reach("retention.removed")


def _is_still_there(recording: Recording) -> bool:
    try:
        return storage.exists(recording.storage_key)
    except (StorageTrouble, OSError):
        return True


def _count(report: RetentionRun, **columns: Any) -> RetentionRun:
    """Write the report's figures, counted from what was removed since the run began."""
    gone = Recording.objects.for_tenant(report.tenant).filter(
        removal_reason=RemovalReason.RETENTION, removed_at__gte=report.started_at
    )
    due = _by_kind(gone)
    report.refresh_from_db()
    report.removed = sum(one.count for one in due)
    report.removed_bytes = sum(one.size_bytes for one in due)
    report.by_kind = {one.kind.value: {"count": one.count, "bytes": one.size_bytes} for one in due}
    report.held = _held(report.tenant, timezone.now())
    for name, value in columns.items():
        setattr(report, name, value)
    report.save(update_fields=["removed", "removed_bytes", "by_kind", "held", "updated_at", *columns])
    return report


def _held(tenant: Tenant, at: datetime) -> int:
    return Recording.objects.for_tenant(tenant).playable().filter(retain_until__lte=at, is_on_hold=True).count()


def _by_kind(rows: QuerySet[Recording]) -> list[Due]:
    told = rows.order_by().annotate(of_kind=_KIND).values("of_kind")
    return list(_read(told.annotate(n=Count("pk"), size=Sum("size_bytes"), oldest=Min("call__started_at")).order_by("of_kind")))


def _read(rows: Any) -> Iterator[Due]:
    for row in rows:
        yield Due(kind=RetentionKind(row["of_kind"]), count=row["n"], size_bytes=row["size"], oldest=row["oldest"])


def _follow(tenant: Tenant, *, seconds: float) -> bool:
    """Make the times follow rules that have changed, where any has; whether they do."""
    is_waiting = RetentionRule.objects.for_tenant(tenant).waiting().exists()
    return ledger.keep_retention(tenant, seconds=seconds) if is_waiting else True


def _ring() -> None:
    from callhub import doorbell
    from calls.tasks import keep_retention  # late: the tasks call these services

    doorbell.ring(keep_retention)
