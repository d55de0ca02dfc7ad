"""Signing in by fields of the request: customer, user name, and password or token."""

from __future__ import annotations

from calls.dialects.base import Refusal
from calls.dialects.hostedsuite.reading import Fields
from tenants.authentication import Principal, by_password, check_password
from tenants.models import Membership, Tenant

_CREDENTIALS = ("CustomerName", "UserName", "Password")
_WHO = "The customer name, user name or password is missing or not right."


def refused() -> Refusal:
    """The one answer to wrong credentials, whichever of them is wrong; no scheme of HTTP's own is asked for."""
    return Refusal(401, "unauthorized", _WHO)


def sign_in(fields: Fields, address: str) -> Principal:
    """Who the fields name; raises ``Refusal``, ``CredentialsRefused`` or ``TooManyAttempts``."""
    missing = [name for name in _CREDENTIALS if not fields.raw_text(name)]
    if missing:
        raise Refusal(401, "unauthorized", _WHO, fields=dict.fromkeys(missing, "Required."))
    customer, username, password = (fields.raw_text(name) for name in _CREDENTIALS)
    tenant = _tenant_of(customer, username)
    if tenant is None:
        check_password(None, username, password, address=address)  # as slow as a wrong password, and refused like one
    return by_password(username, password, tenant=tenant, address=address)


def _tenant_of(customer: str, username: str) -> Tenant | None:
    """The tenant this customer name means for this person: one they belong to, by slug, then by name, the oldest first.

    Names are not unique, so only a person's own tenants count; an operator, who belongs to none, gives the slug.
    """
    wanted = customer.strip().casefold()
    memberships = Membership.objects.filter(user__username=username, tenant__is_active=True).select_related("tenant")
    tenants = [membership.tenant for membership in memberships.order_by("created_at")]
    by_slug = [tenant for tenant in tenants if tenant.slug.casefold() == wanted]
    by_name = [tenant for tenant in tenants if tenant.name.strip().casefold() == wanted]
    exact = [tenant for tenant in by_slug if tenant.slug == customer.strip()]
    return next(iter(exact + by_slug + by_name), None) or Tenant.objects.active().filter(slug=customer.strip()).first()
