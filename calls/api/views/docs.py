"""The schema and its readable page."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from calls.api.views.base import Door


class Schema(Door):
    """The OpenAPI 3.1 document of this API; the same for everyone."""

    schema = None
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        """The document, as JSON."""
        return Response(openapi(), content_type="application/vnd.oai.openapi+json")


@cache
def openapi() -> dict[str, Any]:
    """The document; it takes a second to make and never changes while the process runs."""
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return document


class Docs(SpectacularSwaggerSplitView):
    """Swagger UI from our own files, its script apart from the page as the content security policy asks."""

    url_name = "api:schema"
    http_method_names = ("get", "head")
    content_negotiation_class = DefaultContentNegotiation
    schema = None
