"""Recordings: what is kept of a call's sound, and the sound itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import Http404
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from calls import ledger
from calls.api import conditions
from calls.api.authentication import SessionAuthentication, TokenAuthentication
from calls.api.filters.audio import RecordingFilters
from calls.api.moments import rfc3339
from calls.api.pagination import PARAMETERS, Keyset, Sort
from calls.api.parsers import AnyNegotiation
from calls.api.problems import Problem
from calls.api.serializers.audio import LinkDocument, LinkIn, RecordingDocument, SignIn
from calls.api.serializers.base import Wanted, read, shared
from calls.api.views.base import Door
from calls.api.views.resource import STAMP_SORTS, Resource
from calls.choices import EventKind
from calls.models import Call, Recording
from calls.models.recording import RecordingQuerySet
from calls.recordings import links, serving
from tenants.authentication import CredentialsRefused, Principal, of_user
from tenants.idempotency import Answer
from tenants.models import User

PURPOSES = {
    links.PLAY: (serving.INLINE, EventKind.RECORDING_PLAYED),
    links.DOWNLOAD: (serving.ATTACHMENT, EventKind.RECORDING_DOWNLOADED),
}


class Recordings(Resource):
    """Recordings of calls: audio that is kept here, announced or refused, and links to elsewhere."""

    model, document_class, filterset_class = Recording, RecordingDocument, RecordingFilters
    noun = ("recording", "recordings")
    sorts: ClassVar = {"duration": Sort(field="duration_sorted", expression=Coalesce(F("duration_ms"), Value(-1))), **STAMP_SORTS}
    default_sort = "-created_at"

    def rows(self) -> RecordingQuerySet:
        return within_reach(self.principal).select_related("fetch")

    def fetching(self, rows: QuerySet[Any], wanted: Wanted | None) -> QuerySet[Any]:
        return rows if wanted is not None and "peaks" in wanted.fields else rows.defer("peaks")

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove the audio and keep the call. A legal hold forbids it."""
        recording = self.find(pk, within_reach(self.principal).select_related("call").defer("peaks"))
        conditions.check_match(request, conditions.etag_of(recording))
        ledger.remove_audio(recording, actor=self.principal.user)
        return Response(status=204)


class CallRecordings(Resource):
    """The recordings of one call."""

    model, document_class = Recording, RecordingDocument
    noun = ("recording of a call", "recordings of a call")
    sorts: ClassVar = STAMP_SORTS
    default_sort = "-created_at"

    def allowed_parameters(self) -> Collection[str]:
        return (*PARAMETERS, "fields", "expand") if self.action == "list" else ()

    def list(self, request: Request, pk: str) -> Response:  # type: ignore[override]  # the calls' address names one
        """What there is to hear of the call, replaced files as well."""
        call = self.find(pk, Call.objects.within_reach_of(self.principal))
        keyset, wanted = Keyset(request, self.sorts, self.default_sort), self.wanted()
        rows = Recording.objects.for_tenant(self.principal.tenant).filter(call=call).select_related("fetch")
        rows = rows if "peaks" in wanted.fields else rows.defer("peaks")
        return keyset.respond(rows, lambda row: shared(RecordingDocument).render(row, wanted))

    @extend_schema(
        operation_id="calls_recordings_link",
        summary="Link a recording kept elsewhere",
        request=LinkIn,
        responses={201: RecordingDocument},
        examples=[OpenApiExample("Example", value={"url": "https://pbx.example.com/audio/42.wav"}, request_only=True)],
    )
    def create(self, request: Request, pk: str) -> Response:  # type: ignore[override]  # as above
        """Note where a call's audio is kept. Audio to be kept here is sent by an upload."""
        call = self.find(pk, Call.objects.within_reach_of(self.principal))

        def work() -> Answer:
            values = read(shared(LinkIn), request.data, self.principal.tenant)
            recording = ledger.link_audio(call, values["url"], actor=self.principal.user, fetches=values.get("fetch"))
            return Answer(status=201, body=shared(RecordingDocument).render(recording))

        answer = conditions.answer_once(request, work)
        headers = {"Location": request.build_absolute_uri(f"{_root()}/{answer.body['id']}")}
        if answer.is_replay:
            headers["Idempotency-Replayed"] = "true"
        return Response(answer.body, status=answer.status, headers=headers)


class BySignature(BaseAuthentication):
    """A signed link stands for the person it was made for, who must still be allowed to listen."""

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        token = request.query_params.get("signature")
        if token is None:
            return None
        recording = self._recording(request)
        purpose = links.DOWNLOAD if _wants_download(request) else links.PLAY
        try:
            if recording is None:
                raise links.LinkRefused
            user = User.objects.filter(pk=links.verify(token, recording, purpose), is_active=True).first()
            if user is None:
                raise links.LinkRefused
            return user, of_user(user, recording.tenant)
        except (links.LinkRefused, CredentialsRefused) as error:
            raise Problem(403, "link_refused", "The link has expired or was not made for this recording.") from error

    def _recording(self, request: Request) -> Recording | None:
        key = (request.parser_context or {})["kwargs"]["pk"]
        try:
            return Recording.objects.select_related("tenant").defer("peaks").filter(pk=UUID(key)).first()
        except ValueError:
            return None


class RecordingAudio(Door):
    """The sound of a recording."""

    authentication_classes = (BySignature, TokenAuthentication, SessionAuthentication)
    content_negotiation_class = AnyNegotiation
    parameters = ("download", "signature")
    more_answers = (416,)

    @extend_schema(
        operation_id="recordings_audio",
        summary="Listen to a recording",
        responses={
            (status, kind): {"type": "string", "format": "binary"}
            for status in (200, 206)
            for kind in ("audio/wav", "audio/mpeg")
        },
        parameters=[
            OpenApiParameter("download", bool, description="As a file to keep, not to play."),
            OpenApiParameter("signature", str, description="In place of other credentials; see the links of a recording."),
            OpenApiParameter("Range", str, "header", description="One range of bytes (RFC 9110 §14)."),
        ],
    )
    def get(self, request: Request, pk: str) -> HttpResponseBase:
        """The audio itself, whole or a range of it. Every play and download is noted with the call."""
        purpose = links.DOWNLOAD if _wants_download(request) else links.PLAY
        recording = find_recording(self.principal, pk)
        disposition, kind = PURPOSES[purpose]
        response = serving.serve(request._request, recording, disposition)
        if request.method == "GET" and response.status_code in (200, 206, 302):
            ledger.note_heard(recording, actor=self.principal.user, kind=kind, is_part="Range" in request.headers)
        return response

    head = get


class RecordingLinks(Door):
    """Links to the sound of a recording."""

    only_reads = True

    @extend_schema(
        operation_id="recordings_links",
        summary="Make a link that plays",
        request=SignIn,
        responses={201: LinkDocument},
        examples=[OpenApiExample("Example", value={"purpose": "play"}, request_only=True)],
    )
    def post(self, request: Request, pk: str) -> Response:
        """A link that needs no credentials of its own, for one player or browser, and ends after minutes."""
        values = read(shared(SignIn), request.data or {}, self.principal.tenant)
        recording = find_recording(self.principal, pk)
        purpose = values.get("purpose", links.PLAY)
        address = links.address(recording, self.principal.user, purpose)
        expires_at = timezone.now() + timedelta(seconds=settings.CALLHUB_LINK_SECONDS)
        return Response({"url": request.build_absolute_uri(address), "expires_at": rfc3339(expires_at)}, status=201)


def within_reach(principal: Principal) -> RecordingQuerySet:
    """The recordings of the calls that this principal may see."""
    recordings = Recording.objects.for_tenant(principal.tenant)
    return recordings.filter(call__center=principal.center_id) if principal.center_id else recordings


def find_recording(principal: Principal, pk: str) -> Recording:
    """A recording within reach whose audio is kept here."""
    recording = within_reach(principal).select_related("call", "tenant").defer("peaks").by_public_id(pk)
    if recording is None:
        raise Http404
    if not recording.is_playable:
        raise Problem(404, "no_audio", "This recording keeps no audio here.")
    return recording


def _root() -> str:
    return reverse("api:recordings").rstrip("/")


def _wants_download(request: Request) -> bool:
    text = request.query_params.get("download", "false").lower()
    if text not in ("true", "false"):
        raise Problem(400, "invalid_parameter", "Write true or false for “download”.")
    return text == "true"
