"""The two doors: by token, and the open one; both count every request and say what is left."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from calls.body import read_form
from calls.dialects.base import DialectView, Refusal, basic_credentials, bearer_token
from calls.dialects.planhat.errors import DIALECT, no_such
from tenants.authentication import CredentialsRefused, Principal, by_token, client_address
from tenants.budget import Spent, spend
from tenants.choices import Role
from tenants.memory import open_tenant
from tenants.models import Tenant

WINDOW_S = 60
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,64}")


class PlanhatView(DialectView):
    """Any address: each request is taken from one budget, and every answer says how much of it is left."""

    dialect = DIALECT
    spent: Spent | None = None

    def spend(self, name: str) -> None:
        """Count this request; raises 429 where it is one too many."""
        self.spent = spend(f"planhat:{name}", settings.CALLHUB_CALLS_PER_MINUTE, WINDOW_S)
        if not self.spent.is_allowed:
            headers = {"Retry-After": str(self.spent.reset_s)}
            raise Refusal(429, "too_many_requests", f"{self.spent.limit} requests a minute are taken here.", headers=headers)

    def spend_of_address(self) -> None:
        """Count this request against whoever sent it, as no tenant answers for it."""
        self.spend(f"from:{client_address(self.request)}")

    def finish(self, request: HttpRequest, response: HttpResponseBase) -> None:
        if self.spent is None:  # refused before anybody was known
            self.spent = spend(f"planhat:from:{client_address(request)}", settings.CALLHUB_CALLS_PER_MINUTE, WINDOW_S)
        response["X-Rate-Limit-Limit"] = str(self.spent.limit)
        response["X-Rate-Limit-Remaining"] = str(self.spent.remaining)

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, held to what a database takes; of a repeated one the last counts."""
        return read_form(self.request.META.get("QUERY_STRING", ""))


class TokenView(PlanhatView):
    """An address behind a token: Bearer, or Basic with the token as user name and any password or none."""

    principal: Principal

    def authenticate(self, request: HttpRequest) -> Principal:
        try:
            principal = by_token(_token_of(request))
        except CredentialsRefused:
            self.spend_of_address()
            raise
        self.spend(str(principal.tenant.pk))
        if request.method not in ("GET", "HEAD", "OPTIONS") and not principal.may_write:
            raise Refusal(403, "forbidden", "This token may only read.")
        return principal

    def require_eraser(self) -> None:
        """403 unless the token's owner may erase."""
        if self.principal.role not in (Role.OWNER, Role.MANAGER):
            raise Refusal(403, "forbidden", "Only owners and managers may erase.")


class OpenView(PlanhatView):
    """An address without credentials; an Authorization header is not looked at.

    Unknown, malformed and disabled tenants, and those that keep this door shut, are answered alike.
    """

    takes_credentials = False
    tenant: Tenant

    def authenticate(self, request: HttpRequest) -> None:
        slug = self.kwargs["slug"]
        tenant = open_tenant(slug) if _SLUG.fullmatch(slug) else None
        if tenant is None:
            self.spend_of_address()
            raise no_such("tenant")
        self.tenant = tenant
        self.spend(f"{tenant.pk}:{client_address(request)}")
        self.spend_of_everybody()

    def spend_of_everybody(self) -> None:
        """Count this request for its tenant, wherever it comes from: many addresses together do not flood a log."""
        spent = spend(f"planhat:open:{self.tenant.pk}", settings.CALLHUB_OPEN_CALLS_PER_MINUTE, WINDOW_S)
        if not spent.is_allowed:
            text = "Too many calls are sent to this address. Wait, or send them with a token."
            raise Refusal(429, "too_many_requests", text, headers={"Retry-After": str(spent.reset_s)})

    def tenant_of(self, principal: Principal | None) -> Tenant:
        return self.tenant


class Nowhere(PlanhatView):
    """Addresses below the vendor's own that lead nowhere."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = self.dialect.refuse(Refusal(404, "not_found", "There is nothing at this address."))
        self.finish(request, response)
        return response


def _token_of(request: HttpRequest) -> str:
    credentials = basic_credentials(request)
    token = credentials[0] if credentials else bearer_token(request)
    if not token:
        raise CredentialsRefused
    return token
