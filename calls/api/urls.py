"""The addresses below ``/api/v1``, each with and without its trailing slash. What nothing answers at is a problem, too."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, re_path

from calls.api.views.base import NothingHere
from calls.api.views.bulk import BulkCalls
from calls.api.views.calls import CallEvents, CallNotes, Calls
from calls.api.views.changes import Changes, Stream
from calls.api.views.docs import Docs, Schema
from calls.api.views.meta import Index, Me, ProblemMeaning
from calls.api.views.missed import Assign, Done, Missed, Snooze
from calls.api.views.originations import HangUp, Hold, Live, Originations, Transfer
from calls.api.views.recordings import CallRecordings, RecordingAudio, RecordingLinks, Recordings
from calls.api.views.resource import Resource
from calls.api.views.rows import Agents, Centers, Companies, Contacts, Lines, Outcomes, Tags
from calls.api.views.rules import PastCalls, TagRules
from calls.api.views.statistics import Statistics
from calls.api.views.tokens import Tokens
from calls.api.views.tus import UploadTus
from calls.api.views.uploads import UploadAudio, UploadComplete, Uploads
from calls.api.views.usage import UsageOfTenant
from calls.api.views.views import Views
from calls.api.views.webhooks import Deliveries, Pause, Replay, ReplayOne, Resume, Rotate, Samples, SendTest, Webhooks

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
    _route(r"calls/(?P<pk>[^/]+)/notes", CallNotes.as_view({"get": "list", "post": "create"}), "call-notes"),
    _route(r"calls/(?P<pk>[^/]+)/recordings", CallRecordings.as_view({"get": "list", "post": "create"}), "call-recordings"),
    _route("recordings", Recordings.as_view({"get": "list"}), "recordings"),
    _route(r"recordings/(?P<pk>[^/]+)", Recordings.as_view({"get": "retrieve", "delete": "destroy"}), "recordings-one"),
    _route(r"recordings/(?P<pk>[^/]+)/audio", RecordingAudio.as_view(), "recording-audio"),
    _route(r"recordings/(?P<pk>[^/]+)/links", RecordingLinks.as_view(), "recording-links"),
    _route("uploads", Uploads.as_view({"get": "list", "post": "create"}), "uploads"),
    _route(r"uploads/(?P<pk>[^/]+)", Uploads.as_view({"get": "retrieve", "delete": "destroy"}), "uploads-one"),
    _route(r"uploads/(?P<pk>[^/]+)/audio", UploadAudio.as_view(), "upload-audio"),
    _route(r"uploads/(?P<pk>[^/]+)/complete", UploadComplete.as_view(), "upload-complete"),
    _route(r"uploads/(?P<pk>[^/]+)/tus", UploadTus.as_view(), "upload-tus"),
    _route("originations", Originations.as_view({"get": "list", "post": "create"}), "originations"),
    _route(r"originations/(?P<pk>[^/]+)", Originations.as_view({"get": "retrieve", "delete": "destroy"}), "originations-one"),
    _route(r"originations/(?P<pk>[^/]+)/hangup", HangUp.as_view(), "origination-hangup"),
    _route(r"originations/(?P<pk>[^/]+)/hold", Hold.as_view(), "origination-hold"),
    _route(r"originations/(?P<pk>[^/]+)/transfer", Transfer.as_view(), "origination-transfer"),
    _route("live", Live.as_view({"get": "list"}), "live"),
    _route("missed", Missed.as_view({"get": "list"}), "missed"),
    _route(r"missed/(?P<pk>[^/]+)", Missed.as_view({"get": "retrieve"}), "missed-one"),
    _route(r"missed/(?P<pk>[^/]+)/assign", Assign.as_view(), "missed-assign"),
    _route(r"missed/(?P<pk>[^/]+)/snooze", Snooze.as_view(), "missed-snooze"),
    _route(r"missed/(?P<pk>[^/]+)/done", Done.as_view(), "missed-done"),
    _route("changes", Changes.as_view(), "changes"),
    _route("stream", Stream.as_view(), "stream"),
    *_resource("contacts", Contacts),
    *_resource("companies", Companies),
    *_resource("agents", Agents),
    *_resource("centers", Centers),
    *_resource("lines", Lines),
    *_resource("tags", Tags),
    *_resource("tag-rules", TagRules),
    _route(r"tag-rules/(?P<pk>[^/]+)/past", PastCalls.as_view(), "tag-rules-past"),
    *_resource("views", Views),
    *_resource("outcomes", Outcomes),
    *_resource("tokens", Tokens),
    _route("webhooks/samples", Samples.as_view(), "webhook-samples"),
    *_resource("webhooks", Webhooks),
    _route(r"webhooks/(?P<pk>[^/]+)/pause", Pause.as_view(), "webhook-pause"),
    _route(r"webhooks/(?P<pk>[^/]+)/resume", Resume.as_view(), "webhook-resume"),
    _route(r"webhooks/(?P<pk>[^/]+)/rotate", Rotate.as_view(), "webhook-rotate"),
    _route(r"webhooks/(?P<pk>[^/]+)/test", SendTest.as_view(), "webhook-test"),
    _route(r"webhooks/(?P<pk>[^/]+)/replay", Replay.as_view(), "webhook-replay"),
    _route("deliveries", Deliveries.as_view({"get": "list"}), "deliveries"),
    _route(r"deliveries/(?P<pk>[^/]+)", Deliveries.as_view({"get": "retrieve"}), "deliveries-one"),
    _route(r"deliveries/(?P<pk>[^/]+)/replay", ReplayOne.as_view(), "delivery-replay"),
    _route("statistics", Statistics.as_view(), "statistics"),
    _route("usage", UsageOfTenant.as_view(), "usage"),
    _route("me", Me.as_view(), "me"),
    _route(r"problems/(?P<code>[a-z_]+)", ProblemMeaning.as_view(), "problem"),
    _route("schema", Schema.as_view(), "schema"),
    _route("docs", Docs.as_view(), "docs"),
    re_path(r"^/", NothingHere.as_view()),
]
