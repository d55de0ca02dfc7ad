"""The addresses below ``/api/v1``, each with and without its trailing slash. What nothing answers at is a problem, too."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, re_path

from calls.api.views.base import NothingHere
from calls.api.views.bulk import BulkCalls
from calls.api.views.calls import CallEvents, Calls
from calls.api.views.docs import Docs, Schema
from calls.api.views.meta import Index, Me, ProblemMeaning
from calls.api.views.resource import Resource
from calls.api.views.rows import Agents, Centers, Companies, Contacts, Lines, Tags
from calls.api.views.tokens import Tokens

app_name = "api"


def _route(pattern: str, view: Any, name: str) -> URLPattern:
    return re_path(rf"^/{pattern}/?\Z", view, name=name)


def _resource(name: str, resource: type[Resource]) -> list[URLPattern]:
    """A collection and its rows."""
    one: Any = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
    return [
        _route(name, resource.as_view({"get": "list", "post": "create"}), name),
        _route(rf"{name}/(?P<pk>[^/]+)", resource.as_view(one), f"{name}-one"),
    ]


urlpatterns = [
    re_path(r"^/?\Z", Index.as_view(), name="index"),
    _route("calls/bulk", BulkCalls.as_view(), "calls-bulk"),
    *_resource("calls", Calls),
    _route(r"calls/(?P<pk>[^/]+)/events", CallEvents.as_view({"get": "list"}), "call-events"),
    *_resource("contacts", Contacts),
    *_resource("companies", Companies),
    *_resource("agents", Agents),
    *_resource("centers", Centers),
    *_resource("lines", Lines),
    *_resource("tags", Tags),
    *_resource("tokens", Tokens),
    _route("me", Me.as_view(), "me"),
    _route(r"problems/(?P<code>[a-z_]+)", ProblemMeaning.as_view(), "problem"),
    _route("schema", Schema.as_view(), "schema"),
    _route("docs", Docs.as_view(), "docs"),
    re_path(r"^/", NothingHere.as_view()),
]
