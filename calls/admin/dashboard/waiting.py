"""What waits for somebody: missed calls, messages that are due, limits near their end; and how to begin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from calls.admin import cells
from calls.admin.dashboard.links import Links
from calls.admin.usage import UsageDayAdmin, rows_of
from calls.models import Call, Delivery, Line, UsageDay
from tenants.models import ApiToken, Membership, Tenant
from tenants.reach import reach_of

MISSED_DAYS = timedelta(days=29)  # and today, as in the list that the heading leads to
MOST_MISSED = 5
_STEPS: list[tuple[Any, Any, str]] = [
    (Call, _("Log a call by hand"), "admin:calls_call_add"),
    (Line, _("Add your lines, so that calls know whose they are"), "admin:calls_line_add"),
    (ApiToken, _("Make a token for the system that is to send calls"), "admin:tenants_apitoken_add"),
    (Membership, _("Add the people who are to see them"), "admin:tenants_membership_add"),
]


def waiting_of(request: HttpRequest, calls: Any, links: Links) -> dict[str, Any]:
    """The newest missed calls, the message that has been due longest, and what is left of limits, as far as one may see them."""
    lately = calls.between(timezone.now() - MISSED_DAYS, None).missed().newest_first()
    missed = lately.select_related("contact", "agent").defer("document", "facts", "notes")[:MOST_MISSED]
    return {
        "missed": [
            {
                "call": call,
                "started": cells.moment(call.started_at),
                "party": cells.party(call),
                "result": cells.disposition(call),
            }
            for call in missed
        ],
        "all_missed": links.to(period="30d", scope="missed"),
        "delivery": _longest_due(request, links.tenant),
        "limits": _limits(request, links.tenant),
        "usage": reverse("admin:calls_usageday_changelist"),
    }


def _longest_due(request: HttpRequest, tenant: Tenant | None) -> dict[str, Any] | None:
    """None for who may not see messages; empty where none is due."""
    pages: Any = admin.site.get_model_admin(Delivery)
    if not pages.has_view_permission(request):
        return None
    rows = pages.get_queryset(request).due(timezone.now()).order_by("due_at", "id")
    row = (rows.filter(tenant=tenant) if tenant else rows).first()
    if row is None:
        return {}
    return {
        "address": reverse("admin:calls_delivery_change", args=[row.pk]),
        "message": row.get_event_type_display(),
        "endpoint": row.endpoint,
        "due": cells.moment(row.due_at),
        "attempts": row.attempts,
    }


def _limits(request: HttpRequest, tenant: Tenant | None) -> list[dict[str, Any]]:
    """The limits of the tenant that is looked at; none where these are several."""
    pages: Any = admin.site.get_model_admin(UsageDay)
    reach = reach_of(request)
    tenant = tenant or reach.only_tenant(UsageDayAdmin.view_role)
    if tenant is None or not pages.has_module_permission(request) or not reach.may(UsageDayAdmin.view_role, tenant.pk):
        return []
    return rows_of(tenant)


def first_steps(request: HttpRequest) -> list[dict[str, Any]]:
    """What to do in an empty log, as far as one may."""
    return [
        {"label": label, "address": reverse(name)}
        for model, label, name in _STEPS
        if admin.site.get_model_admin(model).has_add_permission(request)
    ]
