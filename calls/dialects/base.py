"""What every vendor dialect shares: refusals in the vendor's own envelope, routing, and the order of checks.

A dialect writes one ``Dialect`` (its name, addresses and error envelope) and views below ``DialectView``. A view's method
authenticates, reads, calls one function and renders; whatever it or the layers below refuse becomes the vendor's answer here.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, re_path
from django.utils.decorators import classonlymethod
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from calls import arrivals
from calls.body import BodyRefused, read_object
from calls.errors import CallError
from calls.recordings.errors import StorageTrouble
from tenants.authentication import CredentialsRefused, Principal, TooManyAttempts, client_address
from tenants.models import Tenant
from tenants.transport import IN_CLEAR, is_in_clear

logger = logging.getLogger(__name__)

_MANY_SLASHES = re.compile("/{2,}")
_GROUP_OR_ESCAPE = re.compile(r"(\([^)]*\)|\\.)")
_LETTER = re.compile("[A-Za-z]")
_STATUS_OF = {"not_found": 404, "conflict": 409, "changed_meanwhile": 412, "on_hold": 409}


class Refusal(Exception):
    """A request that gets no for an answer: HTTP status, stable code, a sentence, the fields at fault, extra headers."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = dict(fields or {})
        self.headers = dict(headers or {})


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One vendor: its name, the addresses it answers at the root, and how it says no.

    ``owns`` are path beginnings; the longest that fits decides whose envelope an unknown address gets.
    ``envelope`` renders a refusal's body; ``status_of`` maps codes to the vendor's statuses where they differ from ours.
    """

    name: str
    owns: tuple[str, ...]
    envelope: Callable[[Refusal], Any]
    status_of: Mapping[str, int] = field(default_factory=dict)

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """The vendor's answer to a refusal."""
        response = json_response(self.envelope(refusal), status=refusal.status)
        response["Cache-Control"] = "no-store"
        for name, value in refusal.headers.items():
            response[name] = value
        return response

    def answers_at(self, path: str) -> int:
        """How much of a path's beginning is this dialect's own; 0 for none of it."""
        path, prefix = _MANY_SLASHES.sub("/", f"{path.lower()}/"), f"/{self.name}/"
        return max((len(own) for own in (*self.owns, prefix) if path.startswith(own)), default=0)


class DialectView(View):
    """One address of a dialect. Subclasses set ``dialect`` and write ``authenticate`` and the methods."""

    dialect: ClassVar[Dialect]
    takes_credentials: ClassVar[bool] = True
    principal: Principal

    def authenticate(self, request: HttpRequest) -> Principal | None:
        """Who is at the door; None where the address is open. Raises ``CredentialsRefused`` or ``TooManyAttempts``."""
        raise NotImplementedError  # a default would be a door left open: every dialect signs people in its own way

    def require_tls(self, request: HttpRequest) -> None:
        """403 for a request in clear, before anything of its credentials is looked at."""
        if is_in_clear(request):
            raise Refusal(403, "forbidden", IN_CLEAR)

    def before(self, request: HttpRequest) -> None:
        """Checks that come before credentials are looked at."""

    def finish(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Headers on every answer, refusals included."""

    def tenant_of(self, principal: Principal | None) -> Tenant | None:
        """Whose log the request is for, once it is let in; None where that is not known at this address."""
        return principal.tenant if principal is not None else None

    def unauthorized(self) -> Refusal:
        """What is said to missing or wrong credentials."""
        return Refusal(401, "unauthorized", "The credentials are missing or not valid.", headers={"WWW-Authenticate": "Basic"})

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = self._answer(request, *args, **kwargs)
        except Exception as error:
            response = self.dialect.refuse(self._refusal(error))
        response["Cache-Control"] = "no-store"
        self.finish(request, response)
        return response

    def _answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        method = (request.method or "").lower()
        handler = getattr(self, method, None) if method in self.http_method_names else None
        if handler is None:
            allowed = ", ".join(self._allowed_methods())  # type: ignore[attr-defined]  # Django's own, not in the stubs
            raise Refusal(405, "method_not_allowed", f"Allowed here: {allowed}.", headers={"Allow": allowed})
        if self.takes_credentials:
            self.require_tls(request)
        self.before(request)
        principal = self.authenticate(request)
        if principal is not None:
            self.principal = principal
        tenant = self.tenant_of(principal)
        if tenant is not None:
            arrivals.note(tenant.pk, self.dialect.name)
        result: HttpResponseBase = handler(request, *args, **kwargs)
        return result

    def _refusal(self, error: Exception) -> Refusal:
        """Whatever went wrong as a refusal; only what nobody foresaw is logged and answered with 500."""
        match error:
            case Refusal():
                return error
            case BodyRefused():
                return Refusal(error.status, error.code, error.message)
            case CredentialsRefused():
                return self.unauthorized()
            case TooManyAttempts():
                return Refusal(429, "too_many_attempts", str(error), headers={"Retry-After": str(error.retry_after_s)})
            case CallError():
                status = self.dialect.status_of.get(error.code) or _STATUS_OF.get(error.code, 400)
                return Refusal(status, error.code, error.message, fields=error.fields)
            case StorageTrouble():
                return Refusal(
                    error.status, error.code, str(error), headers={"Retry-After": "2"} if error.status == 503 else None
                )
            case ObjectDoesNotExist():
                logger.warning("%s: gone meanwhile: %s", self.dialect.name, error)
                return Refusal(404, "not_found", "It was there a moment ago and is gone.")
            case DatabaseError():
                logger.exception("%s: the database did not answer", self.dialect.name)
                return Refusal(503, "unavailable", "Try again in a moment.", headers={"Retry-After": "2"})
        logger.exception("%s: unforeseen", self.dialect.name)
        return Refusal(500, "internal_error", "Something went wrong here. It has been logged.")

    @classonlymethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:  # noqa: N805 - Django's own kind of class method
        return csrf_exempt(super().as_view(**initkwargs))  # no door of a dialect looks at cookies


class NotBuilt(DialectView):
    """A documented address that is not served yet: the vendor's own 501."""

    def authenticate(self, request: HttpRequest) -> Principal | None:
        return None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.dialect.refuse(Refusal(501, "request_not_implemented", "This operation is not offered here."))


def json_response(body: Any, status: int = 200) -> HttpResponse:
    """A JSON answer in UTF-8."""
    text = json.dumps(body, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(text.encode("utf-8", "replace"), status=status, content_type="application/json; charset=utf-8")


def route(pattern: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
    """An address with and without its trailing slash; ``pattern`` is a regular expression without anchors."""
    return re_path(rf"^{pattern}/?\Z", view, name=name)


def forgiving_route(pattern: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
    """The same in any letter case and with doubled slashes, as the vendors on .NET take it."""
    parts = _GROUP_OR_ESCAPE.split(pattern)  # an id keeps its case; Django cannot reverse (?i:…)
    parts[::2] = [_LETTER.sub(_in_both_cases, part).replace("/", "/+") for part in parts[::2]]
    return re_path(rf"^(?:/*){''.join(parts)}/*\Z", view, name=name)


def _in_both_cases(letter: re.Match[str]) -> str:
    return f"[{letter[0]}{letter[0].swapcase()}]"


def read_body(request: HttpRequest) -> dict[str, Any]:
    """The request's body as a mapping (see ``calls.body``)."""
    return read_object(request)


def basic_credentials(request: HttpRequest) -> tuple[str, str] | None:
    """User and password of an ``Authorization: Basic`` header, split at the first colon (RFC 7617).

    The password is empty where there is no colon. None where there is no such header; undecodable ones are refused.
    """
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(rest.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise CredentialsRefused from error
    return user, password


def bearer_token(request: HttpRequest) -> str | None:
    """The token of an ``Authorization: Bearer`` header (RFC 6750); None where there is no such header."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else None


__all__ = [
    "Dialect",
    "DialectView",
    "NotBuilt",
    "Refusal",
    "basic_credentials",
    "bearer_token",
    "client_address",
    "forgiving_route",
    "json_response",
    "read_body",
    "route",
]
