"""What each process remembers of tenants for a moment, so that a busy open door does not look them up for every call."""

from __future__ import annotations

from time import monotonic

from tenants.models import Tenant

REMEMBERED_S = 1.0  # a tenant that is switched off, or closes its open door, is refused after this time at the latest

_open: dict[str, tuple[float, Tenant]] = {}


def open_tenant(slug: str) -> Tenant | None:
    """The active tenant of this slug that takes calls at its open address; as it was at most ``REMEMBERED_S`` ago."""
    now = monotonic()
    until, tenant = _open.get(slug, (0.0, None))
    if now < until:
        return tenant
    found = Tenant.objects.active().filter(slug=slug, open_ingest=True).first()
    if found is None:
        _open.pop(slug, None)
    else:
        _open[slug] = (now + REMEMBERED_S, found)
    return found


def forget() -> None:
    """Remember nothing."""
    _open.clear()
