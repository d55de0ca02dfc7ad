"""API tokens: made and revoked by owners, their secret told once."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from calls.api.authentication import MayManageTokens
from calls.api.filters.rows import TokenFilters
from calls.api.pagination import Sort
from calls.api.serializers.tokens import NewTokenDocument, TokenDocument
from calls.api.views.resource import STAMP_SORTS, Resource
from tenants.models import ApiToken


class Tokens(Resource):
    """Machines' keys to the tenant. Owners only, with a token of the scope “manage” or a session."""

    model, document_class, filterset_class = ApiToken, TokenDocument, TokenFilters
    created_class = NewTokenDocument
    noun = ("token", "tokens")
    sorts = {"name": Sort(field="name"), **STAMP_SORTS}
    default_sort = "-created_at"
    permission_classes = (MayManageTokens,)

    def create(self, request: Request) -> Response:
        """Make a token that acts as the person who makes it."""
        response = super().create(request)
        response.data = {**response.data, "secret": getattr(self, "secret", None)}  # kept nowhere, not even for repeats
        return response

    def save(self, row: ApiToken, values: dict[str, Any]) -> None:
        if row._state.adding:
            row.user = self.principal.user
            self.secret = row.renew_secret()
        row.save()

    def erase(self, row: ApiToken) -> None:
        """Revoke it; the row stays, for the record."""
        if row.revoked_at is None:
            row.revoked_at = timezone.now()
            row.save(update_fields=["revoked_at", "updated_at"])
