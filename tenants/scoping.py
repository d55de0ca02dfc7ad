"""Whose row is it: the base of everything a tenant owns, and the questions every edge starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models
from django.db.models import Q

from tenants.ids import key_bounds, new_id

if TYPE_CHECKING:
    from tenants.authentication import Principal
    from tenants.models import Tenant, User


Row = TypeVar("Row", bound=models.Model)


class TenantQuerySet(models.QuerySet[Row]):
    """Rows of one tenant, or of all the tenants a person belongs to."""

    def for_tenant(self, tenant: Tenant) -> Self:
        """The rows this tenant owns."""
        return self.filter(tenant=tenant)

    def visible_to(self, user: User) -> Self:
        """The rows this person may see: all for an operator, else those of the tenants they are a member of."""
        if not user.is_active:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(tenant__memberships__user=user)

    def by_public_id(self, text: object) -> Row | None:
        """The row with this id, written as a UUID or as the shorter hex form of ``tenants.ids``; None if there is none."""
        bounds = key_bounds(text) if isinstance(text, str) else None
        if bounds is None:
            return None
        low, high = bounds
        rows = list((self.filter(pk=low) if low == high else self.filter(pk__range=bounds))[:2])
        return rows[0] if len(rows) == 1 else None


class CenterQuerySet(TenantQuerySet[Row]):
    """Rows that belong to a center of their tenant as well: who is limited to one center sees those of it alone."""

    def within_reach_of(self, principal: Principal) -> Self:
        """The rows a signed-in party may see: its tenant's, or those of its one center."""
        rows = self.for_tenant(principal.tenant)
        return rows.filter(center=principal.center_id) if principal.center_id else rows

    def visible_to(self, user: User) -> Self:
        """The rows a person may see: their tenants', or their one center's where they are limited to it."""
        if not user.is_active:
            return self.none()
        if user.is_superuser:
            return self
        reach = Q(pk__in=[])
        for tenant_id, center_id in user.memberships.values_list("tenant_id", "center_id"):
            reach |= Q(tenant=tenant_id, center=center_id) if center_id else Q(tenant=tenant_id)
        return self.filter(reach)


class TenantOwned(models.Model):
    """Something that belongs to exactly one tenant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True
