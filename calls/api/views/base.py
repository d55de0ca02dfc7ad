"""What every address has in common: the order of checks, strict parameters, and the headers on every answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.conf import settings
from django.utils.cache import patch_vary_headers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from calls.api import limits
from calls.api.authentication import MANAGERS, WRITERS, MayUse, SessionAuthentication, TokenAuthentication
from calls.api.parsers import JSONNegotiation, JSONParser
from calls.api.problems import Problem, bad_parameter
from calls.body import BodyRefused, check_text, is_chunked, read_bytes
from tenants.authentication import Principal
from tenants.budget import Spent
from tenants.transport import IN_CLEAR, is_in_clear

LONGEST_PARAMETER = 2000


class Door(APIView):
    """One address. Checks run in this order: credentials, budget, rights, parameters; the body comes last."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (TokenAuthentication, SessionAuthentication)
    permission_classes: Sequence[type[BasePermission]] = (MayUse,)
    content_negotiation_class = JSONNegotiation
    parser_classes: Sequence[type[BaseParser]] = (JSONParser,)
    metadata_class = None
    change_roles: tuple[str, ...] = WRITERS
    erase_roles: tuple[str, ...] = MANAGERS
    parameters: Collection[str] = ()
    streams_body = False  # the view reads its body piece by piece itself
    spent: Spent | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.format_kwarg = None
        if is_in_clear(request._request):
            raise Problem(403, "forbidden", IN_CLEAR)
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        self.perform_authentication(request)
        if isinstance(request.auth, Principal):
            request._request.api_tenant = request.auth.tenant  # type: ignore[attr-defined]  # see calls.cross_origin
            self.spent = limits.spend_request(request.auth)
            limits.refuse_overspent(self.spent)
        self.check_permissions(request)
        check_parameters(request, self.allowed_parameters())
        if is_chunked(request._request) and not self.streams_body:
            read_bytes(request._request, max(self._body_limits()))

    def _body_limits(self) -> list[int]:
        """How many bytes each parser takes."""
        limits = [getattr(parser, "limit", None) for parser in self.parser_classes]
        return [limit or settings.CALLHUB_BODY_LIMIT for limit in limits]

    def allowed_parameters(self) -> Collection[str]:
        """The parameters this address takes with this method."""
        return self.parameters

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ("Authorization", "Cookie"))
        if self.spent is not None:
            limits.tell(response, self.spent)
        return response

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204, headers={"Allow": ", ".join(self.allowed_methods)})

    @property
    def principal(self) -> Principal:
        """Who is at the door."""
        return self.request.auth  # type: ignore[return-value]


class NothingHere(Door):
    """Any address below ours that nothing answers at."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound


def check_parameters(request: Request, allowed: Collection[str]) -> None:
    """400 for a parameter that is not offered, comes twice, or holds what no value can."""
    for name, values in request.query_params.lists():
        if name not in allowed and name != "tenant":
            offered = ", ".join(sorted(allowed)) or "none"
            raise bad_parameter(_shown(name), f"“{_shown(name)}” is not offered here. Offered: {offered}.", "unknown_parameter")
        for value in values:
            if len(value) > LONGEST_PARAMETER:
                raise bad_parameter(name, f"At most {LONGEST_PARAMETER} characters.")
            try:
                check_text(value)
            except BodyRefused as error:
                raise Problem(400, error.code, error.message, bad_parameter(name, error.message, error.code).faults) from error


def _shown(name: str) -> str:
    return name[:60].encode("ascii", "replace").decode().replace("\0", "?")
