"""OAuth 2.0 for machines (RFC 6749 §4.4): an application's id and secret for an access token that lives two hours.

Authlib judges the request; what it is told and what it answers are plain values, so that any door can serve it. No other grant
is offered: no passwords, no refresh tokens, nothing implicit.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from django.utils import timezone

from tenants.authentication import CredentialsRefused, Principal, by_token, of_user
from tenants.choices import AppLevel
from tenants.models import AccessToken, OAuthApp, Tenant, User
from tenants.models.oauth import CREDENTIAL_LENGTH
from tenants.models.token import TOKEN_MARK, digest_of

LIFE_S = 2 * 3600
_KEPT = timedelta(days=1)  # after its end, for whoever asks what an application did


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the token endpoint says: an HTTP status and a JSON object."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Whoever holds an access token: the level and tenant of its application. ``principal`` is the person of the user level."""

    level: str
    tenant: Tenant
    principal: Principal | None = None

    def tenants(self) -> list[Tenant]:
        """The tenants it may act in."""
        return [self.tenant, *_below(self.tenant)] if self.level == AppLevel.ADMINISTRATOR else [self.tenant]


def grant(fields: Mapping[str, str], authorization: str = "") -> Answer:
    """Answer a token request: its form fields, and its Authorization header where it has one."""
    answer: Answer = _SERVER.create_token_response((fields, authorization))
    return answer


def by_access_token(secret: str) -> Holder:
    """The holder of an access token, or of an API token, which acts as its owner. Raises ``CredentialsRefused``."""
    if secret.startswith(TOKEN_MARK):
        principal = by_token(secret)
        return Holder(level=AppLevel.USER, tenant=principal.tenant, principal=principal)
    tokens = AccessToken.objects.usable().filter(digest=digest_of(secret))
    token = tokens.select_related("app__user", "app__tenant").first()
    if token is None:
        raise CredentialsRefused
    app = token.app
    return Holder(level=app.level, tenant=app.tenant, principal=_owner(app))


def make_app(tenant: Tenant, *, name: str, level: AppLevel = AppLevel.USER, user: User | None = None) -> tuple[OAuthApp, str]:
    """A new application with its secret, which is known only now."""
    app = OAuthApp(tenant=tenant, name=name, level=level, user=user)
    secret = app.renew_credentials()
    app.save(force_insert=True)
    return app, secret


def forget_old(now: datetime | None = None) -> int:
    """Delete access tokens that expired more than a day ago; returns how many."""
    deleted, _ = AccessToken.objects.filter(expires_at__lt=(now or timezone.now()) - _KEPT).delete()
    return deleted


def _owner(app: OAuthApp) -> Principal | None:
    """The person an application acts as, as they are now; raises where they have no place in its tenant any more."""
    return of_user(app.user, app.tenant) if app.user is not None else None


def _below(tenant: Tenant) -> list[Tenant]:
    found: list[Tenant] = []
    level = [tenant]
    while level:
        level = list(Tenant.objects.active().filter(parent__in=level))
        found += level
    return found


# How Authlib sees it


class _Client(ClientMixin):
    """An application."""

    def __init__(self, app: OAuthApp) -> None:
        self.app = app

    def check_client_secret(self, client_secret: str) -> bool:
        return self.app.has_secret(client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return True

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == ClientCredentialsGrant.GRANT_TYPE

    def get_allowed_scope(self, scope: str | None) -> str:
        return ""  # what a token may do follows from the application's level, never from what was asked


class _Request(OAuth2Request):
    """A token request; that it came over TLS is for the deployment to see to, so the library is not asked to judge it."""

    def __init__(self, fields: Mapping[str, str], authorization: str) -> None:
        super().__init__("POST", "https://callhub/oauth/token", headers={"Authorization": authorization})
        self.payload = BasicOAuth2Payload(fields)

    @property
    def form(self) -> Mapping[str, str]:
        fields: Mapping[str, str] = self.payload.data
        return fields


class _Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]


class _Server(AuthorizationServer):
    """Tokens kept as rows."""

    def query_client(self, client_id: str) -> _Client | None:
        if len(client_id) != CREDENTIAL_LENGTH or not client_id.isalnum() or not client_id.isascii():
            return None
        app = OAuthApp.objects.usable().filter(client_id=client_id).select_related("tenant", "user").first()
        if app is None:
            return None
        try:
            _owner(app)
        except CredentialsRefused:
            return None
        return _Client(app)

    def save_token(self, token: Mapping[str, Any], request: OAuth2Request) -> None:
        app = request.client.app
        AccessToken.objects.create(
            tenant=app.tenant,
            app=app,
            digest=digest_of(token["access_token"]),
            expires_at=timezone.now() + timedelta(seconds=token["expires_in"]),
        )

    def create_oauth2_request(self, request: tuple[Mapping[str, str], str]) -> _Request:
        return _Request(*request)

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        told = dict(body)
        if told.get("error") == "invalid_client":
            told.pop("error_description", None)  # it would tell ids that exist from those that do not
        return Answer(status=status, body=told)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        pass


def _new_secret(**_asked: Any) -> str:
    return secrets.token_urlsafe(32)


_SERVER = _Server()
_SERVER.register_token_generator("default", BearerTokenGenerator(_new_secret, expires_generator=LIFE_S))
_SERVER.register_grant(_Grant)
