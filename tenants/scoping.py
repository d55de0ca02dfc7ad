"""Whose row is it: the base of everything a tenant owns, and the questions every edge starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import Q

from tenants.choices import Act
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
        """The rows a person may see: all for an operator, else their tenants', as far as their center sees them."""
        if not user.is_active:
            return self.none()
        if user.is_superuser:
            return self
        reach = Q(pk__in=[])
        for tenant_id, center_id in user.memberships.values_list("tenant_id", "center_id"):
            reach |= Q(tenant=tenant_id) & self._seen_from(center_id)
        return self.filter(reach)

    def within_reach_of(self, principal: Principal) -> Self:
        """The rows a signed-in party may see: its tenant's, as far as its center sees them."""
        return self.for_tenant(principal.tenant).filter(self._seen_from(principal.center_id))

    def _seen_from(self, center_id: UUID | None) -> Q:
        seen: Q = self.model.seen_from(center_id) if center_id else Q()  # type: ignore[attr-defined]
        return seen

    def by_public_id(self, text: object) -> Row | None:
        """The row with this id, written as a UUID or as the shorter hex form of ``tenants.ids``; None if there is none."""
        bounds = key_bounds(text) if isinstance(text, str) else None
        if bounds is None:
            return None
        low, high = bounds
        rows = list((self.filter(pk=low) if low == high else self.filter(pk__range=bounds))[:2])
        return rows[0] if len(rows) == 1 else None


class TenantOwned(models.Model):
    """Something that belongs to exactly one tenant.

    A person may be limited to one center of it. They read what ``seen_from`` says. They write only
    what ``center_acts`` names, and only rows of their center; everything else concerns the whole
    tenant and takes the reach of it.
    """

    center_acts: ClassVar[frozenset[Act]] = frozenset()
    tenant_fields: ClassVar[tuple[str, ...]] = ()  # of a row of their center, what still takes the reach of the tenant

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def seen_from(cls, center_id: UUID) -> Q:
        """The rows that people limited to this center may read: all of the tenant's, unless a model says otherwise."""
        return Q()

    def is_of_center(self, center_id: UUID) -> bool:
        """Whether the row is this center's, as it is now. Rows without a center of their own are every center's."""
        return getattr(self, "center_id", center_id) == center_id

    def is_open_to(self, center_id: UUID | None, act: Act) -> bool:
        """Whether a person limited to this center (None: to none) may do this to the row, as it is now."""
        return center_id is None or (act in self.center_acts and self.is_of_center(center_id))
