"""Putting the first page together: whose calls, of which period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls import reports
from calls.admin import cells
from calls.admin.call_filters import in_scope, period_of
from calls.admin.dashboard import choosing
from calls.admin.dashboard.charts import charts_of, tiles_of
from calls.admin.dashboard.choosing import switch_of
from calls.admin.dashboard.links import Links, number
from calls.admin.dashboard.waiting import first_steps, waiting_of
from calls.models import Call
from tenants.bounded import COUNTED
from tenants.models import Tenant
from tenants.reach import reach_of

LATEST = 8


@dataclass(frozen=True, kw_only=True)
class Card:
    """A figure that opens exactly the calls it counts."""

    label: Any
    figure: str
    address: str
    icon: str


def first_page(request: HttpRequest) -> dict[str, Any]:
    """What the page shows to the person who asks."""
    pages: Any = admin.site.get_model_admin(Call)
    if not pages.has_module_permission(request):
        return {"sees_calls": False}
    switch = switch_of(request, reach_of(request))
    calls = switch.calls_of(pages.get_queryset(request))
    latest = calls.newest_first().select_related("contact", "agent").defer("document", "facts", "notes")[:LATEST]
    rows = [_latest(call) for call in latest]
    links = Links(tenant=switch.chosen)
    shown = {"sees_calls": True, "switch": switch, "latest": rows, "waiting": waiting_of(request, calls, links)}
    shown |= {"first_command": pages.first_command(request), "first_steps": [] if rows else first_steps(request)}
    shown |= {"said": period_of("today").said, "cards": _cards(request, calls, links), "all_calls": links.to(period="all")}
    return shown | _figures(request, calls, switch.chosen)


def _figures(request: HttpRequest, calls: Any, tenant: Tenant | None) -> dict[str, Any]:
    """The chosen period."""
    name, span = choosing.period_of(request)
    profile = reports.profile_of(calls, span, with_lengths=False)
    lengths = reports.lengths_of(calls, span)
    before = reports.profile_of(calls, span.before, with_lengths=False, with_waiting=False)
    links = Links(tenant=tenant, period=name, span=span)
    beside = Links(tenant=tenant, span=span.before)
    return {
        "periods": [
            {"label": label, "address": links.of_page(request.path, period=key), "is_chosen": key == name}
            for key, label in choosing.PERIODS
        ],
        "period": name,
        "own_days": _own_days(name, span),
        "period_said": f"{_said(span)} ({span.zone.key})",
        "before_said": _said(span.before),
        "all_of_period": links.to(),
        "is_empty": not profile.total.calls,
        "tiles": tiles_of(profile.total, before.total, lengths, links, beside),
        **charts_of(calls, profile, before, links, beside),
    }


def _own_days(name: str, span: reports.Span) -> dict[str, Any]:
    """What the form for days of one's own begins with."""
    return {"from": span.first_day.isoformat(), "to": span.last_day.isoformat(), "is_chosen": name == choosing.OWN_DAYS}


def _said(span: reports.Span) -> str:
    days = [date_format(day, "LONG_DATE_FORMAT") for day in (span.first_day, span.last_day)]
    return " – ".join(dict.fromkeys(days))


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
