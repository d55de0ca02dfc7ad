"""Numbers nobody is known by: one click makes a contact of one, gives it to one, or ignores it. Past calls follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls import unmatched
from calls.admin import cells
from calls.admin.call_filters import DAYS_30, PERIODS, period_of
from calls.models import Call
from contacts.book import give_number, ignore_number, notice_number, save_contact
from contacts.models import Contact, IgnoredNumber
from contacts.phone import read_number, readable
from tenants.choices import Role
from tenants.models import Tenant
from tenants.reach import Reach, reach_of

REASONS = {
    unmatched.SAME: _("has this very number"),
    unmatched.ALIKE: _("has a number that ends alike"),
    unmatched.NAME: _("has the name the telephone system told"),
    unmatched.NEAR: _("has a number that differs in the last two digits alone"),
}
LONGEST = 128
OFFERED = 20  # contacts to choose among
SHOWN_IGNORED = 200


@dataclass(frozen=True, kw_only=True)
class Offered:
    """Somebody a number may be given to."""

    key: str
    name: str
    company: str
    address: str
    reason: Any


def page(request: HttpRequest, calls: QuerySet[Call]) -> HttpResponse:
    """The numbers; ``calls`` are those its reader may see."""
    reach, name = reach_of(request), request.GET.get("period", DAYS_30)
    period = period_of(name if name in dict(PERIODS) else DAYS_30)
    within: Any = calls
    rows = unmatched.unmatched(within.between(period.start, period.end))
    tenants = {tenant.pk: tenant for tenant in reach.tenants().filter(pk__in={row.tenant_id for row in rows})}
    context = {
        **admin.site.each_context(request),
        "title": _("Unmatched numbers"),
        "said": period.said,
        "periods": [(label, f"?period={key}", key == period.name) for key, label in PERIODS],
        "rows": [_shown(row, reach, tenants[row.tenant_id], period.name) for row in rows],
        "shows_tenant": reach.spans_tenants,
        "looked_at": unmatched.LOOKED_AT,
        "ignored": _ignored(reach),
        "back": request.get_full_path(),
    }
    return TemplateResponse(request, "admin/calls/call/unmatched.html", context)


def choose(request: HttpRequest, calls: QuerySet[Call]) -> HttpResponse:
    """Any contact for one number, found by name."""
    tenant, number = _tenant(request, request.GET), request.GET.get("number", "").replace("\0", "")[:LONGEST]
    words = " ".join(request.GET.get("q", "").replace("\0", "").split())[:200]
    rows = Contact.objects.for_tenant(tenant).select_related("company").order_by("name", "pk")
    found = rows.filter(Q(name__folds=words) | Q(company__name__folds=words) | Q(email__icontains=words))
    context = {
        **admin.site.each_context(request),
        "title": _("Whose number is it?"),
        "tenant": tenant,
        "number": number,
        "shown": _readable(number, tenant),
        "words": words,
        "found": [_offered(contact, "") for contact in found[:OFFERED]] if words else [],
        "back": reverse("admin:calls_call_unmatched"),
    }
    return TemplateResponse(request, "admin/calls/call/unmatched_choose.html", context)


def settle(request: HttpRequest, calls: QuerySet[Call]) -> HttpResponse:
    """Do what was pressed, say so, and show the list again."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    tenant, number = _tenant(request, request.POST), request.POST.get("number", "").replace("\0", "")[:LONGEST]
    if not read_number(number, tenant.place):
        messages.error(request, gettext("This is no number."))
    else:
        messages.success(request, _settle(request, tenant, number))
    back = request.POST.get("back", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(back if is_ours else reverse("admin:calls_call_unmatched"))


def _settle(request: HttpRequest, tenant: Tenant, number: str) -> str:
    """What was done, in words. Raises 404 for what is not offered."""
    shown, verb = _readable(number, tenant), request.POST.get("do", "")
    if verb == "ignore":
        ignore_number(tenant, number, actor=reach_of(request).user)
        return gettext("%(number)s is ignored from now on.") % {"number": shown}
    if verb == "notice":
        notice_number(tenant, number)
        return gettext("%(number)s is shown again.") % {"number": shown}
    if verb == "create":
        name = " ".join(request.POST.get("name", "").replace("\0", "").split())[:200] or shown
        read = read_number(number, tenant.place)
        contact = save_contact(Contact(tenant=tenant, name=name), numbers=[read.e164 or read.raw[:64]])
    elif verb in ("assign", "alone"):
        found = Contact.objects.for_tenant(tenant).select_related("tenant").by_public_id(request.POST.get("contact", ""))
        if found is None:
            raise Http404
        contact = found
        give_number(contact, number, alone=verb == "alone")
    else:
        raise Http404
    told = {"who": contact.name, "number": shown}
    return gettext("%(who)s is known by %(number)s now. Past calls follow within seconds.") % told


def _tenant(request: HttpRequest, told: Any) -> Tenant:
    """The tenant whose contacts a person may change. One they do not see is no tenant; one they only look at refuses."""
    reach = reach_of(request)
    try:
        key = UUID(told.get("tenant", ""))
    except ValueError as error:
        raise Http404 from error
    tenant = reach.tenants().filter(pk=key, is_active=True).first()
    if tenant is None:
        raise Http404
    if not reach.may(Role.AGENT, tenant.pk):
        raise PermissionDenied
    return tenant


def _shown(row: unmatched.Unmatched, reach: Reach, tenant: Tenant, period: str) -> dict[str, Any]:
    """A number, ready to show."""
    query = urlencode({"period": period, "scope": "unmatched", "q": row.number})
    return {
        "row": row,
        "tenant": tenant,
        "shown": _readable(row.number, tenant),
        "calls": f"{reverse('admin:calls_call_changelist')}?{query}",
        "last": cells.moment(row.last_at),
        "candidates": [_offered(one.contact, REASONS[one.reason]) for one in row.candidates],
        "verb": "alone" if row.is_several else "assign",
        "choose": f"{reverse('admin:calls_call_unmatched_choose')}?{urlencode({'tenant': tenant.pk, 'number': row.number})}",
        "may_act": reach.may(Role.AGENT, tenant.pk),
    }


def _offered(contact: Contact, reason: Any) -> Offered:
    address = reverse("admin:contacts_contact_change", args=[contact.pk])
    company = contact.company.name if contact.company else ""
    return Offered(key=str(contact.pk), name=contact.name, company=company, address=address, reason=reason)


def _ignored(reach: Reach) -> list[dict[str, Any]]:
    rows = reach.within(IgnoredNumber.objects.all()).select_related("tenant", "ignored_by")[:SHOWN_IGNORED]
    return [
        {"row": row, "shown": str(row), "at": cells.moment(row.created_at), "may_act": reach.may(Role.AGENT, row.tenant_id)}
        for row in rows
    ]


def _readable(number: str, tenant: Tenant) -> str:
    return readable(read_number(number, tenant.place).e164, number)
