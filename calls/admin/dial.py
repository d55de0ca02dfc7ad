"""Calling from the admin: the dialog that asks which line, the call it has made, and how that goes on, as JSON."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from calls import dialer
from calls.admin import dial_words
from calls.choices import OriginationState, Source
from calls.drafts import CallOrder
from calls.errors import CallError, DialRefused
from calls.models import Line, Origination
from calls.telephony.simulator import SimulatorBackend
from contacts.dialing import DIALS
from contacts.phone import read_number, readable
from tenants.choices import Role
from tenants.models import Tenant
from tenants.reach import Reach, reach_of

OFFERED = 200  # lines in the dialog; who has more types the number of one into its search
LONGEST_NUMBER = 128
LIMITED, ABSENT = 429, 503
_STATUSES = {
    **dict.fromkeys(("too_many_per_second", "too_many_legs", "minutes_used_up", "destination_calls_used_up"), LIMITED),
    **dict.fromkeys(("exchange_unavailable",), ABSENT),
    "not_talking": 409,
    "not_offered": 409,
}


def lines_of(reach: Reach, tenant: Tenant) -> QuerySet[Line]:
    """The lines a person may call from: those of the agent they are; managers and owners any. Their own come first."""
    own = Q(agent__user=reach.user.pk)
    lines = Line.objects.for_tenant(tenant).filter(is_active=True).select_related("agent")
    if not reach.may(Role.MANAGER, tenant.pk):
        lines = lines.filter(own)
    if center := reach.centers.get(tenant.pk):
        lines = lines.filter(Q(center=center) | Q(center=None, agent__center=center))
    return lines.annotate(is_own=Q(agent__isnull=False) & own).order_by(
        F("is_own").desc(), F("is_phone_terminal").desc(), "number"
    )


def dialog(request: HttpRequest) -> HttpResponse:
    """What the dialog shows: the number, the lines, and whether it may be called at all."""
    tenant, number = _tenant(request, request.GET.get("tenant")), request.GET.get("number", "")[:LONGEST_NUMBER]
    reach = reach_of(request)
    lines = list(lines_of(reach, tenant)[:OFFERED])
    read = read_number(number, tenant.place)
    context = {
        "tenant": tenant,
        "number": number,
        "shown": readable(read.e164, number),
        "name": request.GET.get("name", "")[:200],
        "key": uuid4(),
        "groups": _groups(lines),
        "refusal": _refusal(tenant, lines[0], number) if lines else "",
        "manages": reach.may(Role.MANAGER, tenant.pk),
        "spans_tenants": reach.spans_tenants,
        "country": _country(read.e164, tenant),
    }
    return TemplateResponse(request, "admin/calls/origination/dialog.html", context)


def place(request: HttpRequest) -> HttpResponse:
    """Have the call made; the same key again tells of the same call."""
    tenant, reach = _tenant(request, request.POST.get("tenant")), reach_of(request)
    line = _line(lines_of(reach, tenant), request.POST.get("line", ""))
    key = _key(request.POST.get("key", ""))
    if line is None or key is None:
        said = gettext("Choose one of your lines.") if key else gettext("This dialog is not complete. Close it and try again.")
        return JsonResponse({"refusal": said}, status=400)
    order = CallOrder(
        door=Source.ADMIN,
        line=line,
        sources=(line.number,),
        destination=request.POST.get("number", "")[:LONGEST_NUMBER],
        key=f"admin {reach.user.pk.hex} {key.hex}",
    )
    try:
        row = dialer.place(tenant, order, actor=reach.user)
    except CallError as error:
        return refused(error, tenant)
    return JsonResponse(told(row, reach), status=201)


def refused(error: CallError, tenant: Tenant) -> JsonResponse:
    """The answer to what cannot be done."""
    words = dial_words.refusal(error, dialer.plan_of(tenant))
    return JsonResponse({"refusal": words, "code": error.code}, status=_STATUSES.get(error.code, 403))


def may_act(reach: Reach, row: Origination) -> bool:
    """Whether a person may end or hold this call: whoever asked for it, whose line it is, managers and owners."""
    if reach.may(Role.MANAGER, row.tenant_id):
        return True
    agent = row.line.agent if row.line else None
    is_own = reach.user.pk in (row.requester_id, agent.user_id if agent else None)
    return is_own and reach.may(DIALS, row.tenant_id)


def told(row: Origination, reach: Reach) -> dict[str, Any]:
    """How a call goes, and what its reader may do about that."""
    legs = list(row.call.legs.all())
    backend = offers(row) if row.is_live and may_act(reach, row) else None
    is_talking = row.state == OriginationState.IN_PROGRESS
    return {
        "id": str(row.pk),
        "state": row.state,
        "is_live": row.is_live,
        "says": dial_words.says(row, legs),
        "reason": "" if row.is_live else dial_words.reason_of(row),
        "result": "" if row.is_live else row.disposition,
        "seconds": _seconds(row),
        "is_ticking": row.is_live,
        "is_held": row.is_held,
        "is_simulation": row.backend == SimulatorBackend.name,
        "is_ending": row.is_live and row.cancel_requested_at is not None,
        "hangs_up": getattr(backend, "hangs_up", False),
        "holds": is_talking and getattr(backend, "holds", False),
        "progress": reverse("admin:calls_origination_progress", args=[row.pk]),
        "call": reverse("admin:calls_call_change", args=[row.call_id]),
    }


def offers(row: Origination) -> Any:
    """What makes the call; None where that is not set up here any more."""
    try:
        return dialer.backend_of(row.backend)
    except DialRefused:
        return None


def _seconds(row: Origination) -> float:
    """How long they have talked, or before that how long it takes."""
    if not row.is_live:
        return row.billable_ms / 1000
    since = row.answered_at if row.state == OriginationState.IN_PROGRESS and row.answered_at else row.created_at
    return round(max(0.0, (timezone.now() - since).total_seconds()), 1)


def _tenant(request: HttpRequest, key: str | None) -> Tenant:
    """The tenant a person may call for. Every other one is no tenant at all."""
    parsed = _key(key or "")
    tenant = reach_of(request).tenants(DIALS).filter(pk=parsed, is_active=True).first() if parsed else None
    if tenant is None:
        raise Http404
    return tenant


def _line(lines: QuerySet[Line], key: str) -> Line | None:
    parsed = _key(key)
    return lines.filter(pk=parsed).first() if parsed else None


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _groups(lines: list[Line]) -> list[tuple[str, list[Line]]]:
    """The lines under their headings; those the simulator plays say so."""
    for line in lines:
        line.is_played = line.is_sandbox or line.backend == SimulatorBackend.name  # type: ignore[attr-defined]
    own = [line for line in lines if line.is_own]  # type: ignore[attr-defined]
    others = [line for line in lines if not line.is_own]  # type: ignore[attr-defined]
    named = [(gettext("Your own lines"), own), (gettext("Other lines of the team"), others)]
    return [(name, rows) for name, rows in named if rows]


def _refusal(tenant: Tenant, line: Line, number: str) -> str:
    """Why this number is not called from here, known before anybody asks."""
    order = CallOrder(door=Source.ADMIN, line=line, sources=(line.number,), destination=number)
    try:
        dialer.check(tenant, order)
    except DialRefused as error:
        return dial_words.refusal(error, dialer.plan_of(tenant)) if "destination" in error.fields else ""
    return ""


def _country(e164: str, tenant: Tenant) -> str:
    """Where the number is, when that is abroad."""
    import phonenumbers  # late, with its tables, for who opens a dialog

    if not e164:
        return ""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(e164))
    return region if region and region not in ("001", tenant.country) else ""
