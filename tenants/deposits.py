"""The monthly quota of uploads: taken before an upload may begin, given back when nothing came of it."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import F
from django.utils import timezone

from tenants.models import DepositMonth, Tenant


class QuotaReached(Exception):
    """The tenant's uploads of this month are used up; ``limit`` is how many there may be."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The monthly deposit quota is reached: {limit}")
        self.limit = limit


def month_of(tenant: Tenant, moment: datetime) -> date:
    """The first day of the month that a moment lies in, by the tenant's clock."""
    return moment.astimezone(tenant.zone).date().replace(day=1)


def reserve(tenant: Tenant, now: datetime | None = None) -> date:
    """Take one upload from the quota of the present month, which is returned. Raises ``QuotaReached``.

    One conditional UPDATE decides, so that of any number at once exactly as many pass as are left.
    """
    month = month_of(tenant, now or timezone.now())
    if not _take(tenant, month):
        fresh = DepositMonth(tenant=tenant, month=month)
        DepositMonth.objects.bulk_create([fresh], ignore_conflicts=True)  # the month's first, or a twin was quicker
        if not _take(tenant, month):
            raise QuotaReached(tenant.monthly_deposits or 0)
    return month


def release(tenant: Tenant, month: date) -> None:
    """Give back what was taken in ``month``; call it once, in the transaction that ends the upload."""
    DepositMonth.objects.for_tenant(tenant).filter(month=month, used__gt=0).update(used=F("used") - 1)


def _take(tenant: Tenant, month: date) -> bool:
    rows = DepositMonth.objects.for_tenant(tenant).filter(month=month)
    if tenant.monthly_deposits is not None:
        rows = rows.filter(used__lt=tenant.monthly_deposits)
    return rows.update(used=F("used") + 1) == 1
