"""What a person chose to look at on the first page: whose calls, and from when to when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls import reports
from calls.ledger.judging import EARLIEST, LATEST
from tenants.models import Tenant
from tenants.reach import Reach

PERIODS = [
    ("today", _("Today")),
    ("yesterday", _("Yesterday")),
    ("7d", _("7 days")),
    ("30d", _("30 days")),
    ("month", _("This month")),
    ("last_month", _("Last month")),
]
USUAL_PERIOD = "7d"
OWN_DAYS = "own"
MOST_DAYS = 366
MOST_TOGETHER = 20  # tenants whose figures are added up; who sees more looks at one of them
MOST_OFFERED = 500


@dataclass(frozen=True, kw_only=True)
class Switch:
    """The tenants one may look at, and the one that is looked at; none: all of them together."""

    offered: list[Tenant]
    chosen: Tenant | None
    offers_all: bool

    def calls_of(self, calls: QuerySet[Any]) -> Any:
        """Those of ``calls`` that are looked at."""
        if self.chosen is not None:
            return calls.filter(tenant=self.chosen)
        return calls.filter(tenant__in=[tenant.pk for tenant in self.offered]) if self.offered else calls


def switch_of(request: HttpRequest, reach: Reach) -> Switch:
    """Nothing to choose for who has one tenant; a tenant that is none of theirs chooses nothing."""
    if not reach.spans_tenants:
        return Switch(offered=[], chosen=None, offers_all=False)
    offered = list(reach.tenants().order_by("name", "pk")[:MOST_OFFERED])
    chosen = _tenant(reach, request.GET.get("tenant", ""))
    too_many = len(offered) > MOST_TOGETHER
    return Switch(offered=offered, chosen=chosen or (offered[0] if too_many else None), offers_all=not too_many)


def _tenant(reach: Reach, told: str) -> Tenant | None:
    try:
        return reach.tenants().filter(pk=UUID(told)).first()
    except ValueError:
        return None


def period_of(request: HttpRequest) -> tuple[str, reports.Span]:
    """The name of the period and its days in the viewer's zone; what is no period gives the usual one."""
    zone = ZoneInfo(str(timezone.get_current_timezone()))  # Django's own name of Etc/GMT+3 is -03
    told = [request.GET.get(name, "") for name in ("started_from", "started_to")]
    if any(told):
        if span := _own_days(told[0] or told[1], told[1] or told[0], zone):
            return OWN_DAYS, span
        messages.warning(request, gettext("Days of your own go from one date to a later one, at most %d days.") % MOST_DAYS)
    name = request.GET.get("period", "")
    name = name if name in dict(PERIODS) else USUAL_PERIOD
    return name, reports.named(name, zone, timezone.now())


def _own_days(first: str, last: str, zone: ZoneInfo) -> reports.Span | None:
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return None
    earliest, latest = EARLIEST.date() + timedelta(days=MOST_DAYS), LATEST.date() - timedelta(days=2)
    if not earliest <= days[0] <= days[1] <= latest or (days[1] - days[0]).days >= MOST_DAYS:
        return None
    return reports.Span.of_days(*days, zone)
