"""Which vendors' programs reach a tenant: noted at every dialect's door, shown where systems are connected.

A request is noted once its tenant is known, whatever becomes of it then. Each process notes a tenant's use of a dialect once
a minute at most, so that a busy door writes nothing for nearly all of its requests.
"""

from __future__ import annotations

from time import monotonic
from uuid import UUID

from django.utils import timezone

from calls.models import DialectUse
from tenants.models import Tenant

NOTED_FOR_S = 60.0

_noted: dict[tuple[UUID, str], float] = {}


def note(tenant_id: UUID, dialect: str) -> None:
    """Remember that a request of this tenant has just come by this dialect."""
    key, now = (tenant_id, dialect), monotonic()
    if now < _noted.get(key, 0.0):
        return
    DialectUse.objects.bulk_create(
        [DialectUse(tenant_id=tenant_id, dialect=dialect, last_at=timezone.now())],
        update_conflicts=True,
        unique_fields=["tenant", "dialect"],
        update_fields=["last_at", "updated_at"],
    )
    _noted[key] = now + NOTED_FOR_S


def arrivals_of(tenant: Tenant) -> dict[str, DialectUse]:
    """When each dialect was first and last used, by its name; those that never were are not there."""
    return {use.dialect: use for use in DialectUse.objects.for_tenant(tenant)}


def forget() -> None:
    """Note the next request of each tenant, however soon it comes."""
    _noted.clear()
