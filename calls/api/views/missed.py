"""Missed calls that wait to be returned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from calls import missed
from calls.api.filters.missed import MissedFilters
from calls.api.pagination import Sort
from calls.api.problems import Problem, bad_field
from calls.api.serializers.base import Wanted, read, shared
from calls.api.serializers.missed import AssignIn, DoneIn, MissedDocument, SnoozeIn
from calls.api.views.base import Door
from calls.api.views.resource import STAMP_SORTS, Resource
from calls.models import MissedCall
from calls.models.missed import MissedCallQuerySet
from tenants.models import User


class Missed(Resource):
    """The queue of missed calls, and what became of them. It follows the log within seconds."""

    model, document_class, filterset_class = MissedCall, MissedDocument, MissedFilters
    noun = ("missed call", "missed calls")
    sorts = {"last_at": Sort(field="last_at", is_time=True), "first_at": Sort(field="first_at", is_time=True), **STAMP_SORTS}
    default_sort = "-last_at"

    def rows(self) -> MissedCallQuerySet:
        return MissedCall.objects.within_reach_of(self.principal)

    def fetching(self, rows: QuerySet[Any], wanted: Wanted | None) -> QuerySet[Any]:
        rows = super().fetching(rows, wanted)
        if wanted is None or {"contact", "number"} & set(wanted.fields):
            rows = rows.select_related("last_call").defer("last_call__document", "last_call__facts", "last_call__notes")
        return rows.prefetch_related("calls") if wanted and "calls" in wanted.fields else rows


class _Action(Door):
    """Something to decide about a missed call that is open."""

    more_answers = (404, 409)

    def act(self, pk: str, verb: Callable[[MissedCallQuerySet], int]) -> Response:
        """Do it, and tell how the row is now. Raises 404, and 409 for one that is returned or done with already."""
        rows = MissedCall.objects.within_reach_of(self.principal)
        row = rows.by_public_id(pk)
        if row is None:
            raise Problem(404, "not_found", "There is nothing at this address.")
        if not verb(rows.filter(pk=row.pk)):
            raise Problem(409, "conflict", "It is returned or done with already.")
        now = rows.select_related("last_call").get(pk=row.pk)
        return Response(shared(MissedDocument).render(now))


class Assign(_Action):
    """Who is to return it."""

    @extend_schema(
        operation_id="missed_assign",
        summary="Assign",
        request=AssignIn,
        responses={200: MissedDocument},
        examples=[OpenApiExample("Example", value={"to": None}, request_only=True)],
    )
    def post(self, request: Request, pk: str) -> Response:
        """Say who is to return it; null for nobody in particular."""
        to = read(shared(AssignIn), request.data, self.principal.tenant)["to"]
        members = User.objects.filter(memberships__tenant=self.principal.tenant, is_active=True)
        user = members.filter(pk=to).first() if to else None
        if to and user is None:
            raise bad_field("to", "There is no such member.", code="does_not_exist")
        return self.act(pk, lambda rows: missed.assign(rows, user))


class Snooze(_Action):
    """Later."""

    @extend_schema(
        operation_id="missed_snooze",
        summary="Snooze",
        request=SnoozeIn,
        responses={200: MissedDocument},
        examples=[OpenApiExample("Example", value={"until": "2030-01-02T08:00:00+01:00"}, request_only=True)],
    )
    def post(self, request: Request, pk: str) -> Response:
        """Put it off. It waits again from then on, or when they call again before; null brings it back at once."""
        until = read(shared(SnoozeIn), request.data, self.principal.tenant)["until"]
        return self.act(pk, lambda rows: missed.snooze(rows, until))


class Done(_Action):
    """The end of it."""

    @extend_schema(
        operation_id="missed_done",
        summary="Be done with it",
        request=DoneIn,
        responses={200: MissedDocument},
        examples=[OpenApiExample("Example", value={"outcome": "Wrote a mail"}, request_only=True)],
    )
    def post(self, request: Request, pk: str) -> Response:
        """Nobody need return it any more. A later missed call with the number begins a new row."""
        outcome = read(shared(DoneIn), request.data, self.principal.tenant)["outcome"]
        return self.act(pk, lambda rows: missed.finish(rows, outcome, actor=self.principal.user))
