"""Resumable uploads by the tus 1.0 protocol (tus.io/protocols/resumable-upload): core, expiration, checksum, termination.

A ticket takes the place of the protocol's own creation. The kept Python servers for it want to own the upload's row, its
credentials and its end; here those are the ticket's.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.conf import settings
from django.utils.http import http_date
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from calls import uploads
from calls.api.authentication import WRITERS
from calls.api.problems import Problem, problem_of
from calls.api.views.base import Door
from calls.api.views.uploads import find
from calls.choices import AudioRefusal
from calls.models import Upload
from calls.recordings.errors import AudioRefused
from calls.recordings.storage.keeping import Readable

VERSION = "1.0.0"
CONTENT_TYPE = "application/offset+octet-stream"
_HEADERS = [
    OpenApiParameter("Tus-Resumable", str, "header", required=True, enum=[VERSION], description="The version of the protocol."),
    OpenApiParameter("Upload-Offset", int, "header", response=[200, 204], description="How many bytes there are."),
]
_DIFFERS = 460  # what tus answers to a wrong checksum


class UploadTus(Door):
    """One upload, as tus sees it."""

    erase_roles = WRITERS
    streams_body = True
    more_answers = (409, 412, 413, 415, 422, 423, _DIFFERS, 507)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
            detail = f"Tus-Resumable must be {VERSION}."
            raise Problem(412, "unsupported_version", detail, headers={"Tus-Version": VERSION})

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Tus-Resumable"] = VERSION
        return response

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]  # as all of DRF
        return Response(
            status=204,
            headers={
                "Allow": ", ".join(self.allowed_methods),
                "Tus-Version": VERSION,
                "Tus-Extension": "expiration,checksum,termination",
                "Tus-Max-Size": str(settings.CALLHUB_AUDIO_LIMIT),
                "Tus-Checksum-Algorithm": ",".join(uploads.CHECKSUMS),
            },
        )

    def head(self, request: Request, pk: str) -> Response:
        """How many bytes have come; the next one's place."""
        ticket = find(self.principal, pk)
        if ticket.is_unfinished and self.principal.may_write and ticket.declared_bytes == uploads.received_bytes(ticket):
            ticket = self._finished(ticket)
        return Response(status=200, headers=_state(ticket, uploads.received_bytes(ticket)))

    @extend_schema(
        operation_id="uploads_tus",
        summary="Send a part of the audio",
        description="Send a part by the tus 1.0 protocol. HEAD tells where to go on, OPTIONS what else the protocol offers here.",
        request={CONTENT_TYPE: {"type": "string", "format": "binary"}},
        responses={204: None},
        parameters=[
            *_HEADERS,
            OpenApiParameter("Upload-Offset", int, "header", required=True, description="Where this part belongs: at the end."),
            OpenApiParameter("Upload-Length", int, "header", description="The size of the whole, if the ticket did not tell."),
            OpenApiParameter(
                "Upload-Checksum", str, "header", description="sha256, sha1 or md5, a space, base64 of this part's."
            ),
        ],
        examples=[OpenApiExample("Example", value="the bytes", request_only=True, media_type=CONTENT_TYPE)],
    )
    def patch(self, request: Request, pk: str) -> Response:
        """Take a part; the last one finishes the upload."""
        ticket = find(self.principal, pk)
        if str(request.content_type).partition(";")[0].strip().lower() != CONTENT_TYPE:
            raise Problem(415, "unsupported_media_type", f"The Content-Type must be {CONTENT_TYPE}.")
        offset = _number(request, "Upload-Offset")
        if "Upload-Length" in request.headers:
            uploads.settle_size(ticket, _number(request, "Upload-Length"))
        try:
            size, kept = uploads.append(ticket, offset, _checked(request))
        except AudioRefused as refused:
            if refused.code == AudioRefusal.CHECKSUM_MISMATCH:
                problem = problem_of(refused)
                raise Problem(_DIFFERS, problem.code, problem.detail) from refused
            raise
        return Response(status=204, headers=_state(kept.upload if kept else ticket, size))

    @extend_schema(
        operation_id="uploads_tus_cancel", summary="Cancel a resumable upload", responses={204: None}, parameters=_HEADERS
    )
    def delete(self, request: Request, pk: str) -> Response:
        """Cancel the upload."""
        uploads.cancel(find(self.principal, pk))
        return Response(status=204)

    @extend_schema(exclude=True)
    def post(self, request: Request, pk: str) -> Response:
        """PATCH and DELETE of clients that can send neither (``X-HTTP-Method-Override``)."""
        wanted = request.headers.get("X-HTTP-Method-Override", "").upper()
        if wanted == "PATCH":
            return self.patch(request, pk)
        if wanted == "DELETE":
            return self.delete(request, pk)
        raise Problem(405, "method_not_allowed", "POST only stands for PATCH or DELETE here (X-HTTP-Method-Override).")

    def _finished(self, ticket: Upload) -> Upload:
        """Finish what somebody brought whole and was killed over; audio that is refused begins again at 0."""
        try:
            return uploads.finish(ticket).upload
        except AudioRefused:
            return find(self.principal, str(ticket.pk))


def _state(ticket: Upload, size: int) -> dict[str, str]:
    headers = {"Upload-Offset": str(size)}
    if ticket.is_unfinished:
        headers["Upload-Expires"] = http_date(ticket.expires_at.timestamp())
        known = ticket.declared_bytes
    else:
        known = size
    return headers | ({"Upload-Defer-Length": "1"} if known is None else {"Upload-Length": str(known)})


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Problem(400, "bad_request", f"{header} must be a whole number.")
    return int(text)


def _checked(request: Request) -> Readable:
    """The part as a stream, held to its ``Upload-Checksum`` if it has one."""
    stream = uploads.body_of(request._request)
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return stream
    algorithm, _, text = header.strip().partition(" ")
    try:
        digest = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Problem(400, "bad_request", "Upload-Checksum is not base64.") from error
    if algorithm.lower() not in uploads.CHECKSUMS:
        raise Problem(400, "bad_request", f"The algorithms of Upload-Checksum are {', '.join(uploads.CHECKSUMS)}.")
    return uploads.Checked(stream, algorithm.lower(), digest)
