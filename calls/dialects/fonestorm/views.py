"""FoneStorm's addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from django.http import HttpRequest, HttpResponse

from calls.body import MOST_FIELDS, as_text, read_bytes, read_form
from calls.dialects.base import DialectView, Refusal, client_address, json_response, read_body, route
from calls.dialects.fonestorm.authentication import issue, sign_in
from calls.dialects.fonestorm.calling import make_call
from calls.dialects.fonestorm.errors import DIALECT, bad_field, no_such_number
from calls.dialects.fonestorm.notifying import set_cdr_notify, set_notify
from calls.dialects.fonestorm.numbers import find, fonenumbers, release, route_messages
from calls.dialects.fonestorm.reading import (
    check_fonenumber,
    read_call,
    read_callback,
    read_cdr_callback,
    read_credentials,
    read_routing,
)
from calls.dialects.fonestorm.writing import call_document, fonenumber, number_of
from calls.models import Line
from tenants.authentication import Principal, by_password
from tenants.budget import spend
from tenants.choices import Act, Role
from tenants.idempotency import Answer, AnswerErased, KeyReused, fingerprint, once

REQUESTS_PER_SECOND = 10
_LONGEST_KEY = 255


class FoneStormView(DialectView):
    """Any address: a token, and so many requests a second for an account."""

    dialect = DIALECT

    def authenticate(self, request: HttpRequest) -> Principal:
        return self.counted(sign_in(request))

    def counted(self, principal: Principal) -> Principal:
        """The principal, one request of the account's budget spent; raises 429."""
        spent = spend(f"fonestorm:{principal.tenant.pk}", REQUESTS_PER_SECOND, 1)
        if not spent.is_allowed:
            text = f"At most {REQUESTS_PER_SECOND} requests a second."
            raise Refusal(429, "too_many_requests", text, headers={"Retry-After": str(spent.reset_s)})
        return principal

    def unauthorized(self) -> Refusal:
        return Refusal(401, "unauthorized", "The token is missing, not valid or expired.")

    def require_manager(self, act: Act | None = None, line: Line | None = None) -> None:
        """Raise 403 unless these credentials may set what webhooks are at our own API, and may do this to the line."""
        is_open = line is None or act is None or line.is_open_to(self.principal.center_id, act)
        if not is_open or not self.principal.is_at_least(Role.MANAGER):
            text = "Your role, or the center you are limited to, does not allow this."
            raise Refusal(403, "forbidden", text)


class Auth(FoneStormView):
    """``POST /v2/auth``: a token for a user name and password."""

    expires_s: int

    def authenticate(self, request: HttpRequest) -> Principal:
        username, password, self.expires_s = read_credentials(read_body(request))
        return self.counted(by_password(username, password, address=client_address(request)))

    def unauthorized(self) -> Refusal:
        return Refusal(401, "unauthorized", "The user name or password is not right.")

    def post(self, request: HttpRequest) -> HttpResponse:
        return json_response({"auth": {"token": issue(self.principal, self.expires_s)}}, status=201)


class Calls(FoneStormView):
    """``POST /v2/calls``: make a call."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if not self.principal.may_write:
            raise Refusal(403, "forbidden", "These credentials may only read.")
        wanted = read_call(read_body(request))
        body = self.unless_repeated(request, lambda: call_document(make_call(self.principal, wanted)))
        return json_response(body, status=201)

    def unless_repeated(self, request: HttpRequest, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What ``work`` answers; with an ``Idempotency-Key`` it is done once and a repeat gets the first answer."""
        if "Idempotency-Key" not in request.headers:
            return work()
        key = request.headers["Idempotency-Key"].strip()
        if not (1 <= len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
            raise bad_field("Idempotency-Key", f"Must have 1 to {_LONGEST_KEY} visible ASCII characters.")
        print_ = fingerprint("POST", "/v2/calls", read_bytes(request))
        try:
            answer = once(self.principal.tenant, key, print_, lambda: Answer(status=201, body=work()))
        except AnswerErased as error:
            raise Refusal(410, "gone", "This call was made, and has been erased since.") from error
        except KeyReused as error:
            text = "This Idempotency-Key came before with another request. Use a new one."
            raise Refusal(422, "idempotency_key_reused", text) from error
        body: dict[str, Any] = answer.body
        return body


class FoneNumbers(FoneStormView):
    """``GET /v2/fonenumbers``: all of the account's, as objects; as text where ``filter=fonenumbers`` asks for it.

    The page has text by default. Both generations of the vendor's SDKs declare objects and fail on
    text.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        query = read_form(as_text(request.META.get("QUERY_STRING", "").encode("latin-1")))
        write = _FILTERS.get(query.get("filter", "").lower())
        if write is None:
            raise bad_field("filter", "Must be fonenumbers or all.")
        lines = fonenumbers(self.principal)
        lines = lines.prefetch_related("callbacks") if write is fonenumber else lines
        return json_response({"fonenumbers": [write(line) for line in lines]})


class OneFoneNumber(FoneStormView):
    """``/v2/fonenumbers/<number>``: GET one of them, PUT where its messages go, DELETE it from the account."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        return json_response({"fonenumber": fonenumber(self._find(number))})

    def put(self, request: HttpRequest, number: str) -> HttpResponse:
        line = self._find(number)
        self.require_manager(Act.CHANGE, line)
        route_messages(line, read_routing(read_body(request)))
        return json_response({"fonenumber": fonenumber(line)})

    def delete(self, request: HttpRequest, number: str) -> HttpResponse:
        line = self._find(number)
        self.require_manager(Act.DELETE, line)
        release(line)
        return json_response({"fonenumber": fonenumber(line)})

    def _find(self, number: str) -> Line:
        check_fonenumber(number)
        line = find(self.principal, number)
        if line is None:
            raise no_such_number()
        return line


class CdrNotify(FoneStormView):
    """``POST /v2/accounts/cdr_notify``: where a record of each of the account's calls is sent."""

    def post(self, request: HttpRequest) -> HttpResponse:
        self.require_manager()
        if self.principal.center_id is not None:
            raise Refusal(403, "forbidden", "These credentials see one center only.")
        account_id, wanted = read_cdr_callback(read_body(request))
        return json_response(set_cdr_notify(self.principal, account_id, wanted))


class Notify(FoneStormView):
    """``POST /v2/calls/send_notify`` and ``receive_notify``: where a number's calls are told."""

    def post(self, request: HttpRequest, which: str) -> HttpResponse:
        self.require_manager()
        return json_response(set_notify(self.principal, which, read_callback(_with_password(read_body(request), request))))


def _with_password(body: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
    """The vendor's list of fields has ``url_username`` twice; of a form that follows it, the second is the password."""
    if "url_username" not in body or "url_password" in body:
        return body
    try:
        given = parse_qs(read_bytes(request).decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS).get("url_username", [])
    except ValueError:
        return body
    return {**body, "url_username": given[0], "url_password": given[1]} if len(given) == 2 else body


_FILTERS: dict[str, Callable[..., Any]] = {"": fonenumber, "fonenumbers": number_of, "all": fonenumber}

urlpatterns = [
    route(r"v2/auth", Auth.as_view(), "fonestorm-auth"),
    route(r"v2/calls", Calls.as_view(), "fonestorm-calls"),
    route(r"v2/calls/(?P<which>send|receive)_notify", Notify.as_view(), "fonestorm-notify"),
    route(r"v2/accounts/cdr_notify", CdrNotify.as_view(), "fonestorm-cdr-notify"),
    route(r"v2/fonenumbers", FoneNumbers.as_view(), "fonestorm-numbers"),
    route(r"v2/fonenumbers/(?P<number>[^/]+)", OneFoneNumber.as_view(), "fonestorm-number"),
]
