"""Every limit of a tenant, how much of it is used now, and when it is whole again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from calls.choices import DialMeter
from calls.dialer.limits import day_of, plan_of
from calls.models import DialUse
from tenants.deposits import month_of
from tenants.models import DepositMonth, Tenant


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One limit. ``limit`` None is no limit; ``period`` and ``resets_at`` are empty where it is not one of a period."""

    name: str
    limit: int | None
    used: int
    period: str = ""
    resets_at: datetime | None = None

    @property
    def remaining(self) -> int | None:
        """What is left."""
        return None if self.limit is None else max(0, self.limit - self.used)

    @property
    def percent(self) -> int:
        """How much is used, in whole hundredths of it; 0 where there is no limit."""
        return 100 * self.used // self.limit if self.limit else 0 if self.limit is None else 100


def limits_of(tenant: Tenant, now: datetime | None = None) -> list[Limit]:
    """The tenant's limits: uploads of the month, minutes dialled today, telephones at the same time.

    A call that goes on has its longest possible minutes set aside, and gives back what it did not need.
    """
    now = now or timezone.now()
    month, day, plan = month_of(tenant, now), day_of(tenant, now), plan_of(tenant)
    deposits = DepositMonth.objects.for_tenant(tenant).filter(month=month).values_list("used", flat=True).first() or 0
    uses = DialUse.objects.for_tenant(tenant).filter(meter__in=[DialMeter.SECONDS, DialMeter.LEGS])
    used = {(meter, bucket): n for meter, bucket, n in uses.values_list("meter", "bucket", "used")}
    return [
        Limit(
            name="deposits",
            limit=tenant.monthly_deposits,
            used=deposits,
            period=f"{month:%Y-%m}",
            resets_at=_midnight((month + timedelta(days=32)).replace(day=1), tenant),
        ),
        Limit(
            name="dial_minutes",
            limit=plan.minutes_per_day,
            used=-(-used.get((DialMeter.SECONDS, day.isoformat()), 0) // 60),
            period=day.isoformat(),
            resets_at=_midnight(day + timedelta(days=1), tenant),
        ),
        Limit(name="dial_legs", limit=plan.concurrent_legs, used=used.get((DialMeter.LEGS, ""), 0)),
    ]


def _midnight(day: date, tenant: Tenant) -> datetime:
    return datetime.combine(day, time.min, tenant.zone).astimezone(UTC)
