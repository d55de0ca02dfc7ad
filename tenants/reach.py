"""How far a signed-in person's hand reaches in the admin: which tenants they see, and what they may do there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from tenants.choices import Act, Role
from tenants.models import Membership, Tenant, User
from tenants.models.tenant import TenantsQuerySet


class Reach:
    """The memberships of one person in active tenants, read once per request. An operator reaches every tenant."""

    def __init__(self, user: Any) -> None:
        self.user = user
        self.is_operator = bool(user.is_active and user.is_superuser)
        self.memberships: dict[UUID, Membership] = {}
        if user.is_authenticated and user.is_active:
            rows = Membership.objects.filter(user=user, tenant__is_active=True).select_related("tenant", "center")
            self.memberships = {row.tenant_id: row for row in rows.order_by("created_at", "pk")}

    @property
    def spans_tenants(self) -> bool:
        """Whether lists may show rows of several tenants, so that each row must say whose it is."""
        return self.is_operator or len(self.memberships) > 1

    @property
    def zone(self) -> ZoneInfo:
        """The zone times are shown in: the person's own, else that of the tenant they have been a member of longest."""
        own = getattr(self.user, "time_zone", "")
        if own:
            return ZoneInfo(own)
        first = next(iter(self.memberships.values()), None)
        return first.tenant.zone if first else ZoneInfo("UTC")

    @property
    def language(self) -> str:
        """The language the person chose; empty where they leave it to their browser."""
        return getattr(self.user, "spoken", "")

    @property
    def centers(self) -> dict[UUID, UUID]:
        """The one center a person is limited to, by tenant. An operator is limited nowhere."""
        return {} if self.is_operator else {row.tenant_id: row.center_id for row in self.memberships.values() if row.center_id}

    def may(self, role: Role, tenant_id: UUID | None = None) -> bool:
        """Whether they hold ``role`` or a higher one in this tenant, or in any where none is named."""
        if self.is_operator:
            return True
        rows: Iterable[Membership] = self.memberships.values()
        return any(Role(row.role).includes(role) for row in rows if tenant_id in (None, row.tenant_id))

    def may_do(self, act: Act, what: Model | type[Model], role: Role) -> bool:
        """Whether they may do this to a row; or, of a model, to some row of it somewhere."""
        if self.is_operator:
            return True
        if isinstance(what, Model):
            place = self.memberships.get(what.tenant_id)  # type: ignore[attr-defined]
            is_open = place is not None and what.is_open_to(place.center_id, act)  # type: ignore[attr-defined]
            return is_open and self.may(role, what.tenant_id)  # type: ignore[attr-defined]
        return any(Role(row.role).includes(role) for row in self.memberships.values() if _may_any(row, act, what))

    def tenants(self, role: Role = Role.VIEWER) -> TenantsQuerySet:
        """The tenants in which they hold ``role`` or a higher one."""
        if self.is_operator:
            return Tenant.objects.all()
        return Tenant.objects.filter(pk__in=[pk for pk, row in self.memberships.items() if Role(row.role).includes(role)])

    def tenants_to(self, act: Act, model: type[Model], role: Role) -> QuerySet[Tenant]:
        """The tenants in which they may do this to rows of a model."""
        tenants, places = self.tenants(role), self.memberships.items()
        return tenants if self.is_operator else tenants.filter(pk__in=[pk for pk, row in places if _may_any(row, act, model)])

    def whole(self, role: Role) -> set[UUID]:
        """The tenants in all of which they hold ``role`` or a higher one, limited to no center."""
        rows = self.memberships.items()
        return {pk for pk, row in rows if row.center_id is None and Role(row.role).includes(role)}

    def only_tenant(self, role: Role) -> Tenant | None:
        """Their tenant, where there is nothing to choose between."""
        if self.spans_tenants:
            return None
        return next((row.tenant for row in self.memberships.values() if Role(row.role).includes(role)), None)

    def within(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those of ``rows`` they may see; none of a model that does not say whose its rows are."""
        if self.is_operator:
            return rows
        if rows.model is Tenant:
            return rows.filter(pk__in=self.memberships)
        if rows.model is User:
            members = Membership.objects.filter(tenant__in=list(self.memberships))
            return rows.filter(pk__in=self._narrowed(members, lambda center_id: Q(center=center_id)).values("user"))
        if hasattr(rows.model, "tenant"):
            return self._narrowed(rows.filter(tenant__in=list(self.memberships)), rows.model.seen_from)
        return rows.none()

    def _narrowed(self, rows: QuerySet[Any], seen_from: Callable[[UUID], Q]) -> QuerySet[Any]:
        """Without what people limited to one center do not see of its tenant."""
        for tenant_id, center_id in self.centers.items():
            rows = rows.filter(~Q(tenant=tenant_id) | seen_from(center_id)) if seen_from(center_id) else rows
        return rows


def _may_any(place: Membership, act: Act, model: type[Model]) -> bool:
    """Whether a place in a tenant lets a person do this to any row of a model."""
    return place.center_id is None or act in getattr(model, "center_acts", ())


def reach_of(request: HttpRequest) -> Reach:
    """The reach of the person who asks, kept with the request."""
    reach = getattr(request, "_reach", None)
    if reach is None or reach.user is not request.user:  # asked hundreds of times for a list
        reach = Reach(request.user)
        request._reach = reach  # type: ignore[attr-defined]
    return reach


def belongs_to(row: Any, tenant_id: UUID) -> bool:
    """Whether a row is this tenant's: its own, or a person who is a member."""
    if isinstance(row, User):
        return row.memberships.filter(tenant=tenant_id).exists()
    return getattr(row, "tenant_id", tenant_id) == tenant_id
