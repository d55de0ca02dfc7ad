"""What people are to be told by now. Each is found as often as one looks, and written once.

What is found is read off the log and the counters themselves, so nothing has to be remembered when it happens.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from calls import usage
from calls.choices import DialMeter, NoticeKind, State
from calls.models import Call, DialPlan, DialUse, Notice
from calls.notices.people import Person, agents_to_tell, oldest_place, owners, readers_of_digest
from tenants import guessing
from tenants.models import DepositMonth, Tenant

LATEST_NEWS = timedelta(hours=1)  # a call logged longer after it began is history
LOOK_BACK = timedelta(hours=3)  # how long this may not have run without a missed call being lost
LONGEST_DIGEST = timedelta(days=7)
GUESSING_PAUSE = timedelta(days=1)
LEVELS = (100, 80)  # percent
WATCHED = ("deposits", "dial_minutes")
_USUAL_MINUTES = DialPlan._meta.get_field("minutes_per_day").default


def find(now: datetime | None = None) -> None:
    """Write down every mail that is to be sent by now and is not written down yet."""
    now = now or timezone.now()
    find_missed_calls(now)
    find_digests(now)
    find_limits(now)
    find_guessing(now)


def find_missed_calls(now: datetime) -> None:
    """Mails to agents who want one for each call they miss."""
    people = agents_to_tell()
    if not people:
        return
    calls = Call.objects.missed().between(now - LOOK_BACK, now).filter(agent__in=list(people), state=State.ENDED)
    told = calls.order_by("started_at").values_list("pk", "tenant_id", "agent_id", "started_at", "created_at")
    _write(
        _notice(tenant_id, NoticeKind.MISSED_CALL, str(pk), people[agent_id], now, call_id=pk)
        for pk, tenant_id, agent_id, started_at, created_at in told
        if created_at - started_at <= LATEST_NEWS
    )


def find_digests(now: datetime) -> None:
    """The day's digest of every tenant whose hour has come: what was missed since the last one."""
    for tenant in Tenant.objects.active().filter(digest_hour__isnull=False):
        day = now.astimezone(tenant.zone).date()
        until = _moment(tenant, day)
        if now < until or (tenant.digest_on is not None and tenant.digest_on >= day):
            continue
        last = tenant.digest_on if tenant.digest_on and day - tenant.digest_on <= LONGEST_DIGEST else day - timedelta(days=1)
        facts = {"since": _moment(tenant, last).isoformat(), "until": until.isoformat()}
        with transaction.atomic():  # of any number at once, one moves the day on
            not_yet = Q(digest_on__isnull=True) | Q(digest_on__lt=day)
            if Tenant.objects.filter(not_yet, pk=tenant.pk).update(digest_on=day):
                about, people = day.isoformat(), readers_of_digest(tenant)
                _write(_notice(tenant.pk, NoticeKind.DIGEST, about, person, now, facts=facts) for person in people)


def find_limits(now: datetime) -> None:
    """Warnings to owners at four fifths of a limit and at its end, once for each in a period."""
    for tenant in Tenant.objects.active().filter(pk__in=_nearly_used_up(now)):
        for limit in usage.limits_of(tenant, now):
            level = next((level for level in LEVELS if limit.percent >= level), None)
            if limit.name not in WATCHED or not limit.limit or level is None:
                continue
            about = f"{limit.name}:{limit.period}"
            is_past = level < LEVELS[0] and _keys(tenant, f"{about}:{LEVELS[0]}").exists()
            if not is_past:  # something was given back after the end had been told
                facts = {"limit": limit.name, "of": limit.limit, "used": limit.used, "level": level, "period": limit.period}
                facts["resets_at"] = limit.resets_at.isoformat() if limit.resets_at else ""
                about = f"{about}:{level}"
                _write(_notice(tenant.pk, NoticeKind.QUOTA, about, person, now, facts=facts) for person in owners(tenant))


def find_guessing(now: datetime) -> None:
    """Warnings to people for whom many wrong passwords came, at most one a day; they belong to the person's oldest tenant."""
    guessed = guessing.guessed_at(now)
    lately = Notice.objects.filter(kind=NoticeKind.SIGN_IN, user__in=list(guessed), created_at__gt=now - GUESSING_PAUSE)
    for pk in set(guessed) - set(lately.values_list("user", flat=True)):
        found = oldest_place(pk)
        if found is not None:
            tenant_id, person = found
            count, since = guessed[pk]
            facts = {"count": count, "since": since.isoformat()}
            _write([_notice(tenant_id, NoticeKind.SIGN_IN, f"{now:%Y-%m-%d}", person, now, facts=facts)])


def _nearly_used_up(now: datetime) -> set[Any]:
    """The few tenants worth a closer look."""
    months = DepositMonth.objects.filter(month__gte=(now - timedelta(days=32)).date(), tenant__monthly_deposits__gt=0)
    by_uploads = months.filter(used__gte=F("tenant__monthly_deposits") * LEVELS[-1] / 100)
    minutes = Coalesce(F("tenant__dial_plan__minutes_per_day"), _USUAL_MINUTES)
    uses = DialUse.objects.filter(meter=DialMeter.SECONDS, updated_at__gte=now - timedelta(days=2)).alias(minutes=minutes)
    by_dialling = uses.filter(used__gt=(F("minutes") * LEVELS[-1] / 100 - 1) * 60)
    return {*by_uploads.values_list("tenant", flat=True), *by_dialling.values_list("tenant", flat=True)}


def _keys(tenant: Tenant, about: str) -> Any:
    return Notice.objects.for_tenant(tenant).filter(key__startswith=f"{NoticeKind.QUOTA}:{about}:")


def _notice(tenant_id: UUID, kind: NoticeKind, about: str, person: Person, now: datetime, **columns: Any) -> Notice:
    key = f"{kind}:{about}:{person.key}"
    return Notice(tenant_id=tenant_id, kind=kind, key=key, user=person.user, address=person.address, due_at=now, **columns)


def _write(notices: Iterable[Notice]) -> None:
    """Write those that are not there yet; a twin may be quicker."""
    rows = list(notices)
    known = set(Notice.objects.filter(key__in=[row.key for row in rows]).values_list("tenant", "key")) if rows else set()
    Notice.objects.bulk_create([row for row in rows if (row.tenant_id, row.key) not in known], ignore_conflicts=True)


def _moment(tenant: Tenant, day: date) -> datetime:
    """The hour of a day's digest; where clocks leave it out it is the next, where it comes twice the first."""
    return datetime.combine(day, time(tenant.digest_hour or 0), tenant.zone).astimezone(UTC)
