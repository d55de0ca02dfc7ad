"""End users, companies and users: list, find, make, upsert in bulk, change and delete; the token's own profile."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from calls.body import BodyRefused, read_object, read_value
from calls.dialects.base import json_response
from calls.dialects.planhat.bulk import upsert
from calls.dialects.planhat.doors import TokenView
from calls.dialects.planhat.errors import no_such
from calls.dialects.planhat.listing import only_these, page_of, read_page
from calls.dialects.planhat.people import COMPANIES, END_USERS, USERS, Kind, find_among, find_company, only_known
from calls.dialects.planhat.views import DELETED
from contacts.models import Agent
from tenants.choices import Act
from tenants.ids import short_id

BULK_BODY_LIMIT = 8 * 1024 * 1024
_OF_A_COMPANY = {END_USERS.noun: ("c", "companyId")}


class People(TokenView):
    """``/endusers``, ``/companies`` and ``/users``."""

    kind: Kind = END_USERS

    def get(self, request: HttpRequest) -> HttpResponse:
        query = self.query
        only_these(query, [*self.kind.filters, *_OF_A_COMPANY.get(self.kind.noun, ())])
        rows = self.kind.seen_by(self.principal).filter(only_known(self.kind.filters, query))
        if self.kind is END_USERS and (company := query.get("c") or query.get("companyId")):
            found = find_company(self.principal.tenant, company)
            rows = rows.filter(company=found) if found else rows.none()
        page = read_page(query, self.kind.sorts, default="createDate")
        return json_response(page_of(rows, page, self.kind.document))

    def post(self, request: HttpRequest) -> HttpResponse:
        record = self.kind.new(self.principal)
        self.kind.save(record, self.kind.fill(record, read_object(request)))
        return json_response(self.kind.document(record))

    def put(self, request: HttpRequest) -> HttpResponse:
        rows = read_value(request, limit=BULK_BODY_LIMIT)
        if isinstance(rows, dict) and rows:
            rows = [rows]
        if not isinstance(rows, list):
            raise BodyRefused("The body must be a JSON array of objects.")
        outcome = upsert(self.kind, self.principal, rows)
        return json_response(outcome.document(), status=outcome.status)


class OnePerson(TokenView):
    """One of them, by ``_id``, ``extid-…`` or ``srcid-…``."""

    kind: Kind = END_USERS

    def record(self, record_id: str) -> Any:
        """The record of the path; raises 404."""
        record = find_among(self.kind.seen_by(self.principal), record_id)
        if record is None:
            raise no_such(self.kind.noun)
        return record

    def get(self, request: HttpRequest, record_id: str) -> HttpResponse:
        return json_response(self.kind.document(self.record(record_id)))

    def put(self, request: HttpRequest, record_id: str) -> HttpResponse:
        record, body = self.record(record_id), read_object(request)
        with transaction.atomic():
            record = self.kind.locked(record)
            self.kind.require(self.principal, Act.CHANGE, record)
            self.kind.save(record, self.kind.fill(record, body))
        return json_response(self.kind.document(record))

    def delete(self, request: HttpRequest, record_id: str) -> HttpResponse:
        record = self.record(record_id)
        self.kind.require(self.principal, Act.DELETE, record)
        self.kind.remove(record)
        return json_response(DELETED)


class CompanysEndUsers(TokenView):
    """``/companies/<id>/endusers``: those of one company, by any of its ids."""

    def get(self, request: HttpRequest, record_id: str) -> HttpResponse:
        company = find_among(COMPANIES.seen_by(self.principal), record_id)
        if company is None:
            raise no_such(COMPANIES.noun)
        query = self.query
        only_these(query, END_USERS.filters)
        rows = END_USERS.seen_by(self.principal).filter(only_known(END_USERS.filters, query), company=company)
        page = read_page(query, END_USERS.sorts, default="createDate")
        return json_response(page_of(rows, page, END_USERS.document))


class LeanCompanies(TokenView):
    """``/leancompanies``: the ids and names of companies, for clients that look one up by an id of their own."""

    def get(self, request: HttpRequest) -> HttpResponse:
        query = self.query
        only_these(query, COMPANIES.filters)
        rows = COMPANIES.seen_by(self.principal).filter(only_known(COMPANIES.filters, query))
        page = read_page({"limit": "5000", **query}, COMPANIES.sorts, default="createDate")
        lean = ("_id", "name", "externalId", "sourceId")
        return json_response(
            page_of(rows, page, lambda company: {k: v for k, v in COMPANIES.document(company).items() if k in lean})
        )


class MyProfile(TokenView):
    """``/myprofile``: whose token this is."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user = self.principal.user
        agent = Agent.objects.for_tenant(self.principal.tenant).filter(user=user).first()
        names = {"firstName": user.first_name, "lastName": user.last_name, "email": user.email}
        known = USERS.document(agent) if agent else {"_id": short_id(user.pk), "name": str(user)}
        return json_response({**{name: value for name, value in names.items() if value}, **known})
