"""The calls of a contact, company, agent or line, for its page: figures of the last thirty days, the last calls, what to hear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db.models import Count, Prefetch, Q, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.admin import cells, sound
from calls.admin.call_filters import DAYS_30, period_of
from calls.admin.recording import PLAYER
from calls.choices import Disposition
from calls.models import Call, Recording
from calls.models.call import IS_MISSED, RECORDED, CallQuerySet
from contacts.dialing import may_dial
from tenants.bounded import COUNTED

SHOWN = 20
_PAGES = {"contact": "contact", "company": "company", "agent": "agent", "line": "line"}  # model name → what calls name it by
_BULKY = ("document", "facts", "given_contact", "screen_pop", "notes")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure; ``address`` opens exactly the calls it counts, where a list can show them."""

    label: Any
    figure: Any
    address: str = ""


def context_of(request: HttpRequest, row: Any) -> dict[str, Any]:
    """What the page shows; nothing for a row that is not there yet, or a reader who sees no calls."""
    calls = _calls_with(request, row)
    if calls is None:
        return {}
    shown = _newest(request, calls)
    return {
        "row": row,
        "figures": _figures(calls, row, shown),
        "calls": [_shown(call) for call in shown],
        "all_calls": _list_of(row, period="all"),
        "how_many": _counted(calls),
        "is_cut": len(shown) == SHOWN,
        "media": forms.Media(js=PLAYER),  # type: ignore[arg-type]  # scripts with attributes, which the stubs do not know
    }


def how_many(request: HttpRequest, row: Any) -> str:
    """How many calls there are with somebody."""
    calls = _calls_with(request, row)
    return _counted(calls) if calls is not None else "0"


def _calls_with(request: HttpRequest, row: Any) -> CallQuerySet | None:
    """The calls of this row that its reader may see."""
    page: Any = admin.site.get_model_admin(Call)
    if row is None or not page.has_view_permission(request):
        return None
    calls: CallQuerySet = page.get_queryset(request).filter(**{_PAGES[row._meta.model_name]: row.pk, "tenant": row.tenant_id})
    return calls


def _newest(request: HttpRequest, calls: CallQuerySet) -> list[Call]:
    audio = Prefetch("recordings", Recording.objects.current().playable().for_lists().order_by("created_at"), to_attr="audio")
    rows = list(calls.newest_first().select_related("contact", "company", "agent").defer(*_BULKY).prefetch_related(audio)[:SHOWN])
    for call in rows:
        call.is_dialled = may_dial(request, call)  # type: ignore[attr-defined]
    return rows


def _figures(calls: CallQuerySet, row: Any, newest: list[Call]) -> list[Figure]:
    period = period_of(DAYS_30)
    told = calls.between(period.start, period.end).aggregate(
        calls=Count("pk"),
        answered=Count("pk", filter=Q(disposition=Disposition.ANSWERED)),
        missed=Count("pk", filter=IS_MISSED),
        recorded=Count("pk", filter=RECORDED),
        talk=Sum("talk_ms"),
    )
    lists = {
        "calls": (_("calls"), {}),
        "answered": (_("answered"), {"disposition__exact": Disposition.ANSWERED.value}),
        "missed": (_("missed"), {"scope": "missed"}),
        "recorded": (_("recorded"), {"scope": "recorded"}),
    }
    last = cells.moment(newest[0].started_at) if newest else gettext("none yet")
    return [
        *(
            Figure(label=label, figure=told[name], address=_list_of(row, period=DAYS_30, **query))
            for name, (label, query) in lists.items()
        ),
        Figure(label=_("talk"), figure=cells.length(told["talk"] or 0)),
        Figure(label=_("last call, of all time"), figure=last, address=newest[0].get_absolute_url() if newest else ""),
    ]


def _shown(call: Call) -> dict[str, Any]:
    return {
        "call": call,
        "started": cells.moment(call.started_at),
        "kind": cells.call_type(call),
        "party": cells.party(call),
        "agent": call.agent.name if call.agent else call.agent_name or cells.NOTHING,
        "talk": cells.length(call.talk_ms),
        "heard": cells.row(sound.mini_player(call, call.audio), cells.recording(call, short=True)),  # type: ignore[attr-defined]
        "result": cells.row(cells.disposition(call), cells.flag(call, short=True)),
    }


def _list_of(row: Any, **query: str) -> str:
    """The list of calls, narrowed to this row."""
    narrowed = {f"{_PAGES[row._meta.model_name]}__id__exact": str(row.pk), **query}
    return f"{reverse('admin:calls_call_changelist')}?{urlencode(narrowed)}"


def _counted(calls: CallQuerySet) -> str:
    count = calls.order_by()[: COUNTED + 1].count()
    return gettext("%(count)s+") % {"count": COUNTED} if count > COUNTED else str(count)
