"""Originations: the calls people and programs had made, and the addresses that the dialog for calling uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST
from unfold.decorators import display

from calls import dialer
from calls.admin import cells, dial
from calls.errors import CallError
from calls.models import Origination
from tenants.reach import reach_of
from tenants.scoped_admin import TenantModelAdmin


@admin.register(Origination)
class OriginationAdmin(TenantModelAdmin):
    """Requests to call. Nothing is edited here: calls are placed and ended through the dialer."""

    list_display = ["created", "destination", "state"]
    first_step = _("Open a contact, a company or a call and press the telephone beside a number.")
    ordering = ["-created_at", "-id"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        reach = reach_of(request)
        rows = super().get_queryset(request).select_related("tenant", "call", "line__agent")
        for tenant_id, center_id in reach.centers.items():
            rows = rows.filter(~Q(tenant=tenant_id) | Q(call__center=center_id) | Q(requester=reach.user.pk))
        return rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("asked for"), ordering="created_at")
    def created(self, row: Origination) -> Any:
        """When it was asked for."""
        return cells.moment(row.created_at)

    # Calling

    def get_urls(self) -> list[Any]:
        view: Callable[..., Any] = self.admin_site.admin_view
        pages = [("progress", require_GET(self.progress)), *((name, require_POST(self.act(name))) for name in _ACTS)]
        return [
            path("dial", view(require_GET(dial.dialog)), name="calls_origination_dial"),
            path("place", view(require_POST(dial.place)), name="calls_origination_place"),
            *(path(f"<uuid:pk>/{name}", view(page), name=f"calls_origination_{name}") for name, page in pages),
            *super().get_urls(),
        ]

    def progress(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """How the call goes; whoever may see it may watch it."""
        return JsonResponse(dial.told(dialer.refresh(self._find(request, pk)), reach_of(request)))

    def act(self, name: str) -> Callable[..., HttpResponse]:
        """The view that does one thing with a call on its way."""

        def view(request: HttpRequest, pk: Any) -> HttpResponse:
            row, reach = self._find(request, pk), reach_of(request)
            if not dial.may_act(reach, row):
                raise PermissionDenied
            try:
                return JsonResponse(dial.told(_ACTS[name](row), reach))
            except CallError as error:
                return dial.refused(error, row.tenant)

        return view

    def _find(self, request: HttpRequest, pk: Any) -> Origination:
        """A request within reach; every other one is none at all."""
        row: Origination | None = self.get_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404
        return row


_ACTS = {"hangup": dialer.hang_up, "hold": dialer.hold, "unhold": dialer.unhold}
