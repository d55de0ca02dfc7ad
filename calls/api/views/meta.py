"""About the API itself: who is asking, what there is, what a problem means."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from calls.api.problem_codes import TITLES
from calls.api.serializers.tokens import MeDocument
from calls.api.views.base import Door

COLLECTIONS = (
    "calls", "live", "missed", "originations", "recordings", "uploads", "contacts", "companies", "agents", "centers", "lines",
    "tags", "tag-rules", "outcomes", "views", "tokens", "webhooks", "deliveries",
)  # fmt: skip


class Me(Door):
    """Who is asking, for which tenant, and what they may do."""

    @extend_schema(summary="Who am I", operation_id="me", responses=MeDocument)
    def get(self, request: Request) -> Response:
        """The person, tenant, role and scope that the credentials stand for."""
        principal = self.principal
        return Response(
            {
                "user": {
                    "id": str(principal.user.pk),
                    "username": principal.user.username,
                    "name": principal.user.get_full_name(),
                    "email": principal.user.email,
                },
                "tenant": {
                    "id": str(principal.tenant.pk),
                    "slug": principal.tenant.slug,
                    "name": principal.tenant.name,
                    "time_zone": principal.tenant.time_zone,
                    "country": principal.tenant.country,
                    "area_code": principal.tenant.area_code,
                },
                "role": principal.role,
                "scope": principal.scope,
                "center": str(principal.center_id) if principal.center_id else None,
                "token": str(principal.token_id) if principal.token_id else None,
            }
        )


class Index(Door):
    """What there is."""

    schema = None
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        """The addresses of the collections, the schema and its readable page."""
        names = (*COLLECTIONS, "changes", "stream", "statistics", "usage", "me", "schema", "docs")
        return Response({name: request.build_absolute_uri(reverse(f"api:{name}")) for name in names})


class ProblemMeaning(Door):
    """What the ``type`` of a problem document leads to."""

    schema = None
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request, code: str) -> Response:
        """The code and its meaning."""
        if code not in TITLES:
            raise NotFound
        return Response({"code": code, "title": TITLES[code]})
