"""The admin site: what leads where, what the first page shows, and which installation this is."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from callhub import schedule_admin  # noqa: F401 - registers its page
from callhub.models import ScheduledTask
from calls.admin.dashboard import first_page
from calls.models import (
    Call,
    Delivery,
    DialPlan,
    DoNotCall,
    Line,
    MissedCall,
    Notice,
    Origination,
    Outcome,
    Recording,
    RetentionRule,
    RetentionRun,
    SavedView,
    Tag,
    TagRule,
    UsageDay,
    WebhookEndpoint,
)
from contacts.models import Agent, Company, Contact
from tenants.admin.tenant import own_tenant_link
from tenants.list_rows import address_of
from tenants.locked_rows import delete_selected
from tenants.models import ApiToken, Center, Membership, OAuthApp, OwnMembership, Tenant, User

admin.site.index_title = _("Today")
admin.site.add_action(delete_selected, "delete_selected")


def environment(request: HttpRequest) -> list[str]:
    """The label in the corner, so that nobody takes one installation for another."""
    return [gettext("Production"), "danger"] if settings.PRODUCTION else [gettext("Embedded"), "info"]


def stylesheet(request: HttpRequest) -> str:
    """Our own few rules."""
    return static("callhub/admin.css")


def script(request: HttpRequest) -> str:
    """What every page needs besides the theme's."""
    return static("callhub/symbols.js")


def keyboard(request: HttpRequest) -> str:
    """What lets keyboards reach the theme's menus."""
    return static("callhub/keyboard.js")


def favicon(request: HttpRequest) -> str:
    """The symbol in the browser's tab."""
    return static("callhub/icon.svg")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The side bar: only what the person may see."""
    calls = reverse("admin:calls_call_changelist")
    groups: list[tuple[Any, list[tuple[Any, str, Any, str]]]] = [
        (
            _("Calls"),
            [
                (_("Live board"), "phone_in_talk", Call, reverse("admin:calls_call_live")),
                (_("Calls"), "call", Call, calls),
                (_("Missed calls"), "phone_missed", MissedCall, ""),
                (_("Calls made"), "phone_forwarded", Origination, ""),
                (_("Unmatched numbers"), "person_search", Call, reverse("admin:calls_call_unmatched")),
                (_("Recordings"), "graphic_eq", Recording, ""),
                (_("Tags"), "sell", Tag, ""),
                (_("Saved views"), "bookmark", SavedView, ""),
            ],
        ),
        (_("People outside"), [(_("Contacts"), "contacts", Contact, ""), (_("Companies"), "domain", Company, "")]),
        (
            _("Your team"),
            [(_("Agents"), "support_agent", Agent, ""), (_("Lines"), "dialpad", Line, ""), (_("Centers"), "store", Center, "")],
        ),
        (_("Telling others"), [(_("Webhooks"), "webhook", WebhookEndpoint, ""), (_("Deliveries"), "outbox", Delivery, "")]),
        (
            _("Settings"),
            [
                (_("Overview"), "tune", WebhookEndpoint, reverse("settings")),  # for whoever sees a tenant's webhooks
                (_("Connect your system"), "cable", WebhookEndpoint, reverse("settings_connect")),
                (_("Tenants") if request.user.is_superuser else _("Tenant"), "apartment", Tenant, own_tenant_link(request)),
                (_("Members"), "group", Membership, ""),
                (_("API tokens"), "key", ApiToken, ""),
                (_("OAuth applications"), "apps", OAuthApp, ""),
                (_("Users"), "manage_accounts", User, ""),
                (_("Dial plans"), "rule", DialPlan, ""),
                (_("Numbers not to call"), "phone_disabled", DoNotCall, ""),
                (_("Tag rules"), "new_label", TagRule, ""),
                (_("Outcomes"), "task_alt", Outcome, ""),
                (_("Retention"), "auto_delete", RetentionRule, ""),
                (_("Retention runs"), "history", RetentionRun, ""),
                (_("Usage"), "data_usage", UsageDay, ""),
                (_("Mails to people"), "mail", Notice, ""),
                (_("Your notifications"), "notifications", OwnMembership, ""),
                (_("Scheduled tasks"), "schedule", ScheduledTask, ""),
            ],
        ),
    ]
    start = {"items": [{"title": _("Today"), "icon": "dashboard", "link": reverse("admin:index")}]}
    shown = [start, *({"title": title, "items": _items(request, entries)} for title, entries in groups)]
    _mark_where_one_is(request, [item for group in shown for item in group["items"]])
    return shown


def _mark_where_one_is(request: HttpRequest, items: list[dict[str, Any]]) -> None:
    """One entry is where a person is: of those whose address begins the page's, the longest; the first page only itself."""
    paths = [(urlsplit(str(item["link"])).path, item) for item in items]
    start = reverse("admin:index")
    fitting = [found for found in paths if request.path.startswith(found[0]) and (found[0] != start or request.path == start)]
    here = max(fitting, key=lambda found: len(found[0]), default=(None, None))[1]
    for item in items:
        item["active"] = item is here


def _items(request: HttpRequest, entries: list[tuple[Any, str, Any, str]]) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "icon": icon,
            "link": address or address_of(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist"),
        }
        for title, icon, model, address in entries
        if admin.site.get_model_admin(model).has_module_permission(request)
    ]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The first page: what today brought, the figures of a period, and what waits."""
    return context | first_page(request)
