"""How much a tenant may dial. Each limit is one conditional UPDATE, taken before anything is dialled and given back after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from calls.choices import ORIGINATION_LIVE, DialMeter
from calls.errors import DialRefused
from calls.models import DialPlan, DialUse, Origination
from tenants.models import Tenant

KEPT = timedelta(days=3)
LEAST_SHARE_S = 600  # of a call that names no length, as long as the day has so much left
LEAST_LENGTH_S = 60  # with less left than this, such a call is refused
FORGOTTEN_AFTER = timedelta(hours=1)  # legs of calls that were erased while they were live
_REFUSALS = {
    DialMeter.SECOND: ("too_many_per_second", "At most {} calls are placed in a second. Try again in a moment."),
    DialMeter.LEGS: ("too_many_legs", "At most {} telephones ring or talk at the same time. Wait for a call to end."),
    DialMeter.SECONDS: ("minutes_used_up", "The {} minutes of this day are used up or set aside for calls that go on."),
    DialMeter.DESTINATION: ("destination_calls_used_up", "This number may be called {} times a day, and has been."),
}


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a call takes. ``may_be_less``: it named no length, so it gets its fair share of the day, ``seconds`` at most."""

    legs: int
    seconds: int
    destination: str
    may_be_less: bool = False


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a call got: talk of so many seconds, out of this day."""

    seconds: int
    day: date


def plan_of(tenant: Tenant) -> DialPlan:
    """The tenant's dial plan; the usual one where it has none of its own."""
    plan = DialPlan.objects.for_tenant(tenant).first() or DialPlan()
    plan.tenant = tenant  # known already: not to be asked for again
    return plan


def day_of(tenant: Tenant, now: datetime) -> date:
    """The tenant's day."""
    return now.astimezone(tenant.zone).date()


def take(plan: DialPlan, need: Need, now: datetime) -> Taken:
    """Take what a call needs, all or (with the transaction around it) nothing.

    Raises ``DialRefused`` with the code of the first limit it exceeds. Always in this order, so that two never wait for each
    other. The call must not talk longer than it got: that is what keeps the day's minutes exact.
    """
    day = day_of(plan.tenant, now)
    _take(plan, DialMeter.SECOND, str(int(now.timestamp())), 1, plan.calls_per_second)
    _take(plan, DialMeter.LEGS, "", need.legs, plan.concurrent_legs)
    seconds = min(need.seconds, _share(plan, need.legs, day)) if need.may_be_less else need.seconds
    _take(plan, DialMeter.SECONDS, day.isoformat(), seconds, plan.minutes_per_day * 60, shown=plan.minutes_per_day)
    take_destination(plan, need.destination, day)
    return Taken(seconds=seconds, day=day)


def take_leg(plan: DialPlan) -> None:
    """Take one more telephone for a call that goes on. Raises ``DialRefused``."""
    _take(plan, DialMeter.LEGS, "", 1, plan.concurrent_legs)


def take_destination(plan: DialPlan, destination: str, day: date) -> None:
    """Count a call to this number. Raises ``DialRefused``."""
    _take(plan, DialMeter.DESTINATION, f"{day.isoformat()} {destination}", 1, plan.calls_per_destination)


def busiest_destination(tenant: Tenant, now: datetime | None = None) -> tuple[str, int]:
    """The number called most often today, and how often; empty and 0 where none was."""
    day = day_of(tenant, now or timezone.now()).isoformat()
    uses = DialUse.objects.for_tenant(tenant).filter(meter=DialMeter.DESTINATION, bucket__startswith=f"{day} ")
    bucket, used = uses.order_by("-used", "bucket").values_list("bucket", "used").first() or ("", 0)
    return bucket.partition(" ")[2], used


def settle(row: Origination) -> None:
    """Give back what a call that has ended did not need. Once, in the transaction that ends it."""
    talked_s = -(-row.billable_ms // 1000)
    _give(row.tenant, DialMeter.LEGS, "", row.reserved_legs)
    _give(row.tenant, DialMeter.SECONDS, row.reserved_on.isoformat(), row.reserved_s - talked_s)


def forget_old(now: datetime | None = None) -> None:
    """Delete uses of days gone by, and free the legs of tenants that have had no live call for an hour."""
    now = now or timezone.now()
    DialUse.objects.exclude(meter=DialMeter.LEGS).filter(updated_at__lt=now - KEPT).delete()
    live = Origination.objects.filter(state__in=ORIGINATION_LIVE).values("tenant")
    idle = DialUse.objects.filter(meter=DialMeter.LEGS, used__gt=0, updated_at__lt=now - FORGOTTEN_AFTER)
    idle.exclude(Q(tenant__in=live)).update(used=0, updated_at=now)


def _share(plan: DialPlan, legs: int, day: date) -> int:
    """What is left of the day's seconds, divided among this call and all that may still begin beside it.

    So as many calls as the limit of telephones allows may go on at once. Asked with this call's legs taken, which has others
    of the tenant wait: nobody takes from what is read here before this transaction is over.
    """
    uses = DialUse.objects.for_tenant(plan.tenant)
    rows = uses.filter(Q(meter=DialMeter.LEGS, bucket="") | Q(meter=DialMeter.SECONDS, bucket=day.isoformat()))
    used = dict(rows.values_list("meter", "used"))
    left = plan.minutes_per_day * 60 - used.get(DialMeter.SECONDS, 0)
    beside = (plan.concurrent_legs - used.get(DialMeter.LEGS, 0)) // legs
    return max(left // (1 + beside), min(left, LEAST_SHARE_S), LEAST_LENGTH_S)


def _take(plan: DialPlan, meter: DialMeter, bucket: str, amount: int, limit: int, *, shown: int | None = None) -> None:
    if _added(plan.tenant, meter, bucket, amount, limit):
        return
    fresh = DialUse(tenant=plan.tenant, meter=meter, bucket=bucket)
    DialUse.objects.bulk_create([fresh], ignore_conflicts=True)  # the bucket's first, or a twin was quicker
    if not _added(plan.tenant, meter, bucket, amount, limit):
        code, text = _REFUSALS[meter]
        raise DialRefused(text.format(limit if shown is None else shown), code=code)


def _added(tenant: Tenant, meter: DialMeter, bucket: str, amount: int, limit: int) -> bool:
    rows = DialUse.objects.for_tenant(tenant).filter(meter=meter, bucket=bucket, used__lte=limit - amount)
    return rows.update(used=F("used") + amount, updated_at=timezone.now()) == 1


def _give(tenant: Tenant, meter: DialMeter, bucket: str, amount: int) -> None:
    rows = DialUse.objects.for_tenant(tenant).filter(meter=meter, bucket=bucket)
    rows.update(used=Greatest(F("used") - amount, 0), updated_at=timezone.now())
