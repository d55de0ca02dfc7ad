"""The live board: calls that ring or talk now, whoever makes them, longest first and those that ring before those that talk."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import get_template
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls import dialer
from calls.admin import cells, dial, dial_words
from calls.choices import Direction, State
from calls.models import Call, Origination
from calls.telephony.simulator import SimulatorBackend
from contacts.dialing import DIALS
from tenants.choices import Role
from tenants.reach import Reach, reach_of

MOST = 200  # rows; whoever has more looks at the list
MOST_PLAYED = 50  # simulated calls carried on by one look; others go on by themselves
_RELATED = ("tenant", "contact", "agent", "line", "center", "origination__line__agent")
_BULKY = ("document", "facts", "notes", "origination__document", "origination__order", "origination__known")
_ICONS = {
    Direction.INBOUND: "call_received",
    Direction.OUTBOUND: "call_made",
    Direction.INTERNAL: "swap_calls",
    Direction.UNKNOWN: "call",
}


def board(request: HttpRequest, calls: QuerySet[Call]) -> HttpResponse:
    """The page; ``calls`` are those its reader may see."""
    reach = reach_of(request)
    context = {
        **admin.site.each_context(request),
        "title": _("Live board"),
        "shows_tenant": reach.spans_tenants,
        "dials": reach.may(DIALS),
        "most": MOST,
        "stream": _stream(reach),
        **_told(calls, reach),
    }
    return TemplateResponse(request, "admin/calls/call/live.html", context)


def news(request: HttpRequest, calls: QuerySet[Call]) -> HttpResponse:
    """The board as it is now, each row ready to show."""
    return JsonResponse(_told(calls, reach_of(request)))


def _told(calls: QuerySet[Call], reach: Reach) -> dict[str, Any]:
    _carry_on(reach)
    found = list(_going_on(calls)[: MOST + 1])
    template = get_template("admin/calls/call/live_row.html")
    rows = [_row(call, reach, template) for call in found[:MOST]]
    ringing = sum(row["is_ringing"] for row in rows)
    return {
        "rows": rows,
        "said": gettext("%(ringing)s ringing, %(talking)s talking") % {"ringing": ringing, "talking": len(rows) - ringing},
        "is_cut": len(found) > MOST,
        "moves": any(row["is_played"] for row in rows),
    }


def _stream(reach: Reach) -> str:
    """Where changes of calls are told as they happen; nowhere for who sees several tenants, as a stream tells of one."""
    tenant = reach.only_tenant(Role.VIEWER)
    return f"{reverse('api:stream')}?{urlencode({'tenant': tenant.slug, 'object': 'call'})}" if tenant else ""


def _going_on(calls: QuerySet[Call]) -> QuerySet[Call]:
    talks_last = Case(When(state=State.IN_PROGRESS, then=Value(1)), default=Value(0), output_field=IntegerField())
    going: QuerySet[Call] = calls.going_on()  # type: ignore[attr-defined]
    return going.select_related(*_RELATED).defer(*_BULKY).order_by(talks_last, "started_at", "id")


def _carry_on(reach: Reach) -> None:
    """Bring simulated calls up to the present moment, as a busy worker may be behind."""
    rows = reach.within(Origination.objects.live().filter(backend=SimulatorBackend.name))
    dialer.refresh_all(rows.only("id", "state", "backend").order_by("created_at")[:MOST_PLAYED])


def _row(call: Call, reach: Reach, template: Any) -> dict[str, Any]:
    origination = getattr(call, "origination", None)
    backend = dial.offers(origination) if origination and dial.may_act(reach, origination) else None
    is_talking = call.state == State.IN_PROGRESS
    state = gettext("On hold") if origination and origination.is_held else call.get_state_display()
    number = dial_words.number_of(call.remote_raw, call) if call.remote_raw else ""
    who = call.contact.name if call.contact else call.remote_name
    shown = gettext("Number withheld") if call.is_withheld else number
    since = call.answered_at if is_talking and call.answered_at else call.started_at
    context = {
        "call": call,
        "origination": origination,
        "state": cells.badge(state, "good" if is_talking else "warn"),
        "icon": _ICONS[Direction(call.direction)],
        "who": who,
        "number": shown,
        "agent": call.agent.name if call.agent else call.agent_name,
        "shows_tenant": reach.spans_tenants,
        "is_played": origination is not None and origination.backend == SimulatorBackend.name,
        "hangs_up": getattr(backend, "hangs_up", False),
        "holds": is_talking and getattr(backend, "holds", False),
    }
    return {
        "id": str(call.pk),
        "html": template.render(context),
        "is_ringing": not is_talking,
        "is_played": context["is_played"],
        "seconds": round(max(0.0, (timezone.now() - since).total_seconds()), 1),
        "says": " ".join(filter(None, [f"{state}:", who or shown, call.get_direction_display().lower(), _line(call)])),
    }


def _line(call: Call) -> str:
    return gettext("on line %(line)s") % {"line": call.line} if call.line else ""
