"""Serving stored audio: whole or in part, in constant memory, as nothing but audio.

Nobody is authorised here. Headers say the same on every way out; nginx (``CALLHUB_ACCEL_PREFIX``) must add the two it drops
from an internal redirect itself: ``X-Content-Type-Options`` and ``Content-Security-Policy``, as in ``HARMLESS``.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date

from calls.models import PlayableCopy, Recording
from calls.recordings import ranges, storage
from calls.recordings.errors import ObjectMissing, StorageTrouble
from calls.recordings.storage.keeping import CHUNK_BYTES, Chunks
from calls.recordings.types import MIMES

INLINE, ATTACHMENT = "inline", "attachment"
HARMLESS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
if TYPE_CHECKING:
    from calls.recordings.storage.bucket import BucketKeeper

Servable = Recording | PlayableCopy
_log = logging.getLogger(__name__)


def serve(request: HttpRequest, recording: Servable, disposition: str = INLINE) -> HttpResponseBase:
    """The answer to a GET or HEAD for a recording's audio: 200, 206, 302 to the bucket, 304, 412 or 416.

    The caller has authorised the request. Raises ``ObjectMissing`` where the recording keeps no audio, and ``StorageTrouble``.
    """
    if not recording.is_playable:
        raise ObjectMissing("The recording keeps no audio.")
    headers = _headers(recording, disposition)
    modified = recording.stored_at.timestamp() if recording.stored_at else None
    response = get_conditional_response(request, headers["ETag"], int(modified) if modified else None, HttpResponse())
    if response is not None and response.status_code != 200:
        return _with(response, {**headers, **HARMLESS})
    if (elsewhere := _elsewhere(request, recording, headers)) is not None:
        return elsewhere
    size = recording.size_bytes or 0
    try:
        span = ranges.wanted(request, size, headers["ETag"], modified)
    except ranges.Unsatisfiable:
        return _with(HttpResponse(status=416), {**headers, "Content-Range": f"bytes */{size}", "Content-Length": "0"})
    headers["Content-Length"] = str(span.length)
    if not span.is_whole:
        headers["Content-Range"] = span.content_range
    body = HttpResponse() if request.method == "HEAD" else AudioResponse(_open(recording, span))
    body.status_code = 200 if span.is_whole else 206
    return _with(body, headers)


def filename(recording: Servable) -> str:
    """A name for the saved file, made of what is ours alone."""
    moment = recording.call.started_at if recording.call else recording.stored_at or timezone.now()
    return f"call-{moment:%Y%m%d-%H%M%S}-{recording.pk.hex[-8:]}.{recording.extension}"


class AudioResponse(StreamingHttpResponse):
    """A stream of chunks; of a file on disk the server may send the bytes itself (``wsgi.file_wrapper``)."""

    block_size = CHUNK_BYTES

    def __init__(self, chunks: Chunks) -> None:
        super().__init__(chunks)
        if hasattr(chunks.source, "fileno"):
            self.file_to_stream = _Window(chunks)


class _Window:
    """A file that ends where the wanted part does, for servers that read it and for servers that call sendfile."""

    def __init__(self, chunks: Chunks) -> None:
        self.read = chunks.read
        self.close = chunks.close
        self.fileno = chunks.source.fileno  # type: ignore[attr-defined]
        self.seek = chunks.source.seek  # type: ignore[attr-defined]
        self.tell = chunks.source.tell  # type: ignore[attr-defined]


def _headers(recording: Servable, disposition: str) -> dict[str, str]:
    return {
        "Content-Type": recording.mime if recording.mime in MIMES else "application/octet-stream",
        "Content-Disposition": content_disposition_header(disposition != INLINE, filename(recording)) or ATTACHMENT,
        "Accept-Ranges": "bytes",
        "ETag": f'"{recording.sha256}"',
        "Last-Modified": http_date(recording.stored_at.timestamp() if recording.stored_at else None),
        "Cache-Control": "private, no-store",
        **HARMLESS,
    }


def _with(response: HttpResponseBase, headers: dict[str, str]) -> HttpResponseBase:
    for name, value in headers.items():
        response[name] = value
    if response.status_code in (304, 412):
        del response["Content-Type"]
    return response


def _elsewhere(request: HttpRequest, recording: Servable, headers: dict[str, str]) -> HttpResponse | None:
    """The answer that leaves the bytes to nginx or the bucket, where so configured; None where we send them."""
    keeper = storage.keeper()
    if settings.CALLHUB_ACCEL_PREFIX and keeper.is_on_disk:
        # nginx counts the length and answers ranges itself; its ETag replaces ours.
        response = HttpResponse(headers=headers)
        response["X-Accel-Redirect"] = settings.CALLHUB_ACCEL_PREFIX.rstrip("/") + "/" + quote(recording.storage_key)
        return response
    if settings.CALLHUB_S3_REDIRECT and not keeper.is_on_disk and request.method == "GET":
        address = cast("BucketKeeper", keeper).link(
            recording.storage_key, mime=headers["Content-Type"], disposition=headers["Content-Disposition"]
        )
        return HttpResponse(status=302, headers={"Location": address, "Cache-Control": "private, no-store", **HARMLESS})
    return None


def _open(recording: Servable, span: ranges.Span) -> Chunks:
    try:
        chunks = storage.open_range(recording.storage_key, span.start, span.length)
    except ObjectMissing:
        _log.error("The audio of recording %s is missing from the storage.", recording.pk)
        raise
    if chunks.length != span.length:
        chunks.close()
        _log.error("The audio of recording %s has another size than when it was stored.", recording.pk)
        raise StorageTrouble("The audio is not what was stored.")
    return chunks
