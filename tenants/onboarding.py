"""Opening a tenant: the tenant, its owner and the owner's first credentials, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.crypto import get_random_string

from tenants.choices import Role, Scope
from tenants.models import ApiToken, Center, Membership, Tenant, User
from tenants.oauth import make_app

PASSWORD_LENGTH = 20


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A new tenant with what its owner signs in with; ``password``, ``token`` and ``client_secret`` are known only now.

    ``client_id`` is that of an OAuth application that acts as the owner.
    """

    tenant: Tenant
    owner: User
    password: str
    token: str
    client_id: str
    client_secret: str


@transaction.atomic
def open_tenant(
    slug: str,
    *,
    name: str = "",
    country: str = "SE",
    time_zone: str = "UTC",
    parent: Tenant | None = None,
    open_ingest: bool = False,
    username: str = "",
    password: str = "",
) -> Opened:
    """Make a tenant whose owner may use the admin. Raises ``ValidationError`` by field and leaves nothing behind.

    The owner is ``owner@<slug>`` unless named: no colon, so it is a user name for HTTP Basic (RFC 7617) as well. Without
    ``password`` one of letters and digits is made up.
    """
    tenant = Tenant(slug=slug, name=name or slug, country=country, time_zone=time_zone, parent=parent, open_ingest=open_ingest)
    tenant.full_clean()
    tenant.save(force_insert=True)
    password = password or get_random_string(PASSWORD_LENGTH)
    owner = add_member(tenant, username or f"owner@{slug}", Role.OWNER, password=password)
    _token, secret = make_token(tenant, name="First token", user=owner, scope=Scope.MANAGE)
    app, client_secret = make_app(tenant, name="First application", user=owner)
    return Opened(
        tenant=tenant,
        owner=owner,
        password=password,
        token=secret,
        client_id=app.client_id,
        client_secret=client_secret,
    )


def make_token(tenant: Tenant, *, name: str, user: User, scope: Scope) -> tuple[ApiToken, str]:
    """A new token that acts as this person, with its secret, which is known only now."""
    token = ApiToken(tenant=tenant, user=user, name=name, scope=scope)
    secret = token.renew_secret()
    token.save(force_insert=True)
    return token, secret


@transaction.atomic
def add_member(tenant: Tenant, username: str, role: Role, *, password: str, center: Center | None = None, **person: Any) -> User:
    """A new person with a place in the tenant and a way into the admin; ``person`` are further fields of the user.

    Raises ``ValidationError``.
    """
    user = User(username=username, is_staff=True, **person)
    user.set_password(password)
    user.full_clean()
    user.save(force_insert=True)
    Membership.objects.create(tenant=tenant, user=user, role=role, center=center)
    return user
