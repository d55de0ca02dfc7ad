"""Whose settings are asked for. They are for managers and owners of a whole tenant, as webhooks are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest
from django.urls import reverse

from calls.models import WebhookEndpoint
from tenants.models import Tenant
from tenants.reach import Reach, reach_of
from tenants.scoping import TenantOwned

SHOWN_TENANTS = 50


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A tenant, and the person who asks."""

    request: HttpRequest
    tenant: Tenant

    @property
    def reach(self) -> Reach:
        """How far the person's hand reaches."""
        return reach_of(self.request)

    def sees(self, model: type[Model]) -> bool:
        """Whether they may see the tenant's rows of a model."""
        row = model(tenant_id=self.tenant.pk) if issubclass(model, TenantOwned) else None
        return bool(admin.site.get_model_admin(model).has_view_permission(self.request, row))

    def list_of(self, model: type[Model], **query: str) -> str:
        """Where the tenant's rows of a model are listed."""
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        is_owned = issubclass(model, TenantOwned)
        whose = {"tenant": str(self.tenant.pk)} if is_owned and self.reach.spans_tenants else {}
        return address + (f"?{urlencode({**query, **whose})}" if query or whose else "")

    def lists(self, *links: tuple[Any, type[Model]]) -> tuple[tuple[Any, str], ...]:
        """Words with where the rows of their model are listed, of those the person may see."""
        return tuple((words, self.list_of(model)) for words, model in links if self.sees(model))

    def page(self, name: str, *args: str) -> str:
        """The address of a page of the settings."""
        return reverse(name, args=args) + (f"?tenant={self.tenant.pk}" if self.reach.spans_tenants else "")


def tenants_of(request: HttpRequest) -> Any:
    """The tenants whose settings the person may see. Raises ``PermissionDenied`` where there are none."""
    page: Any = admin.site.get_model_admin(WebhookEndpoint)
    if not page.has_module_permission(request):
        raise PermissionDenied
    return page.whole_tenants(request).order_by("name", "pk")


def asked(request: HttpRequest) -> Asked | None:
    """Whose settings are asked for; None where one has to be chosen first. Another's tenant is none: 404."""
    tenants, named = tenants_of(request), request.GET.get("tenant")
    if named is None:
        found = list(tenants[:2])
        return Asked(request=request, tenant=found[0]) if len(found) == 1 else None
    try:
        tenant = tenants.filter(pk=UUID(named)).first()
    except ValueError as error:
        raise Http404 from error
    if tenant is None:
        raise Http404
    return Asked(request=request, tenant=tenant)
