"""Whose row is it: the base of everything a tenant owns, and the questions every edge starts from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self, TypeVar
from uuid import UUID

from django.db import models

from tenants.ids import key_range, new_id

if TYPE_CHECKING:
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
        if not isinstance(text, str) or len(text) > 36:
            return None
        try:
            return self.filter(pk=UUID(text)).first()
        except ValueError:
            bounds = key_range(text)
        if bounds is None:
            return None
        rows = list(self.filter(pk__range=bounds)[:2])
        return rows[0] if len(rows) == 1 else None

    def by_public_ids(self, texts: Iterable[str]) -> dict[str, Row]:
        """The rows ``by_public_id`` gives for each of these texts, with one query for all that are UUIDs."""
        keys, found = {}, {}
        for text in filter(None, set(texts)):
            try:
                keys[text] = UUID(text if len(text) <= 36 else "")
            except ValueError:
                found[text] = self.by_public_id(text)
        rows = self.in_bulk(keys.values()) if keys else {}
        found |= {text: rows.get(key) for text, key in keys.items()}
        return {text: row for text, row in found.items() if row is not None}


class TenantOwned(models.Model):
    """Something that belongs to exactly one tenant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True
