"""Signing in: a token of ``/v2/auth``, or an API token's own secret, in the ``token`` header."""

from __future__ import annotations

from datetime import datetime, timedelta

import jwt
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from tenants.authentication import CredentialsRefused, Principal, by_token
from tenants.claims import claims_of, holder_of
from tenants.models.token import TOKEN_MARK

USUAL_S = 3600
LONGEST_S = 24 * 3600
_ALGORITHM = "HS256"
_SALT = "calls.dialects.fonestorm"


def sign_in(request: HttpRequest) -> Principal:
    """Who the ``token`` header names; raises ``CredentialsRefused``."""
    token = request.headers.get("token", "").strip()
    if token.startswith(TOKEN_MARK):
        return by_token(token)
    try:
        claims = jwt.decode(token, _key(), algorithms=[_ALGORITHM], options={"require": ["exp", "iat", "holder"]})
    except jwt.InvalidTokenError as error:
        raise CredentialsRefused from error
    return holder_of(claims["holder"])


def issue(principal: Principal, seconds: int, now: datetime | None = None) -> str:
    """A token for this person that works for so many seconds."""
    now = now or timezone.now()
    claims = {
        "account": {"id": str(principal.tenant.pk)},
        "holder": claims_of(principal),
        "iat": now,
        "exp": now + timedelta(seconds=seconds),
    }
    return jwt.encode(claims, _key(), algorithm=_ALGORITHM)


def _key() -> bytes:
    """The signing key: of its own, so that nothing else we sign is ever taken for a token."""
    return salted_hmac(_SALT, "token", algorithm="sha256").digest()
