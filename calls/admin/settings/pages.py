"""The pages of the settings: the overview, the vendors, and one page for each vendor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.admin import cells
from calls.admin.settings.asked import SHOWN_TENANTS, Asked, asked, tenants_of
from calls.admin.settings.cards import cards_of
from calls.admin.settings.names import names_for
from calls.arrivals import arrivals_of
from calls.dialects.guide import Guide, Names
from calls.dialects.urls import GUIDES
from calls.models import Call, DialectUse, Line
from tenants.choices import Role, Scope
from tenants.models import ApiToken, OAuthApp
from tenants.onboarding import make_token


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A vendor on the list: what its programs do, and when they were last here."""

    guide: Guide
    address: str
    use: DialectUse | None

    @property
    def last(self) -> Any:
        """When the last request came; empty before the first."""
        return cells.moment(self.use.last_at) if self.use else ""


def overview(request: HttpRequest) -> HttpResponse:
    """Every setting of a tenant, how it stands, and the way there."""
    whose = asked(request)
    cards = cards_of(whose) if whose else []
    return _answer(request, "overview", whose, title=_("Settings"), cards=cards)


def connect(request: HttpRequest) -> HttpResponse:
    """The vendors whose programs can be connected."""
    whose = asked(request)
    return _answer(request, "vendors", whose, title=_("Connect your system"), vendors=_vendors(whose) if whose else [])


def connect_vendor(request: HttpRequest, vendor: str) -> HttpResponse:
    """What a vendor's program is told so that it comes here; POST makes a token, which this answer alone shows."""
    guide = GUIDES.get(vendor)
    if guide is None:
        raise Http404
    whose = asked(request)
    title = _("Connect %(vendor)s") % {"vendor": guide.vendor}
    if whose is None:
        return _answer(request, "vendor", None, title=title, status=400 if request.method == "POST" else 200)
    may_make = whose.reach.may(Role.OWNER, whose.tenant.pk)
    made = _make_token(whose, guide) if request.method == "POST" and may_make else ""
    if request.method == "POST" and not may_make:
        raise PermissionDenied
    names = names_for(whose, token=made)
    context: dict[str, Any] = {
        "guide": guide,
        "vendor": vendor,
        "base": names.fill(guide.base),
        "prefixed": names.fill(guide.base.replace("$address", f"$address/{vendor}")),
        "credentials": [(row.label, names.fill(row.value), row.hint) for row in guide.credentials],
        "examples": _examples(guide, names),
        "wants": _wants(whose, guide, names),
        "use": _use(whose, vendor),
        "may_make": may_make,
        "made": made,
        "apps": whose.list_of(OAuthApp) if guide.takes_apps and may_make else "",
        "back": whose.page("settings_connect"),
        "here": whose.page("settings_connect_vendor", vendor),
    }
    response = _answer(request, "vendor", whose, title=title, **context)
    if made:
        response["Cache-Control"] = "no-store"
    return response


def _answer(request: HttpRequest, page: str, whose: Asked | None, *, status: int = 200, **context: Any) -> TemplateResponse:
    tenants = [] if whose else [(row.name, f"?tenant={row.pk}") for row in tenants_of(request)[:SHOWN_TENANTS]]
    shown = {**admin.site.each_context(request), "tenant": whose.tenant if whose else None, "tenants": tenants, **context}
    shown["shows_tenant"] = whose is not None and whose.reach.spans_tenants
    return TemplateResponse(request, f"admin/settings/{page}.html", shown, status=status)


def _vendors(whose: Asked) -> list[Vendor]:
    uses = arrivals_of(whose.tenant)
    return [
        Vendor(guide=guide, address=whose.page("settings_connect_vendor", name), use=uses.get(name))
        for name, guide in sorted(GUIDES.items(), key=lambda item: item[1].vendor.casefold())
    ]


def _make_token(whose: Asked, guide: Guide) -> str:
    """A new token of the person's for the vendor's programs: its secret, which is kept nowhere."""
    user = whose.reach.user
    token, secret = make_token(whose.tenant, name=guide.vendor, user=user, scope=Scope.WRITE)
    page: Any = admin.site.get_model_admin(ApiToken)
    page.log_addition(whose.request, token, gettext("Made to connect %(vendor)s.") % {"vendor": guide.vendor})
    return secret


def _examples(guide: Guide, names: Names) -> list[dict[str, Any]]:
    return [
        {"row": row, "curl": row.curl(names), "key": f"request-{number}"} for number, row in enumerate(guide.examples, start=1)
    ]


def _wants(whose: Asked, guide: Guide, names: Names) -> list[tuple[Any, Any, str]]:
    """What has to be done before the requests work: why, what, and where."""
    used = " ".join(row.path + row.body for row in guide.examples)
    is_shut = not whose.tenant.open_ingest and any(row.needs_open_door for row in guide.examples)
    lacking = [name for name, value in (("number", names.number), ("extension", names.extension)) if value.startswith("YOUR_")]
    wants = []
    if is_shut:
        shut = _("The open address is closed: switch open ingest on to use it.")
        wants.append((shut, _("Open ingest"), reverse("admin:tenants_tenant_change", args=[whose.tenant.pk])))
    if "number" in lacking and "$number" in used:
        wants.append((_("You have no line with a public number yet."), _("Add a line"), whose.list_of(Line)))
    if "extension" in lacking and "$extension" in used:
        phone = _("You have no telephone yet: a line that is a phone terminal, of an agent with your log-in.")
        wants.append((phone, _("Lines"), whose.list_of(Line)))
    return wants


def _use(whose: Asked, vendor: str) -> dict[str, Any] | None:
    """When the first and the last request came, and where the calls are that were logged; None before the first."""
    use = arrivals_of(whose.tenant).get(vendor)
    if use is None:
        return None
    calls = whose.list_of(Call, period="all", source__exact=vendor)
    return {"first": cells.moment(use.created_at), "last": cells.moment(use.last_at), "calls": calls}
