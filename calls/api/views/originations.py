"""Click-to-call: have calls made, watch them, hang up, hold and transfer them; and all calls that go on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from calls import dialer
from calls.api.authentication import WRITERS
from calls.api.filters.originations import LiveFilters, OriginationFilters
from calls.api.pagination import Sort
from calls.api.problems import Problem, bad_field
from calls.api.serializers.base import Wanted, read, shared
from calls.api.serializers.originations import LiveCallDocument, OriginationDocument, OriginationIn, TransferIn, order_of
from calls.api.views.base import Door
from calls.api.views.resource import STAMP_SORTS, Resource
from calls.models import Call, Line, Origination
from calls.models.origination import OriginationQuerySet
from tenants.authentication import Principal
from tenants.idempotency import Answer

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EXAMPLE = OpenApiExample(
    "Example",
    value={"line": "210", "destination": "+46 70-123 45 67", "record": True},
    request_only=True,
)


class Originations(Resource):
    """Requests to call."""

    model, document_class, filterset_class = Origination, OriginationDocument, OriginationFilters
    noun = ("request to call", "requests to call")
    sorts = STAMP_SORTS
    default_sort = "-created_at"
    erase_roles = WRITERS

    def rows(self) -> OriginationQuerySet:
        return Origination.objects.within_reach_of(self.principal)

    def fetching(self, rows: QuerySet[Any], wanted: Wanted | None) -> QuerySet[Any]:
        rows = super().fetching(rows, wanted).select_related("call").defer("document", "order", "known", "call__document")
        return rows.prefetch_related("call__legs") if wanted is None or "legs" in wanted.fields else rows

    def list(self, request: Request) -> Response:
        """A page of requests to call, the newest first."""
        dialer.refresh_all(self.rows().live().only("id", "state", "backend"))
        return super().list(request)

    def retrieve(self, request: Request, pk: str) -> Response:
        """How far it has come, with each leg."""
        dialer.refresh_all([self.find(pk, self.rows().only("id", "state", "backend"))])
        return super().retrieve(request, pk)

    @extend_schema(summary="Have a call made", request=OriginationIn, responses={202: OriginationDocument}, examples=[_EXAMPLE])
    def create(self, request: Request) -> Response:
        """Ring the sources, connect the first that picks up with the destination.

        The answer comes before anything rings; read it again at its `Location` to see how it goes. With an `Idempotency-Key` a
        repeat makes no second call. Nothing is dialled more than once, whatever fails.
        """
        return super().create(request)

    def created(self, request: Request) -> Answer:
        principal = self.principal
        values = read(shared(OriginationIn), request.data, principal.tenant)
        row = dialer.place(principal.tenant, order_of(values, _line(principal, values["line"])), actor=principal.user)
        return Answer(status=202, body=render(self, row.pk))

    @extend_schema(summary="Hang up", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """End the call, whatever its state. One that was not dialled yet never is; as often as one likes."""
        dialer.hang_up(self.find(pk, self.rows()))
        return Response(status=204)


class OriginationAction(Door):
    """One thing to do with a call on its way."""

    more_answers = (404, 409, 503)

    def act(self, pk: str, verb: Callable[[Origination], Origination]) -> Response:
        """Do it, and tell how the call is now."""
        rows = Origination.objects.within_reach_of(self.principal).select_related("tenant")
        row = rows.by_public_id(pk)
        if row is None:
            raise Problem(404, "not_found", "There is nothing at this address.")
        verb(row)
        return Response(render(self, row.pk))


class HangUp(OriginationAction):
    """The end of a call."""

    @extend_schema(operation_id="originations_hangup", summary="Hang up", request=None, responses={200: OriginationDocument})
    def post(self, request: Request, pk: str) -> Response:
        """End the call, whatever its state; the same as DELETE, with the document as the answer."""
        return self.act(pk, dialer.hang_up)


class Hold(OriginationAction):
    """A call on hold."""

    @extend_schema(operation_id="originations_hold", summary="Hold", request=None, responses={200: OriginationDocument})
    def post(self, request: Request, pk: str) -> Response:
        """Let the other party wait, with music."""
        return self.act(pk, dialer.hold)

    @extend_schema(operation_id="originations_unhold", summary="Take back", request=None, responses={200: OriginationDocument})
    def delete(self, request: Request, pk: str) -> Response:
        """Bring both parties together again."""
        return self.act(pk, dialer.unhold)


class Transfer(OriginationAction):
    """A call that goes elsewhere."""

    @extend_schema(
        operation_id="originations_transfer",
        summary="Transfer",
        request=TransferIn,
        responses={200: OriginationDocument},
        examples=[OpenApiExample("Example", value={"to": "212"}, request_only=True)],
    )
    def post(self, request: Request, pk: str) -> Response:
        """Connect one party with another telephone; ours leaves, unless told otherwise."""
        values = read(shared(TransferIn), request.data, self.principal.tenant)
        return self.act(pk, lambda row: dialer.transfer(row, values["to"], leaves=values["leaves"]))


class Live(Resource):
    """Calls that go on, whoever makes them."""

    model, document_class, filterset_class = Call, LiveCallDocument, LiveFilters
    noun = ("call that goes on", "calls that go on")
    sorts = {"started_at": Sort(field="started_at", is_time=True)}
    default_sort = "-started_at"

    def rows(self) -> QuerySet[Call]:
        return Call.objects.within_reach_of(self.principal).going_on()

    def fetching(self, rows: QuerySet[Any], wanted: Wanted | None) -> QuerySet[Any]:
        rows = super().fetching(rows, wanted).select_related("origination")
        return rows.defer("document", "origination__document", "origination__order", "origination__known")

    def list(self, request: Request) -> Response:
        """Calls that ring or talk now, with timers; of calls that only a log tells us of, those of the last day."""
        dialer.refresh_all(Origination.objects.within_reach_of(self.principal).live().only("id", "state", "backend"))
        return super().list(request)


def render(door: Door, pk: Any) -> dict[str, Any]:
    """The document of one request to call, as it is now."""
    rows = Origination.objects.within_reach_of(door.principal).select_related("call").prefetch_related("call__legs")
    document: dict[str, Any] = shared(OriginationDocument).render(rows.get(pk=pk))
    return document


def _line(principal: Principal, text: str) -> Line:
    is_id = _UUID.fullmatch(text)
    line = (
        Line.objects.for_tenant(principal.tenant).filter(pk=text).first() if is_id else dialer.find_line(principal.tenant, text)
    )
    if line is None:
        raise bad_field("line", "There is no such line.", code="does_not_exist")
    if principal.center_id and line.center_id != principal.center_id:
        raise Problem(403, "forbidden", "This line belongs to another center.")
    return line
