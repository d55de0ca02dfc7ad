"""Calls: the log itself. Everything that writes goes through the ledger."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from calls import ledger
from calls.api import conditions
from calls.api.filters.calls import CallFilters
from calls.api.moments import LATEST
from calls.api.pagination import PARAMETERS, Keyset, Sort
from calls.api.problems import Problem
from calls.api.serializers.base import Wanted, read, shared
from calls.api.serializers.calls import CallDocument, EventDocument, NoteDocument
from calls.api.serializers.drafts import CallChangesIn, CallIn, CallNoteIn, changes_of, draft_of
from calls.api.views.resource import STAMP_SORTS, Resource
from calls.api.views.views import view_named
from calls.drafts import CallChanges
from calls.models import Call, CallEvent, CallNote, SavedView
from calls.senders import is_out_of_reach
from tenants.idempotency import Answer


def _length(name: str) -> Sort:
    """By a length; calls that have none come as the shortest."""
    return Sort(field=f"{name}_sorted", expression=Coalesce(F(f"{name}_ms"), Value(-1)))


def _look_through(request: Request, view: SavedView) -> None:
    """Add what a view keeps to a request's parameters; later pages name it all, so they go on where the view is changed."""
    query = request.query_params.copy()
    for name, text in {**view.filters, "sort": view.sort}.items():
        if text and name not in query:
            query[name] = text
    request._request.GET = query  # type: ignore[assignment]


def _expected_version(request: Request, call: Call) -> int | None:
    """The version the client knows, which is the call's at this moment; None where any will do. Raises 412."""
    conditions.check_match(request, conditions.etag_of(call))
    return call.version if request.headers.get("If-Match", "*").strip() != "*" else None


class Calls(Resource):
    """Calls of the tenant, newest first."""

    model, document_class, filterset_class = Call, CallDocument, CallFilters
    noun = ("call", "calls")
    sorts = {
        "started_at": Sort(field="started_at", is_time=True),
        "ended_at": Sort(field="ended_sorted", expression=Coalesce(F("ended_at"), Value(LATEST)), is_time=True),
        "duration": _length("duration"),
        "talk": _length("talk"),
        "ring": _length("ring"),
        **STAMP_SORTS,
    }
    default_sort = "-started_at"
    list_parameters = {"view": "The id of a saved view: its filters and order hold where the request names no others."}

    def list(self, request: Request) -> Response:
        """A page of calls."""
        named = request.query_params.get("view")
        if named is not None:
            _look_through(request, view_named(self.principal, named))
        return super().list(request)

    def rows(self) -> QuerySet[Call]:
        return Call.objects.within_reach_of(self.principal)

    def fetching(self, rows: QuerySet[Any], wanted: Wanted | None) -> QuerySet[Any]:
        rows = super().fetching(rows, wanted)
        rows = rows.prefetch_related("tags") if wanted is None or "tags" in wanted.fields else rows
        return rows if wanted is not None and "document" in wanted.fields else rows.defer("document")

    def created(self, request: Request) -> Answer:
        principal = self.principal
        values = read(shared(CallIn), request.data, principal.tenant, principal.center_id)
        recorded = ledger.record(principal.tenant, draft_of(values, principal), actor=principal.user)
        call = recorded.call
        if is_out_of_reach(call, principal):
            raise Problem(409, "conflict", "This external id is in use already.")
        known: dict[str, Any] = {"tags": list(recorded.ruled)} if recorded.created and not values.get("tags") else {}
        return Answer(status=201 if recorded.created else 200, body=shared(CallDocument).render(call, known=known))

    def answer_created(self, request: Request, answer: Answer) -> Response:
        response = super().answer_created(request, answer)
        if answer.status == 200:
            response["Callhub-Repeat"] = "true"
        return response

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change notes, tags, flag, outcome, end, disposition or contact of a call."""
        values = read(shared(CallChangesIn, partial=True), request.data, self.principal.tenant)
        call = self.find(pk, self.rows())
        call = ledger.amend(
            call, changes_of(values, call), actor=self.principal.user, expected_version=_expected_version(request, call)
        )
        return Response(shared(CallDocument).render(call), headers={"ETag": conditions.etag_of(call)})

    def destroy(self, request: Request, pk: str) -> Response:
        """Erase a call with its legs and what its events tell."""
        call = self.find(pk, self.rows())
        ledger.remove(call, actor=self.principal.user, expected_version=_expected_version(request, call))
        return Response(status=204)


class CallEvents(Resource):
    """The events of one call."""

    model, document_class = CallEvent, EventDocument
    noun = ("event of a call", "events of a call")
    sorts = {"happened_at": Sort(field="happened_at", is_time=True)}
    default_sort = "happened_at"

    def allowed_parameters(self) -> Collection[str]:
        return PARAMETERS

    def list(self, request: Request, pk: str = "") -> Response:
        """What happened to the call, in order."""
        call = self.find(pk, Call.objects.within_reach_of(self.principal))
        keyset = Keyset(request, self.sorts, self.default_sort)
        rows = CallEvent.objects.for_tenant(self.principal.tenant).filter(call_id=call.pk)
        return keyset.respond(rows, shared(EventDocument).render)


class CallNotes(Resource):
    """The thread of notes of one call."""

    model, document_class = CallNote, NoteDocument
    noun = ("note of a call", "notes of a call")
    sorts = {"written_at": Sort(field="written_at", is_time=True)}
    default_sort = "written_at"

    def allowed_parameters(self) -> Collection[str]:
        return PARAMETERS if self.action == "list" else ()

    def list(self, request: Request, pk: str = "") -> Response:
        """What people and programs wrote about the call, each with its author; also what another text replaced."""
        call = self.find(pk, Call.objects.within_reach_of(self.principal))
        keyset = Keyset(request, self.sorts, self.default_sort)
        rows = CallNote.objects.for_tenant(self.principal.tenant).filter(call_id=call.pk)
        answer = keyset.respond(rows, shared(NoteDocument).render)
        if not answer.data["results"] and "cursor" not in request.query_params:  # its first entry is no row yet
            answer.data["results"] = [shared(NoteDocument).render(note) for note in ledger.thread_of(call)]
            answer.data |= {"count": len(answer.data["results"])} if "count" in answer.data else {}
        return answer

    @extend_schema(
        operation_id="calls_notes_add",
        summary="Add a note to a call",
        request=CallNoteIn,
        responses={201: NoteDocument},
        examples=[OpenApiExample("Example", value={"text": "Called back; wants the offer by mail."}, request_only=True)],
    )
    def create(self, request: Request, pk: str = "") -> Response:
        """Write something about the call; its `notes` then end with this text."""
        call = self.find(pk, Call.objects.within_reach_of(self.principal))

        @transaction.atomic  # the call stays locked, so that the last note of this person's is the one just added
        def work() -> Answer:
            values = read(shared(CallNoteIn), request.data, self.principal.tenant)
            ledger.amend(call, CallChanges(note=values["text"]), actor=self.principal.user)
            note = CallNote.objects.filter(call=call, author=self.principal.user).order_by("written_at", "id").last()
            return Answer(status=201, body=shared(NoteDocument).render(note))

        answer = conditions.answer_once(request, work)
        return Response(answer.body, status=answer.status, headers={"Idempotency-Replayed": "true"} if answer.is_replay else None)
