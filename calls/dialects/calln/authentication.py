"""Signing in: HTTP Basic, or a token of ``/api/userauthtoken``; over TLS where that is asked for.

The page calls the token single-use and has it live up to an hour with rights for a whole upload, which takes two requests at
least: it works until it expires, for what its rights name. It is signed, not stored, and ends with the password or the API
token it was asked for with.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.core import signing
from django.http import HttpRequest
from django.utils import timezone

from calls.dialects.base import Refusal, basic_credentials, client_address
from calls.dialects.calln.errors import NOT_TLS, forbidden
from tenants.authentication import CredentialsRefused, Principal, by_password
from tenants.claims import claims_of, holder_of
from tenants.models import Tenant
from tenants.transport import is_in_clear

LONGEST_MINUTES = 60
_SALT = "calls.dialects.calln.userauthtoken"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Signed:
    """Who is at the door, and what their token is limited to; None for no limit beside the person's own."""

    principal: Principal
    rights: frozenset[str] | None = None
    by_token: bool = False

    def require(self, right: str) -> None:
        """403 where the token's rights do not name this, or the person may not write what it stands for."""
        if self.rights is not None and right not in self.rights:
            raise forbidden(f"The token's rights do not include {right}")
        if right.endswith("CREATE") and not self.principal.may_write:
            raise forbidden("These credentials may only read")


def refuse_clear(request: HttpRequest) -> None:
    """406 for a request in clear, before anything of its credentials is looked at; never a redirect, which comes too late."""
    if is_in_clear(request):
        _log.warning(
            "CallN: %s %s from %s refused: not over TLS%s",
            request.method,
            request.path.rsplit("/", 1)[0],
            client_address(request),
            ", its credentials travelled in clear" if "Authorization" in request.headers else "",
        )
        raise Refusal(406, "not_tls", NOT_TLS)


def sign_in(request: HttpRequest) -> Signed:
    """Who the Authorization header names; raises ``CredentialsRefused`` or ``TooManyAttempts``."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "token":
        return _by_token(token.strip())
    credentials = basic_credentials(request)
    if credentials is None:
        raise CredentialsRefused
    return Signed(principal=by_password(*credentials, address=client_address(request)))


def issue(principal: Principal, account: Tenant, *, minutes: int, rights: Collection[str]) -> tuple[str, datetime]:
    """A token for ``account``, which is the principal's tenant or a client of it, and when it expires."""
    expires_at = (timezone.now() + timedelta(minutes=minutes)).replace(microsecond=0)
    limits = {"account": account.pk.hex, "rights": sorted(rights), "expires": int(expires_at.timestamp())}
    claims = {**claims_of(principal), **limits}
    return signing.dumps(claims, salt=_SALT), expires_at


def _by_token(text: str) -> Signed:
    try:
        claims = signing.loads(text, salt=_SALT, max_age=timedelta(minutes=LONGEST_MINUTES, seconds=5))
    except signing.BadSignature as error:
        raise CredentialsRefused from error
    if claims["expires"] <= timezone.now().timestamp():
        raise CredentialsRefused
    principal = _in_account(claims)
    return Signed(principal=principal, rights=frozenset(claims["rights"]) or None, by_token=True)


def _in_account(claims: dict[str, str]) -> Principal:
    """The person a token was made for, as they are now, in the account it was made for."""
    principal = holder_of(claims)
    if claims["account"] == claims["tenant"]:
        return principal
    client = principal.tenant.children.active().filter(pk=claims["account"]).first()
    if client is None or principal.center_id is not None:
        raise CredentialsRefused
    return replace(principal, tenant=client)
