"""Putting the first page together: whose calls, of which period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls import reports
from calls.admin import cells
from calls.admin.call_filters import in_scope, period_of
from calls.admin.dashboard.charts import charts_of, tiles_of
from calls.admin.dashboard.links import Links, number
from calls.admin.dashboard.waiting import first_steps, waiting_of
from calls.models import Call
from tenants.bounded import COUNTED
from tenants.models import Tenant
from tenants.reach import Reach, reach_of

PERIODS = [
    ("today", _("Today")),
    ("yesterday", _("Yesterday")),
    ("7d", _("7 days")),
    ("30d", _("30 days")),
    ("month", _("This month")),
    ("last_month", _("Last month")),
]
USUAL_PERIOD = "7d"
LATEST = 8
MOST_TOGETHER = 20  # tenants whose figures are added up; who sees more looks at one of them
MOST_OFFERED = 500


@dataclass(frozen=True, kw_only=True)
class Card:
    """A figure that opens exactly the calls it counts."""

    label: Any
    figure: str
    address: str
    icon: str


@dataclass(frozen=True, kw_only=True)
class Switch:
    """The tenants one may look at, and the one that is looked at; none: all of them together."""

    offered: list[Tenant]
    chosen: Tenant | None
    offers_all: bool


def first_page(request: HttpRequest) -> dict[str, Any]:
    """What the page shows to the person who asks."""
    pages: Any = admin.site.get_model_admin(Call)
    if not pages.has_module_permission(request):
        return {"sees_calls": False}
    switch = _switch(request, reach_of(request))
    calls = _calls_of(pages.get_queryset(request), switch)
    latest = calls.newest_first().select_related("contact", "agent").defer("document", "facts", "notes")[:LATEST]
    rows = [_latest(call) for call in latest]
    shown = {"sees_calls": True, "switch": switch, "latest": rows, "waiting": waiting_of(request, calls, switch.chosen)}
    shown |= {"first_command": pages.first_command(request), "first_steps": [] if rows else first_steps(request)}
    shown |= {"said": period_of("today").said, "cards": _cards(request, calls, Links(tenant=switch.chosen))}
    return shown | _figures(request, calls, switch.chosen)


def _figures(request: HttpRequest, calls: Any, tenant: Tenant | None) -> dict[str, Any]:
    """The chosen period."""
    name = request.GET.get("period", "")
    name = name if name in dict(PERIODS) else USUAL_PERIOD
    zone = ZoneInfo(timezone.get_current_timezone_name())
    span = reports.named(name, zone, timezone.now())
    profile = reports.profile_of(calls, span)
    before = reports.profile_of(calls, span.before, only_counts=True)
    links = Links(tenant=tenant, period=name, span=span)
    beside = Links(tenant=tenant, span=span.before)
    return {
        "periods": [
            {"label": label, "address": links.of_page(request.path, period=key), "is_chosen": key == name}
            for key, label in PERIODS
        ],
        "period": name,
        "period_said": f"{_said(span)} ({zone.key})",
        "before_said": _said(span.before),
        "all_of_period": links.to(),
        "is_empty": not profile.total.calls,
        "tiles": tiles_of(profile.total, before.total, links, beside),
        **charts_of(calls, profile, before, links, beside),
    }


def _said(span: reports.Span) -> str:
    days = [date_format(day, "j F Y") for day in (span.first_day, span.last_day)]
    return " – ".join(dict.fromkeys(days))


def _switch(request: HttpRequest, reach: Reach) -> Switch:
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


def _calls_of(calls: QuerySet[Any], switch: Switch) -> Any:
    if switch.chosen is not None:
        return calls.filter(tenant=switch.chosen)
    return calls.filter(tenant__in=[tenant.pk for tenant in switch.offered]) if switch.offered else calls


def _cards(request: HttpRequest, calls: Any, links: Links) -> list[Card]:
    today = period_of("today")
    todays = calls.between(today.start, today.end)
    scoped: Callable[[Any, str], Any] = lambda rows, scope: in_scope(rows, scope, request)  # noqa: E731 - one line reads best
    told: list[tuple[Any, Any, dict[str, str], str]] = [
        (_("calls today"), todays, {"period": "today"}, "call"),
        (_("missed today"), scoped(todays, "missed"), {"period": "today", "scope": "missed"}, "call_missed"),
        (_("unmatched today"), scoped(todays, "unmatched"), {"period": "today", "scope": "unmatched"}, "person_search"),
        (_("flagged, of all time"), scoped(calls, "flagged"), {"period": "all", "scope": "flagged"}, "flag"),
        (_("going on now"), scoped(calls, "live"), {"period": "all", "scope": "live"}, "phone_in_talk"),
    ]
    return [Card(label=label, figure=_count(rows), address=links.to(**query), icon=icon) for label, rows, query, icon in told]


def _count(rows: QuerySet[Any]) -> str:
    """How many, counted no further than lists count."""
    count = rows.order_by()[: COUNTED + 1].count()
    return gettext("%(count)s+") % {"count": number(COUNTED)} if count > COUNTED else number(count)


def _latest(call: Call) -> dict[str, Any]:
    """One line of a short list of calls."""
    return {
        "call": call,
        "started": cells.moment(call.started_at),
        "kind": cells.call_type(call),
        "party": cells.party(call),
        "agent": call.agent.name if call.agent else call.agent_name or cells.NOTHING,
        "result": cells.disposition(call),
        "talk": cells.length(call.talk_ms),
    }
