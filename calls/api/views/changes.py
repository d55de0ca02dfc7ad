"""The change feed: what was created, updated and deleted since a token, at once or when it comes; and the same as a stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from calls import feed
from calls.api.filters.changes import OF_EVENTS, ChangeFilters
from calls.api.live import LOOK_S, LiveStream, is_gone, release_connection
from calls.api.pagination import SIZES, read_size
from calls.api.parsers import StreamNegotiation
from calls.api.problems import Problem, bad_parameter
from calls.api.schema import parameter_of
from calls.api.serializers.audio import RecordingDocument
from calls.api.serializers.base import Document, shared
from calls.api.serializers.base import Wanted as WantedFields
from calls.api.serializers.calls import CallDocument
from calls.api.serializers.changes import ChangeDocument, ChangesDocument
from calls.api.serializers.people import AgentDocument, CompanyDocument, ContactDocument
from calls.api.views.base import Door
from calls.api.views.recordings import within_reach
from calls.models import Call
from contacts.models import Agent, Company, Contact
from tenants.authentication import Principal

LIMIT, LARGEST_LIMIT, LONGEST_WAIT_S = 100, 500, 30
AGAIN_S = "5"  # when to ask again where there is no room to wait

_FILTERS = [parameter_of(name, offered) for name, offered in ChangeFilters.base_filters.items()]
_EXPAND = OpenApiParameter("expand", {"type": "string", "enum": ["row"]}, description="`row`: each object as it is now.")


class Following(Door):
    """What both ways of following have in common: from where, and which changes."""

    def allowed_parameters(self) -> Collection[str]:
        return ("since", "expand", *ChangeFilters.base_filters, *self.parameters)

    def wanted(self) -> feed.Wanted:
        """Which changes are asked for, within the principal's reach."""
        principal = self.principal
        filters = ChangeFilters.checked(self.request, Call.objects.within_reach_of(principal))
        chosen = {name: frozenset(words) for name in OF_EVENTS if (words := filters.form.cleaned_data.get(name))}
        names = {"object": "objects", "change": "changes"}
        narrowing = ChangeFilters.base_filters.keys() - set(OF_EVENTS)
        return feed.Wanted(
            tenant=principal.tenant,
            center_id=principal.center_id,
            calls=filters.qs if narrowing & self.request.query_params.keys() else None,
            **{names[name]: words for name, words in chosen.items()},
        )

    def since(self, default: str) -> feed.FeedPosition:
        """From where. Raises 400 for a token that was not given out here."""
        text = self.request.query_params.get("since", default)
        if text == "":
            return feed.BEGINNING
        if text == "now":
            return feed.newest(self.principal.tenant)
        return self.position_of(text)

    def position_of(self, token: str) -> feed.FeedPosition:
        """The position of a token; raises 400."""
        try:
            return feed.FeedPosition.of_token(token)
        except feed.UnreadableToken as error:
            raise bad_token() from error

    def reader(self, limit: int) -> Callable[[feed.FeedPosition], feed.Page]:
        """What gives the page after a position; raises 400 for a position beyond everything."""
        wanted = self.wanted()

        def read(since: feed.FeedPosition) -> feed.Page:
            try:
                return feed.read(wanted, since, limit)
            except feed.NotGivenOut as error:
                raise bad_token() from error

        return read

    def documents(self, entries: Iterable[feed.Entry]) -> list[dict[str, Any]]:
        """The documents of changes, with the objects themselves where those are asked for."""
        entries, document = list(entries), shared(ChangeDocument)
        expand = self.request.query_params.get("expand")
        fields = WantedFields(document, None, expand) if expand is not None else None
        if fields is None or "row" not in fields.expand:
            return [document.render(entry) for entry in entries]
        rows = rows_of(entries, self.principal)
        return [document.render(entry, fields, known={"row": rows.get((entry.object, str(entry.id)))}) for entry in entries]


class Changes(Following):
    """What was created, updated and deleted, in order."""

    parameters = (*SIZES, "wait")

    @extend_schema(
        operation_id="changes_list",
        summary="Follow the log",
        parameters=[
            OpenApiParameter(
                "since",
                str,
                description="`next` of the answer before; left out: from the beginning; `now`: what comes from now on.",
            ),
            OpenApiParameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": LIMIT},
                description="At most so many.",
            ),
            OpenApiParameter(
                "page_size",
                {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT},
                description="The same as `limit`.",
            ),
            OpenApiParameter(
                "wait",
                {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT_S, "default": 0},
                description="Where there is nothing new, wait up to so many seconds for something.",
            ),
            _EXPAND,
            *_FILTERS,
        ],
        responses={200: ChangesDocument},
    )
    def get(self, request: Request) -> Response:
        """Created, updated and deleted calls, recordings, contacts, companies and agents, none missed and none twice.

        Keep `next` and send it as `since`: it is good as long as the data lives. With a filter of calls only changes of calls
        that fit it now are told, and every deletion of a call. Where too many wait already, the answer comes at once, with
        `Retry-After`.
        """
        limit = read_size(request, LIMIT, LARGEST_LIMIT)
        wait = min(self.number("wait", 0, range(LONGEST_WAIT_S + 1)), settings.CALLHUB_LONGEST_WAIT)
        read = self.reader(limit)
        page = read(self.since(""))
        if page.entries or not wait:
            return self.answer(page)
        leave = feed.take_place(self.principal.tenant.pk, self.principal.token_id or self.principal.user.pk)
        if leave is None:
            response = self.answer(page)
            response["Retry-After"] = AGAIN_S
            return response
        try:
            return self.answer(self.awaited(read, page, time.monotonic() + wait))
        finally:
            leave()

    def awaited(self, read: Callable[[feed.FeedPosition], feed.Page], page: feed.Page, deadline: float) -> feed.Page:
        """The page there is when something comes, or the deadline; no connection is held meanwhile."""
        with feed.watch(self.principal.tenant.pk) as watch:
            while True:
                watch.mark()
                page = read(page.next)
                release_connection()
                while not page.entries:
                    left = deadline - time.monotonic()
                    if left <= 0 or not feed.is_serving() or is_gone(self.request):
                        return page
                    if watch.wait(min(left, LOOK_S)):
                        break
                if page.entries:
                    return page

    def answer(self, page: feed.Page) -> Response:
        """The answer with a page."""
        return Response({"results": self.documents(page.entries), "next": page.next.token, "has_more": page.has_more})

    def number(self, name: str, default: int, allowed: range) -> int:
        """A whole number of the address; raises 400."""
        text = self.request.query_params.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) <= 4 and int(text) in allowed):
            raise bad_parameter(name, f"A whole number from {allowed[0]} to {allowed[-1]}.")
        return int(text)


class Stream(Following):
    """The same as it happens."""

    content_negotiation_class = StreamNegotiation

    @extend_schema(
        operation_id="stream",
        summary="Follow the log live",
        parameters=[
            OpenApiParameter("since", str, description="A token of changes or of an event; left out, or `now`: from now on."),
            OpenApiParameter("Last-Event-ID", str, "header", description="Where a client that comes back stood; before `since`."),
            _EXPAND,
            *_FILTERS,
        ],
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Server-sent events named `change`, each with the document of one change and its token as id.

        A stream ends by itself after some minutes, and when its credentials do; clients come back where they stood with
        `Last-Event-ID`, as browsers do by themselves. Beyond the streams a server has room for the answer is 503 with
        `Retry-After`: follow `/api/v1/changes` with `wait` instead.
        """
        read, last = self.reader(LIMIT), request.headers.get("Last-Event-ID", "").strip()
        position = self.position_of(last) if last else self.since("now")
        self.documents(())  # refuses what cannot be expanded
        read(position)  # refuses what was not given out here
        if request.method == "HEAD":
            return self.streaming(())
        leave = feed.take_place(self.principal.tenant.pk, self.principal.token_id or self.principal.user.pk)
        if leave is None:
            detail = "Follow /api/v1/changes with `wait` instead, or try again in a moment."
            raise Problem(503, "too_many_streams", detail, headers={"Retry-After": AGAIN_S})
        return self.streaming(LiveStream(self, request, read, position, leave))

    def streaming(self, parts: Iterable[str]) -> StreamingHttpResponse:
        """The answer that goes on, past proxies that would rather collect it."""
        return StreamingHttpResponse(parts, content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def bad_token() -> Problem:
    """400 for a token."""
    return bad_parameter("since", "This token was not given out here. Begin again without it, or with “now”.")


def rows_of(entries: Iterable[feed.Entry], principal: Principal) -> dict[tuple[str, str], dict[str, Any]]:
    """The documents of the objects that are still there and within reach, with one or two queries for each kind."""
    tenant, wanted = principal.tenant, dict[str, set[Any]]()
    for entry in entries:
        wanted.setdefault(entry.object, set()).add(entry.id)
    calls = Call.objects.within_reach_of(principal).prefetch_related("tags").defer("document")
    kinds: dict[str, tuple[Any, type[Document]]] = {
        "call": (calls, CallDocument),
        "recording": (within_reach(principal).select_related("fetch").defer("peaks"), RecordingDocument),
        "contact": (Contact.objects.for_tenant(tenant).prefetch_related("numbers"), ContactDocument),
        "company": (Company.objects.for_tenant(tenant), CompanyDocument),
        "agent": (Agent.objects.for_tenant(tenant).prefetch_related("extensions"), AgentDocument),
    }
    found = {}
    for name, keys in wanted.items():
        rows, document = kinds[name]
        for row in rows.filter(pk__in=[UUID(str(key)) for key in keys if key]):
            found[name, str(row.pk)] = shared(document).render(row)
    return found
