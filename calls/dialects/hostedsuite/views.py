"""HostedSuite's addresses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern

from calls import ledger
from calls.choices import Source
from calls.dialects.base import DialectView, NotBuilt, Refusal, client_address, json_response
from calls.dialects.base import forgiving_route as route
from calls.dialects.hostedsuite.authentication import refused, sign_in
from calls.dialects.hostedsuite.errors import DIALECT, bad_field
from calls.dialects.hostedsuite.listing import allowances, centers, clients, contacts
from calls.dialects.hostedsuite.reading import Fields, read_callback, read_fields, read_query
from calls.dialects.hostedsuite.search import find, read_search, with_everything_shown
from calls.dialects.hostedsuite.writing import allowance, call_record, center, client, contact, list_of, user_info
from calls.drafts import CallChanges
from calls.errors import CallNotFound
from calls.life import fetched
from calls.models import Call
from tenants.authentication import Principal
from tenants.budget import spend


class HostedSuiteView(DialectView):
    """Any address: credentials are among the fields, the answer may be wrapped for a script."""

    dialect = DIALECT
    http_method_names = ["post"]
    fields: Fields
    callback: str

    def before(self, request: HttpRequest) -> None:
        query = read_query(request)
        self.callback = read_callback(request, query)
        self.fields = read_fields(request, query)

    def authenticate(self, request: HttpRequest) -> Principal:
        principal = sign_in(self.fields, client_address(request))
        if self.callback and request.method == "GET" and not principal.tenant.jsonp:
            text = "A callback is answered to POST; by GET it is switched off for this customer."
            raise Refusal(403, "forbidden", text)
        spent = spend(f"hostedsuite:{principal.tenant.pk}", principal.tenant.calls_per_minute, 60)
        if not spent.is_allowed:
            headers = {"Retry-After": str(spent.reset_s)}
            raise Refusal(429, "too_many_requests", "Too many requests. Wait before the next one.", headers=headers)
        return principal

    def unauthorized(self) -> Refusal:
        return refused()

    def render(self, body: Any) -> HttpResponse:
        """The answer as JSON, or as a script that hands it to the callback."""
        if not self.callback:
            return json_response(body)
        text = json.dumps(body, cls=DjangoJSONEncoder, separators=(",", ":"))  # ASCII: U+2028 ends a line of old scripts
        response = HttpResponse(f"/**/{self.callback}({text});", content_type="text/javascript; charset=utf-8")
        response["X-Content-Type-Options"] = "nosniff"
        return response


class CallListView(HostedSuiteView):
    """``POST /api/calls``: search the log."""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        zone = self.principal.tenant.zone
        found = find(self.principal, read_search(self.fields, zone))
        return self.render(list_of(found, zone))


class CallListReplyView(CallListView):
    """``/api/json/reply/ListCallRecordsRequest``: the same by the framework's own address, for scripts by GET too."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        return self.post(request)


class CallUpdateView(HostedSuiteView):
    """``POST /api/calls/update``: replace a call's notes."""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        if not self.principal.may_write:
            raise Refusal(403, "forbidden", "You may look at calls but not change them.")
        call_id = self.fields.id("Id")
        if not call_id:
            raise bad_field("Id", "Required.", code="argument")
        if "Notes" not in self.fields:
            raise bad_field("Notes", "Required; send empty text to clear them.", code="argument")
        changes = CallChanges(notes=self.fields.raw_text("Notes"))
        calls = Call.objects.within_reach_of(self.principal)
        call = calls.by_public_id(call_id)
        if call is None:
            raise CallNotFound("There is no such call.")
        ledger.amend(call, changes, actor=self.principal.user, source=Source.HOSTEDSUITE)
        amended = fetched(with_everything_shown(calls).filter(pk=call.pk))
        if not amended:
            raise CallNotFound("The call was erased meanwhile.")
        return self.render(call_record(amended[0], self.principal.tenant.zone))


class AuthenticateView(HostedSuiteView):
    """``POST /api/authenticate``: who the credentials are."""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        return self.render(user_info(self.principal))


class ClientListView(HostedSuiteView):
    """``POST /api/clients`` and ``/api/clients/names``: the companies, as a bare array."""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        zone = self.principal.tenant.zone
        return self.render([client(company, zone) for company in clients(self.principal, self.fields)])


class CenterListView(HostedSuiteView):
    """``POST /api/centers``: the centers, as a bare array."""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        zone = self.principal.tenant.zone
        return self.render([center(row, zone) for row in centers(self.principal, self.fields)])


class ContactListView(HostedSuiteView):
    """``POST /api/contacts``: the contacts, as a bare array."""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        zone = self.principal.tenant.zone
        return self.render([contact(row, zone) for row in contacts(self.principal, self.fields)])


class AllowanceView(HostedSuiteView):
    """``POST /api/call-allowance/balance``: what the calls of each client come to, as a bare array."""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        search = read_search(self.fields, self.principal.tenant.zone)
        return self.render([allowance(row) for row in allowances(self.principal, search, self.fields)])


class NotBuiltView(NotBuilt):
    """The callers of a client."""

    dialect = DIALECT


def _routes(path: str, view: Callable[..., HttpResponseBase], name: str) -> list[URLPattern]:
    """The address, and the same with the ``.json`` that asks for the one format there is."""
    return [route(path, view, name), route(rf"{path}\.json", view, f"{name}-json")]


urlpatterns = [
    *_routes(r"api/calls", CallListView.as_view(), "hostedsuite-calls"),
    *_routes(r"api/calls/update", CallUpdateView.as_view(), "hostedsuite-update"),
    *_routes(r"api/json/reply/ListCallRecordsRequest", CallListReplyView.as_view(), "hostedsuite-reply"),
    *_routes(r"api/authenticate", AuthenticateView.as_view(), "hostedsuite-authenticate"),
    *_routes(r"api/clients", ClientListView.as_view(), "hostedsuite-clients"),
    *_routes(r"api/clients/names", ClientListView.as_view(), "hostedsuite-client-names"),
    *_routes(r"api/centers", CenterListView.as_view(), "hostedsuite-centers"),
    *_routes(r"api/contacts", ContactListView.as_view(), "hostedsuite-contacts"),
    *_routes(r"api/call-allowance/balance", AllowanceView.as_view(), "hostedsuite-allowance"),
    route(r"api/clients/(?P<client_id>[^/]+)/caller", NotBuiltView.as_view(), "hostedsuite-caller"),
]
