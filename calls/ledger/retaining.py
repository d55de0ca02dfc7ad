"""How long audio is kept: each recording's time is computed when it is stored, and anew when rules or its call change."""

from __future__ import annotations

import time as clock
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from calls.choices import Direction, Disposition, RetentionKind
from calls.models import Call, Recording, RetentionRule
from tenants.models import Tenant

_SETTLED = timedelta(minutes=1)  # longer than any transaction that read the rules as they were before
_IS_VOICEMAIL = Q(disposition=Disposition.VOICEMAIL)
# The calls each rule is for; those of the last, whose direction nobody told, have the rule for every call alone.
CALLS = {
    RetentionKind.VOICEMAIL: _IS_VOICEMAIL,
    RetentionKind.INBOUND: Q(direction=Direction.INBOUND) & ~_IS_VOICEMAIL,
    RetentionKind.OUTBOUND: Q(direction=Direction.OUTBOUND) & ~_IS_VOICEMAIL,
    RetentionKind.INTERNAL: Q(direction=Direction.INTERNAL) & ~_IS_VOICEMAIL,
    RetentionKind.ALL: Q(direction=Direction.UNKNOWN) & ~_IS_VOICEMAIL,
}


def kind_of(call: Call) -> RetentionKind:
    """Which rule goes before the one for every call."""
    if call.disposition == Disposition.VOICEMAIL:
        return RetentionKind.VOICEMAIL
    return RetentionKind.ALL if call.direction == Direction.UNKNOWN else RetentionKind(call.direction)


def retain_until(call: Call) -> datetime | None:
    """When retention removes the audio of a call: at the end of the last day it is kept for; None is never."""
    days = _days_by_kind(RetentionRule.objects.for_tenant(call.tenant))[kind_of(call)]
    return _end_of(call.started_at.astimezone(call.tenant.zone).date(), days, call.tenant.zone)


def follow_call(call: Call) -> None:
    """Compute the times of a call's audio anew, because it began at another moment or is of another kind."""
    rows = Recording.objects.playable().filter(call=call)
    if rows.exists():
        rows.update(retain_until=retain_until(call), updated_at=timezone.now())


def forget_retention(tenant: Tenant) -> None:
    """Let the tenant's audio stay until a person removes it, because there is no rule any more."""
    Recording.objects.for_tenant(tenant).filter(retain_until__isnull=False).update(retain_until=None, updated_at=timezone.now())


def keep_retention(tenant: Tenant, *, seconds: float = 30.0) -> bool:
    """Make the times of all audio of the tenant follow its rules; whether that could be done in ``seconds``.

    Goes day by day, each with a few conditional UPDATEs, and writes only what differs: it may be broken off and repeated.
    """
    began, deadline = timezone.now(), clock.monotonic() + seconds
    rules = list(RetentionRule.objects.for_tenant(tenant))
    kinds = defaultdict(list)
    for kind, days in _days_by_kind(rules).items():
        kinds[days].append(kind)
    for day in _days_with_audio(tenant):
        if clock.monotonic() > deadline:
            return False
        for days, same in kinds.items():
            _keep_day(tenant, day, same, days)
    for rule in rules:  # read again in a minute where an upload may still be going by what was before
        unchanged = RetentionRule.objects.filter(pk=rule.pk, updated_at=rule.updated_at)
        unchanged.filter(updated_at__lte=began - _SETTLED).update(applied_zone=tenant.time_zone)
    return True


def _days_by_kind(rules: Iterable[RetentionRule]) -> dict[RetentionKind, int | None]:
    told = {RetentionKind(rule.kind): rule.days for rule in rules}
    return {kind: told.get(kind, told.get(RetentionKind.ALL)) for kind in CALLS}


def _days_with_audio(tenant: Tenant) -> list[date]:
    calls = Call.objects.for_tenant(tenant).filter(pk__in=Recording.objects.for_tenant(tenant).playable().values("call"))
    days = calls.order_by().annotate(day=TruncDate("started_at", tzinfo=tenant.zone)).values_list("day", flat=True)
    return sorted(days.distinct())


def _keep_day(tenant: Tenant, day: date, kinds: list[RetentionKind], days: int | None) -> None:
    of_kind = Q(pk__in=[])
    for kind in kinds:
        of_kind |= CALLS[kind]
    until = _end_of(day, days, tenant.zone)
    calls = Call.objects.for_tenant(tenant).between(_midnight(day, tenant.zone), _midnight(day + timedelta(days=1), tenant.zone))
    rows = Recording.objects.for_tenant(tenant).playable().filter(call__in=calls.filter(of_kind))
    differing = rows.filter(retain_until__isnull=False) if until is None else rows.exclude(retain_until=until)
    differing.update(retain_until=until, updated_at=timezone.now())


def _end_of(day: date, days: int | None, zone: ZoneInfo) -> datetime | None:
    if days is None or day.toordinal() + days + 1 >= date.max.toordinal():
        return None
    return _midnight(day + timedelta(days=days + 1), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day, also where clocks change at midnight."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
