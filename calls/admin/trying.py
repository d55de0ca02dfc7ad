"""The page for trying webhooks out: an address here, what came to it, and an endpoint that leads to it by one click."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls import webhooks
from calls.admin import cells
from calls.admin.delivery_page import folded, readable, written
from calls.choices import PayloadFormat, Verdict
from calls.models import TriedRequest, TryAddress, WebhookEndpoint
from tenants.models import Tenant

SHOWN_TENANTS = 50
_TONES = {Verdict.GOOD: "good", Verdict.BAD: "bad", Verdict.UNSIGNED: "plain"}


class Trying:
    """The page; mixed into that of the endpoints."""

    admin_site: Any
    opts: Any
    whole_tenants: Callable[[HttpRequest], Any]
    has_add_permission: Callable[[HttpRequest], bool]
    log_addition: Callable[..., Any]
    show_secret: Callable[..., HttpResponse]

    def get_urls(self) -> list[Any]:
        page = path("try", self.admin_site.admin_view(self.try_out), name="calls_webhookendpoint_try")
        return [page, *super().get_urls()]  # type: ignore[misc]

    def try_out(self, request: HttpRequest) -> HttpResponse:
        """What came to the tenant's address; POST makes one, or an endpoint that leads there."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        tenants = list(self.whole_tenants(request).order_by("name")[:SHOWN_TENANTS])
        tenant = _chosen(request, self.whole_tenants(request)) or (tenants[0] if len(tenants) == 1 else None)
        if request.method == "POST" and tenant is not None:
            return self._do(request, tenant)
        address = TryAddress.objects.filter(tenant=tenant).first() if tenant else None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Try webhooks out"),
            "tenants": [] if tenant else [(row.name, f"?tenant={row.pk}") for row in tenants],
            "tenant": tenant,
            "address": address,
            "most": webhooks.trying.KEPT,
            "rows": _rows(address) if address else [],
        }
        return TemplateResponse(request, "admin/calls/webhookendpoint/try.html", context)

    def _do(self, request: HttpRequest, tenant: Tenant) -> HttpResponse:
        address = webhooks.make_address(tenant, request.build_absolute_uri("/"))
        if request.POST.get("do") != "endpoint":
            return HttpResponseRedirect(f"{reverse('admin:calls_webhookendpoint_try')}?tenant={tenant.pk}")
        endpoint = WebhookEndpoint(tenant=tenant, url=address.url, name=gettext("To try things out"))
        try:
            secret = webhooks.keep(endpoint)
        except ValidationError as error:  # a host that is no address as the door wants it
            return HttpResponse("\n".join(error.messages), status=400, content_type="text/plain; charset=utf-8")
        self.log_addition(request, endpoint, gettext("Made to try things out."))
        return self.show_secret(request, endpoint, secret, _("Webhook created"))


def _chosen(request: HttpRequest, tenants: Any) -> Tenant | None:
    """The tenant the address names; another's is none."""
    named = request.GET.get("tenant")
    if not named:
        return None
    try:
        tenant: Tenant | None = tenants.filter(pk=UUID(named)).first()
    except ValueError:
        tenant = None
    if tenant is None:
        raise Http404
    return tenant


def _rows(address: TryAddress) -> list[dict[str, Any]]:
    rows = TriedRequest.objects.filter(address=address).select_related("signed_by")
    return [_row(row) for row in rows.order_by("-number")[: webhooks.trying.KEPT]]


def _row(row: TriedRequest) -> dict[str, Any]:
    headers = row.headers
    types = [value for name, value in headers.items() if name.lower() == "content-type"]
    is_form = any(value.startswith("application/x-www-form-urlencoded") for value in types)
    told = PayloadFormat.FONESTORM_FORM if is_form else PayloadFormat.NATIVE
    return {
        "at": cells.moment(row.created_at, exact=True),
        "request": f"{row.method}{' ?' + row.query if row.query else ''}",
        "verdict": cells.badge(row.get_verdict_display(), _TONES[Verdict(row.verdict)]),
        "signed_by": row.signed_by,
        "headers": folded(written(headers), gettext("Headers")),
        "body": readable(told, bytes(row.body)),
    }
