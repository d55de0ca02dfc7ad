"""The calls: list, log, show, change and delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest, HttpResponse

from calls import ledger
from calls.body import read_object
from calls.choices import Source
from calls.dialects.base import json_response
from calls.dialects.planhat.doors import OpenView, TokenView
from calls.dialects.planhat.errors import no_such
from calls.dialects.planhat.listing import only_these, page_of, read_page
from calls.dialects.planhat.people import find_company
from calls.dialects.planhat.reading import changes_of, draft_of, without_play_link
from calls.dialects.planhat.vocabulary import CALL_SORTS
from calls.dialects.planhat.writing import document_of, receipt_of
from calls.models import Call, Recording
from calls.models.call import CallQuerySet
from calls.recordings import links
from calls.senders import from_sender, refuse_hidden

OPEN_BODY_LIMIT = 16 * 1024
DELETED = {"n": 1, "ok": 1, "deletedCount": 1}
_STORED = Recording.objects.current().playable().for_lists().order_by("created_at")
_AUDIO = Prefetch("recordings", _STORED, to_attr="audio")


class OpenCalls(OpenView):
    """``/<tenant>/calls``: log a call without credentials; it is marked as unverified."""

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        body = without_play_link(read_object(request, limit=OPEN_BODY_LIMIT), self.tenant)
        draft = draft_of(body, user=None)
        return json_response(receipt_of(ledger.record(self.tenant, draft).call))


class CallsView(TokenView):
    """What the addresses of calls share."""

    def calls(self) -> CallQuerySet:
        """The calls this token may see, with whom they were matched with."""
        return Call.objects.within_reach_of(self.principal).select_related("contact", "company", "agent")

    def call(self, call_id: str) -> Call:
        """The call of the path; raises 404."""
        call: Call | None = self.calls().by_public_id(call_id)
        if call is None:
            raise no_such("call")
        return call

    def body(self) -> Mapping[str, Any]:
        """The document that was sent."""
        return without_play_link(read_object(self.request), self.principal.tenant)

    def document(self, call: Call) -> dict[str, Any]:
        """The call as the token's person sees it."""
        return document_of(call, play_link=self._play_link(call))

    def _play_link(self, call: Call) -> str:
        """A signed link to its audio, for the token's person; empty where none is stored here."""
        if not call.has_audio:
            return ""
        prefetch_related_objects([call], _AUDIO)  # lists have done it for all of their calls
        audio: list[Recording] = call.audio  # type: ignore[attr-defined]  # of the prefetch
        if not audio:
            return ""
        return self.request.build_absolute_uri(links.address(audio[0], self.principal.user))


class Calls(CallsView):
    """``/calls``: list and log."""

    def get(self, request: HttpRequest) -> HttpResponse:
        query = self.query
        only_these(query, ("companyId", "c"))
        calls = self.calls()
        if company := query.get("companyId") or query.get("c"):
            found = find_company(self.principal.tenant, company)
            calls = calls.filter(company=found) if found else calls.none()
        page = read_page(query, CALL_SORTS, default="-start")
        return json_response(page_of(calls.prefetch_related(_AUDIO), page, self.document))

    def post(self, request: HttpRequest) -> HttpResponse:
        draft = from_sender(draft_of(self.body(), user=self.principal.user), self.principal)
        call = ledger.record(self.principal.tenant, draft, actor=self.principal.user).call
        return json_response(self.document(refuse_hidden(call, self.principal)))


class OneCall(CallsView):
    """``/calls/<id>``: show, change and delete."""

    def get(self, request: HttpRequest, call_id: str) -> HttpResponse:
        return json_response(self.document(self.call(call_id)))

    def put(self, request: HttpRequest, call_id: str) -> HttpResponse:
        call = self.call(call_id)
        changes = changes_of(self.body(), call)
        amended = ledger.amend(call, changes, actor=self.principal.user, source=Source.PLANHAT)
        return json_response(self.document(amended))

    def delete(self, request: HttpRequest, call_id: str) -> HttpResponse:
        self.require_eraser()
        ledger.remove(self.call(call_id), actor=self.principal.user)
        return json_response(DELETED)
