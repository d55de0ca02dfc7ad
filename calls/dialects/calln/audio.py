"""The audio of a call: sent in numbered chunks, fetched whole or by ranges."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError

from calls import ledger, uploads
from calls.body import BodyRefused
from calls.choices import EventKind, Source
from calls.dialects.base import Refusal, json_response
from calls.dialects.calln.doors import CallNView
from calls.dialects.calln.errors import NO_AUDIO, NO_TICKET, not_found
from calls.dialects.calln.vocabulary import AUDIO_CREATE, AUDIO_READ, AUDIO_TYPES
from calls.recordings import serving
from calls.recordings.storage.keeping import CHUNK_BYTES, Readable

_CHUNK = re.compile(r"chunk\s+([^/\s]+)\s*/\s*([^/\s]+)", re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d{1,9}", re.ASCII)


class Audio(CallNView):
    """``/api/callaudio/<id>``: PUT chunks under a temporary id, GET the audio of a call.

    The page does not say what a chunk gets that is sent again because its answer was lost. The call
    exists by then, so it gets the same answer for as long as its ticket is remembered (a week), and
    other bytes a 409.
    """

    http_method_names = ["get", "head", "put", "options"]

    def is_counted(self, request: HttpRequest) -> bool:
        return request.method != "PUT"  # a long call has more chunks than a minute has requests; its ticket bounds them

    def put(self, request: HttpRequest, call_id: str) -> HttpResponse:
        number, total = _read_headers(request)
        self.signed.require(AUDIO_CREATE)
        try:
            ticket = uploads.find_ticket(call_id, self.principal, Source.CALLN)
            kept = uploads.receive_chunk(ticket, number, total, _body(request))
        except uploads.TicketNotFound as error:
            raise not_found(NO_TICKET) from error
        except uploads.OtherAudio as error:  # not a fault of its form, as the vendor's 400 are
            raise Refusal(409, error.code, error.message) from error
        return self.answer(is_complete=kept is not None)

    def answer(self, *, is_complete: bool) -> HttpResponse:
        """What is said to a chunk that was taken."""
        return json_response({"status": "complete" if is_complete else "incomplete"})

    def get(self, request: HttpRequest, call_id: str) -> HttpResponseBase:
        self.signed.require(AUDIO_READ)
        call = self.numbered(self.calls, call_id)
        recording = call.recordings.playable().current().for_lists().select_related("call").first()
        if recording is None:
            raise not_found(NO_AUDIO)
        response = serving.serve(request, recording)
        if response.status_code in (200, 206, 302) and request.method == "GET":
            kind = EventKind.RECORDING_DOWNLOADED
            ledger.note_heard(recording, actor=self.principal.user, kind=kind, is_part="Range" in request.headers)
        return response


class NewerAudio(Audio):
    """``/api/v2/callaudio/<id>``: the same; the status alone says whether more is needed."""

    def answer(self, *, is_complete: bool) -> HttpResponse:
        return HttpResponse(status=200 if is_complete else 206)


def _read_headers(request: HttpRequest) -> tuple[int, int | None]:
    """Number and total of the chunk; raises 400 for each header that is missing or not right."""
    mime = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not mime:
        raise _bad_header("Content-Type header not provided")
    if mime not in AUDIO_TYPES:
        raise _bad_header("Content-Type must be audio/mpeg or audio/wav")
    if request.headers.get("Content-Encoding", "").strip().lower() not in ("", "gzip", "x-gzip", "identity"):
        raise _bad_header("Content-Encoding must be gzip or left out")
    span = request.headers.get("Content-Range", "").strip()
    if not span:
        raise _bad_header("Content-Range header not provided")
    if not span.lower().startswith("chunk"):
        raise _bad_header("Content-Range must start with chunk")
    match = _CHUNK.fullmatch(span)
    if match is None:
        raise _bad_header("Content-Range must have the form: chunk number/total")
    return _read_span(*match.groups())


def _read_span(number: str, total: str) -> tuple[int, int | None]:
    if not _WHOLE.fullmatch(number):
        raise _bad_header("Content-Range: the chunk number must be an integer")
    if int(number) < 1:
        raise _bad_header("Content-Range: the chunk number must be 1 or more")
    if total != "*" and not _WHOLE.fullmatch(total):
        raise _bad_header("Content-Range: the total must be an integer or *")
    return int(number), None if total == "*" else int(total)


def _bad_header(text: str) -> Refusal:
    return Refusal(400, "bad_header", text)


def _body(request: HttpRequest) -> Readable:
    """The body as it comes in, with gzip undone."""
    body = _Body(request)
    is_gzip = request.headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip")
    return uploads.gunzipped(body) if is_gzip else body


class _Body:
    """A request's body that is never taken for whole when the sender hung up halfway.

    Of a body without a length (Transfer-Encoding: chunked) the server sees the end, and Django would read nothing.
    """

    def __init__(self, request: HttpRequest) -> None:
        length = request.META.get("CONTENT_LENGTH")
        is_open = not length and bool(request.META.get("wsgi.input_terminated"))
        self._source: Any = request.META["wsgi.input"] if is_open else request
        self._left = None if is_open else _length(length)

    def read(self, size: int = CHUNK_BYTES, /) -> bytes:
        """The next bytes; raises ``BodyRefused`` where the body ends before its announced length."""
        try:
            chunk: bytes = self._source.read(size)
        except (UnreadablePostError, OSError) as error:
            raise BodyRefused("The body ended early.", code="body_ended_early") from error
        if self._left is not None:
            self._left -= len(chunk)
            if not chunk and self._left > 0:
                raise BodyRefused("The body ended early.", code="body_ended_early")
        return chunk


def _length(text: object) -> int:
    try:
        return int(str(text or 0))
    except ValueError as error:
        raise _bad_header("Content-Length must be an integer") from error
