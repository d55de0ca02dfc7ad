"""What resellers do beside uploading: open accounts for clients, and say which numbers are whose.

A tenant becomes a reseller with its first client, which an operator opens; further ones it opens itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string
from django.utils.text import slugify

from calls.dialects.base import json_response
from calls.dialects.calln.accounts import account_named, accounts_within_reach, clients_of
from calls.dialects.calln.doors import CallNView
from calls.dialects.calln.errors import bad_field, forbidden, invalid_row, not_found
from calls.dialects.calln.reading import in_lower_case, read_document, text
from calls.dialects.calln.vocabulary import CLIENT_CREATE, CLIENT_READ, HANDSET_CREATE, HANDSET_READ
from calls.dialects.calln.writing import client, handset
from calls.models import Line
from contacts.phone import read_number
from tenants.choices import Role
from tenants.models import Center, Tenant
from tenants.onboarding import Opened, open_tenant

MOST_ITEMS = 5000
_TENANT_NAMES = {"slug": "domainname", "time_zone": "timezone", "username": "name", "__all__": "name"}
_LINE_NAMES = {"number": "phonenumber", "__all__": "phonenumber"}


class Clients(CallNView):
    """``/api/client``: list a reseller's clients; open an account for a new one, by POST or PUT."""

    def get(self, request: HttpRequest) -> HttpResponse:
        self.signed.require(CLIENT_READ)
        clients = [] if self.principal.center_id else clients_of(self.principal.tenant)[:MOST_ITEMS]
        return json_response([client(account) for account in clients])

    def post(self, request: HttpRequest) -> HttpResponse:
        fields = in_lower_case(read_document(request))
        self.signed.require(CLIENT_CREATE)
        if not self.principal.may_manage or self.principal.center_id:
            raise forbidden("Only the owner of an account may open another")
        if not clients_of(self.principal.tenant).exists():
            raise forbidden("Only resellers may open accounts")
        opened = _opened(fields, self.principal.tenant)
        sign_in = {"username": opened.owner.username, "password": opened.password}
        return json_response({**client(opened.tenant), **sign_in})

    put = post


class OneClient(CallNView):
    """``/api/client/<id>``: one of a reseller's clients."""

    def get(self, request: HttpRequest, client_id: str) -> HttpResponse:
        self.signed.require(CLIENT_READ)
        account = account_named(self.principal, client_id)
        if account is None or account == self.principal.tenant:
            raise not_found("Client not found")
        return json_response(client(account))


class Handsets(CallNView):
    """``/api/handset``: list the lines of an account and of its clients; add one, by POST or PUT."""

    def get(self, request: HttpRequest) -> HttpResponse:
        self.signed.require(HANDSET_READ)
        lines = Line.objects.filter(tenant__in=accounts_within_reach(self.principal)).select_related("center")
        if self.principal.center_id:
            lines = lines.filter(center=self.principal.center_id)
        return json_response([handset(line) for line in lines.order_by("number", "pk")[:MOST_ITEMS]])

    def post(self, request: HttpRequest) -> HttpResponse:
        fields = in_lower_case(read_document(request))
        line = _line(fields, account_named(self.principal, text(fields, "clientid") or text(fields, "domainname")))
        self.signed.require(HANDSET_CREATE)
        if self.principal.center_id or not Role(self.principal.role).includes(Role.MANAGER):
            raise forbidden("Only managers and owners may add handsets")
        try:
            line.full_clean()
        except ValidationError as error:
            raise invalid_row(error, _LINE_NAMES) from error
        line.save(force_insert=True)
        return json_response(handset(line))

    put = post


def _opened(fields: Mapping[str, Any], reseller: Tenant) -> Opened:
    """A new account below the reseller, with what its owner signs in with.

    The domain name always gets a random ending, so that nobody learns which names others have.
    """
    name = text(fields, "name", longest=200)
    if not name:
        raise bad_field("name", "is required.")
    wanted = slugify(text(fields, "domainname", longest=200) or name)[:50] or "client"
    try:
        return open_tenant(
            f"{wanted}-{get_random_string(6, 'abcdefghjkmnpqrstuvwxyz23456789')}",
            name=name,
            country=text(fields, "country").upper() or reseller.country,
            time_zone=text(fields, "timezone") or reseller.time_zone,
            parent=reseller,
        )
    except ValidationError as error:
        raise invalid_row(error, _TENANT_NAMES) from error


def _line(fields: Mapping[str, Any], account: Tenant | None) -> Line:
    """The unsaved line a document tells of."""
    if account is None:
        raise bad_field("clientid", "is neither this account nor a client of it.")
    number = read_number(text(fields, "phonenumber", longest=64), account.place)
    if not number:
        raise bad_field("phonenumber", "must be a phone number or an extension.")
    group = text(fields, "handsetgroup", longest=200)
    center = Center.objects.for_tenant(account).filter(name__iexact=group).order_by("pk").first() if group else None
    if group and center is None:
        raise bad_field("handsetgroup", "There is no such group in this account.")
    return Line(
        tenant=account,
        number=number.raw,
        e164=number.e164,
        match_key=number.key,
        name=text(fields, "name", longest=100),
        center=center,
    )
