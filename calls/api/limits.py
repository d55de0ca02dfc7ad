"""How many requests a token may make, and telling it (draft-ietf-httpapi-ratelimit-headers)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponseBase

from calls.api.problems import Problem
from tenants.authentication import Principal
from tenants.budget import Spent, spend

WINDOW_S = 60


def spend_request(principal: Principal) -> Spent:
    """Take one request from the budget of a token, or of a person in a tenant."""
    holder = principal.token_id or f"{principal.user.pk}:{principal.tenant.pk}"
    return spend(f"api:{holder}", settings.CALLHUB_API_REQUESTS_PER_MINUTE, WINDOW_S)


def refuse_overspent(spent: Spent) -> None:
    """429 where the budget is used up."""
    if not spent.is_allowed:
        headers = {"Retry-After": str(spent.reset_s)}
        detail = f"{spent.limit} requests a minute are allowed. Try again in {spent.reset_s} s."
        raise Problem(429, "too_many_requests", detail, headers=headers)


def tell(response: HttpResponseBase, spent: Spent) -> None:
    """Say on the answer what the budget is and what is left of it."""
    response["RateLimit-Policy"] = f'"default";q={spent.limit};w={WINDOW_S}'
    response["RateLimit"] = f'"default";r={spent.remaining};t={spent.reset_s}'
