"""Calls as Planhat shows them to its own readers: conversations of the reserved type ``call``, to list and to read.

Source: https://docs.planhat.com/#conversations. Writing one is logging a call, which is done at
``/calls``.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from calls.dialects.base import json_response
from calls.dialects.planhat.listing import only_these, page_of, read_page
from calls.dialects.planhat.people import find_company
from calls.dialects.planhat.values import iso
from calls.dialects.planhat.views import CallsView
from calls.life import seconds
from calls.models import Call
from tenants.ids import short_id

TYPE = "call"
_FILTERS = ("type", "companyId", "cId", "c")
_SORTS = {"_id": "id", "createDate": "created_at", "date": "started_at", "updateDate": "updated_at"}
_SNIPPET = 200  # characters


class Conversations(CallsView):
    """``/conversations``: the calls this token may see; of any other type there are none."""

    def get(self, request: HttpRequest) -> HttpResponse:
        query = self.query
        only_these(query, _FILTERS)
        calls = self.calls()
        if query.get("type", TYPE) != TYPE:
            calls = calls.none()
        if company := query.get("companyId") or query.get("cId") or query.get("c"):
            found = find_company(self.principal.tenant, company)
            calls = calls.filter(company=found) if found else calls.none()
        page = read_page(query, _SORTS, default="-date")
        return json_response(page_of(calls, page, conversation))


class OneConversation(CallsView):
    """``/conversations/<id>``: one of them; its id is the call's."""

    def get(self, request: HttpRequest, call_id: str) -> HttpResponse:
        return json_response(conversation(self.call(call_id)))


def conversation(call: Call) -> dict[str, Any]:
    """A call as a conversation; ``duration`` is in seconds, of talk."""
    other = call.contact.name if call.contact else call.remote_name or call.remote_raw
    document: dict[str, Any] = {
        "_id": short_id(call.pk),
        "type": TYPE,
        "subject": other,
        "description": call.notes,
        "snippet": call.notes[:_SNIPPET],
        "date": iso(call.started_at),
        "outDate": iso(call.ended_at),
        "duration": seconds(call.talk_ms),
        "users": _users(call),
        "endusers": _end_users(call),
        "externalId": call.external_id,
        "createDate": iso(call.created_at),
        "updateDate": iso(call.updated_at),
    }
    if call.company is not None:
        document |= {"companyId": short_id(call.company.pk), "companyName": call.company.name}
    return {name: value for name, value in document.items() if value not in (None, "")}


def _users(call: Call) -> list[dict[str, Any]]:
    if call.agent is None:
        return []
    return [{"id": short_id(call.agent.pk), "name": call.agent.name, "isOwner": True}]


def _end_users(call: Call) -> list[dict[str, Any]]:
    if call.contact is None:
        return []
    return [{"id": short_id(call.contact.pk), "name": call.contact.name}]
