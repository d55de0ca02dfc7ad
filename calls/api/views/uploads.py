"""Uploads: announce a call with its audio, then send the audio in one of several ways."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from calls import uploads
from calls.api.authentication import WRITERS
from calls.api.filters.audio import UploadFilters
from calls.api.problems import Problem, bad_field
from calls.api.serializers.audio import AttachIn, AudioIn, UploadDocument, UploadIn
from calls.api.serializers.base import Wanted, read, shared
from calls.api.serializers.drafts import draft_of
from calls.api.views.base import Door
from calls.api.views.resource import STAMP_SORTS, Resource
from calls.choices import Source, UploadMode
from calls.models import Call, Upload
from calls.recordings.storage.keeping import Readable
from calls.uploads import direct
from tenants.authentication import Principal
from tenants.idempotency import Answer

_DIGEST = re.compile(r"\s*([a-z0-9-]+)=:([A-Za-z0-9+/=]*):\s*(?:;[^,]*)?(?:,|\Z)")  # RFC 9530 and RFC 8941 §3.2
_DIGEST_NAMES = {"sha-256": "sha256", "md5": "md5", "sha": "sha1"}


class Uploads(Resource):
    """Announced audio: a ticket says where to send it. The call enters the log when its audio is whole."""

    model, document_class, filterset_class = Upload, UploadDocument, UploadFilters
    noun = ("upload", "uploads")
    sorts: ClassVar = STAMP_SORTS
    default_sort = "-created_at"
    erase_roles = WRITERS
    more_answers = (507,)

    def rows(self) -> QuerySet[Upload]:
        principal = self.principal
        tickets = Upload.objects.known().filter(opened_in=principal.tenant, door=Source.API)
        return tickets.filter(opened_by=principal.user) if principal.center_id else tickets

    def fetching(self, rows: QuerySet[Any], wanted: Wanted | None) -> QuerySet[Any]:
        return rows.select_related("recording").defer("recording__peaks", "draft").prefetch_related("chunks")

    @extend_schema(
        operation_id="uploads_create",
        summary="Announce audio",
        request=PolymorphicProxySerializer("NewUpload", [UploadIn, AttachIn], None),
    )
    def create(self, request: Request) -> Response:
        """Announce a call, or audio for a call that is there. The answer is the ticket, with the ways to send.

        A call takes the same fields as `POST /api/v1/calls`; what is not told of its length follows from the audio. Nothing is in
        the log before the audio is whole.
        """
        return super().create(request)

    def retrieve(self, request: Request, pk: str) -> Response:
        """How far it has come. A ticket that has expired or was cancelled is not there any more."""
        wanted = self.wanted()
        ticket = with_ways(find(self.principal, pk), request)
        return Response(shared(UploadDocument).render(ticket, wanted))

    def destroy(self, request: Request, pk: str) -> Response:
        """Cancel it, and give its place in the quota back."""
        uploads.cancel(find(self.principal, pk))
        return Response(status=204)

    def created(self, request: Request) -> Answer:
        ticket = with_ways(self._opened(request), request)
        return Answer(status=201, body=shared(UploadDocument).render(ticket))

    def _opened(self, request: Request) -> Upload:
        principal = self.principal
        body = request.data
        if not (isinstance(body, dict) and ("call" in body or "mode" in body)):
            values = read(shared(UploadIn), body, principal.tenant, principal.center_id)
            told = AudioIn.told(values.get("audio", {}))
            return uploads.open_ticket(principal.tenant, principal, Source.API, draft=draft_of(values, principal), told=told)
        values = read(shared(AttachIn), body, principal.tenant)
        call = Call.objects.within_reach_of(principal).filter(pk=values["call"]).first()
        if call is None:
            raise bad_field("call", "There is no such row.", code="does_not_exist")
        mode = UploadMode(values.get("mode", UploadMode.ATTACH))
        told = AudioIn.told(values.get("audio", {}))
        return uploads.open_ticket(principal.tenant, principal, Source.API, call=call, mode=mode, told=told)


class UploadAudio(Door):
    """The whole audio of an upload in one request."""

    streams_body = True
    more_answers = (404, 411, 507)

    @extend_schema(
        operation_id="uploads_audio",
        summary="Send audio in one piece",
        request={"application/octet-stream": {"type": "string", "format": "binary"}},
        responses={200: UploadDocument, 201: UploadDocument},
        parameters=[
            OpenApiParameter("Repr-Digest", str, "header", description="sha-256=:…: (RFC 9530), compared with what comes."),
            OpenApiParameter("Content-MD5", str, "header", description="MD5 in base64, compared with what comes."),
            OpenApiParameter("Content-Encoding", str, "header", enum=["gzip", "identity"], description="gzip is undone."),
        ],
    )
    def put(self, request: Request, pk: str) -> Response:
        """Send the audio itself as the body; its content decides what it is, not its Content-Type.

        201 when it is stored, and 200 when the same bytes were before. After a refusal the ticket still takes better audio.
        """
        ticket = find(self.principal, pk)
        stream, told = stream_of(request)
        kept = uploads.receive_whole(ticket, stream, told=told)
        return kept_response(kept, request)


class UploadComplete(Door):
    """The end of an upload that cannot know its end by itself."""

    more_answers = (507,)

    @extend_schema(
        operation_id="uploads_complete",
        summary="Finish an upload",
        request=AudioIn,
        responses={200: UploadDocument, 201: UploadDocument},
        examples=[OpenApiExample("Example", value={"size": 1_048_620}, request_only=True)],
    )
    def post(self, request: Request, pk: str) -> Response:
        """Finish what was sent to the bucket, or in parts without a size announced. Checksums, if given, are compared."""
        ticket = find(self.principal, pk)
        told = AudioIn.told(read(shared(AudioIn), request.data or {}, self.principal.tenant))
        if direct.is_offered() and ticket.is_unfinished and not ticket.spool:
            kept = direct.take(ticket, told)
        else:
            kept = uploads.finish(ticket, told=told)
        return kept_response(kept, request)


def find(principal: Principal, pk: str) -> Upload:
    """The ticket this principal opened here. Raises ``TicketNotFound``, whatever else it may be."""
    return uploads.find_ticket(pk, principal, Source.API)


def with_ways(ticket: Upload, request: Request) -> Upload:
    """The ticket, with the addresses to send to as long as anything may be sent."""
    ways: dict[str, Any] = {}
    if ticket.is_unfinished:
        for name, view in (("put", "upload-audio"), ("tus", "upload-tus"), ("complete", "upload-complete")):
            ways[name] = request.build_absolute_uri(_address(view, ticket))
        form = direct.form_for(ticket)
        if form is not None:
            ways["s3"] = form
    ticket.ways = ways  # type: ignore[attr-defined]  # what its document shows
    return ticket


def kept_response(kept: uploads.Kept, request: Request) -> Response:
    """The ticket as it is now: 201 where this request completed it."""
    ticket = with_ways(kept.upload, request)
    return Response(shared(UploadDocument).render(ticket), status=201 if kept.is_new else 200)


def stream_of(request: Request) -> tuple[Readable, uploads.Told]:
    """The body as a stream that is held to the request's own checksums, gzip undone, and what it says of its size."""
    stream = uploads.body_of(request._request)
    for algorithm, digest in _digests(request):
        stream = uploads.Checked(stream, algorithm, digest)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "gzip":
        return uploads.gunzipped(stream), uploads.Told()
    if encoding not in ("", "identity"):
        raise Problem(415, "unsupported_media_type", "The only Content-Encoding undone here is gzip.")
    length = request.META.get("CONTENT_LENGTH") or ""
    return stream, uploads.Told(size=int(length) if length.isdigit() and int(length) else None)


def _digests(request: Request) -> list[tuple[str, bytes]]:
    found = []
    for header in ("Repr-Digest", "Content-Digest"):
        for name, text in _DIGEST.findall(request.headers.get(header, "")):
            if name in _DIGEST_NAMES:
                found.append((_DIGEST_NAMES[name], _decoded(text, header)))
    if "Content-MD5" in request.headers:
        found.append(("md5", _decoded(request.headers["Content-MD5"].strip(), "Content-MD5")))
    return found


def _decoded(text: str, header: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Problem(400, "bad_request", f"{header} is not base64.") from error


def _address(view: str, ticket: Upload) -> str:
    """An address of one ticket, without the optional slash that reversing would add."""
    return f"{reverse('api:uploads').rstrip('/')}/{ticket.pk}/{view.removeprefix('upload-')}"
