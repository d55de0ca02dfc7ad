"""What a token that is signed, not stored, says of the person it was made for; and who that is now.

Such a token ends at once with what it was asked for with: the password, the API token, the place in the tenant, the tenant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.crypto import constant_time_compare

from tenants.authentication import CredentialsRefused, Principal, of_user
from tenants.models import ApiToken, Tenant, User


def claims_of(principal: Principal) -> dict[str, str]:
    """Who asks for a token, and with what. Tells nothing of the password."""
    return {
        "user": principal.user.pk.hex,
        "password": _mark_of_password(principal.user),
        "tenant": principal.tenant.pk.hex,
        "scope": principal.scope,
        "api_token": principal.token_id.hex if principal.token_id else "",
    }


def holder_of(claims: Mapping[str, Any]) -> Principal:
    """The person a token was made for, as they are now; the claims' signature is right. Raises ``CredentialsRefused``."""
    try:
        return _holder(**{name: claims[name] for name in ("user", "password", "tenant", "scope", "api_token")})
    except KeyError as error:  # made by an older version
        raise CredentialsRefused from error


def _holder(*, user: str, password: str, tenant: str, scope: str, api_token: str) -> Principal:
    person = User.objects.filter(pk=user, is_active=True).first()
    home = Tenant.objects.active().filter(pk=tenant).first()
    if person is None or home is None or not constant_time_compare(password, _mark_of_password(person)):
        raise CredentialsRefused
    if api_token and not ApiToken.objects.usable().filter(pk=api_token).exists():
        raise CredentialsRefused
    return replace(of_user(person, home), scope=scope)


def _mark_of_password(user: User) -> str:
    """Changes with the password and tells nothing of it."""
    return user.get_session_auth_hash()[:16]
