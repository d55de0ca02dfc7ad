"""The one reader of request bodies: bounded, and strict about what must never reach the database.

Undoes chunks, gzip and deflate; reads JSON, forms and the fields of multipart forms. Refuses more
bytes than allowed, before and after decompression, JSON deeper than 32, duplicate keys, NaN and
infinities, lone surrogates and NUL. What it cannot read it refuses: an unread body never counts
as an empty one. Every step takes time in proportion to the body's length.
"""

from __future__ import annotations

import io
import json
import math
import re
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser, MultiPartParserError

DEEPEST = 32
MOST_FIELDS = 1000
LONGEST_NUMBER = 40
LONGEST_FRACTION = 400  # characters of a number that has a fraction or an exponent
# A string that does not end is skipped as a whole: every character is looked at once.
_OUTSIDE_STRINGS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_SURROGATE_OR_NUL = re.compile("[\0\ud800-\udfff]")
# The charsets that bodies come in, by the names of the IANA registry and common aliases. Python has
# more, among them some whose decoding takes a minute for what a body may hold (punycode), or that
# are not for text at all.
_CHARSETS = {
    "utf-8": "utf-8", "utf8": "utf-8", "utf-16": "utf-16", "utf16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be",
    "us-ascii": "ascii", "ascii": "ascii", "iso-8859-1": "latin-1", "iso8859-1": "latin-1", "latin-1": "latin-1",
    "latin1": "latin-1", "windows-1252": "cp1252", "cp1252": "cp1252", "x-cp1252": "cp1252",
}  # fmt: skip


class BodyRefused(Exception):
    """The body cannot be taken; ``status`` is 400, 408, 411, 413 or 415 and ``code`` stable."""

    def __init__(self, message: str, *, code: str = "malformed_body", status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status


def is_chunked(request: HttpRequest) -> bool:
    """Whether the body comes in chunks, without a length (RFC 9112 §7.1)."""
    return "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()


def read_bytes(request: HttpRequest, limit: int | None = None) -> bytes:
    """The request's body, decompressed, of at most ``limit`` bytes (``CALLHUB_BODY_LIMIT``) before and after that."""
    limit = settings.CALLHUB_BODY_LIMIT if limit is None else limit
    if not hasattr(request, "_body"):
        body = _decompressed(read_raw(request, limit), request.headers.get("Content-Encoding", ""), limit)
        request._body = body  # so that a second look finds it
        if is_chunked(request):
            request.META["CONTENT_LENGTH"] = str(len(body))  # REST framework takes a body without a length for none
    if len(request.body) > limit:
        raise _too_large(limit)
    return request.body


def read_raw(request: HttpRequest, limit: int) -> bytes:
    """The body as it came, of at most ``limit`` bytes, its chunks undone; raises ``BodyRefused`` where it ends early."""
    stream: Any = request
    length: int | None = None
    if not is_chunked(request):
        length = _declared_length(request)
    elif request.META.get("wsgi.input_terminated"):
        stream = request.META["wsgi.input"]
    else:  # the server in front of us leaves the chunks to us
        raise BodyRefused("Send a Content-Length.", code="length_required", status=411)
    if length is not None and length > limit:
        raise _too_large(limit)
    body = read_some(stream, limit + 1)
    if length is not None and len(body) < length:
        raise BodyRefused("The body ended early.")
    if len(body) > limit:
        raise _too_large(limit)
    return body


def read_some(stream: Any, size: int) -> bytes:
    """Up to ``size`` bytes of a body's stream; raises ``BodyRefused`` where the client is too slow or went away."""
    try:
        body: bytes = stream.read(size)
    except Exception as error:  # each server has errors of its own for a client that went away
        if isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError):
            raise BodyRefused("The body came too slowly.", code="request_timeout", status=408) from error
        raise BodyRefused("The body ended early.") from error
    return body


def _declared_length(request: HttpRequest) -> int:
    text = str(request.META.get("CONTENT_LENGTH") or "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BodyRefused("The Content-Length is not a number.")
    return int(text)


def _too_large(limit: int) -> BodyRefused:
    return BodyRefused(f"The body is larger than {limit} bytes.", code="body_too_large", status=413)


def _decompressed(body: bytes, coding: str, limit: int) -> bytes:
    """The body with its ``Content-Encoding`` undone, inflated no further than one byte beyond ``limit``."""
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return body
    if coding not in ("gzip", "x-gzip", "deflate"):
        message = "The Content-Encoding must be gzip, deflate or identity."
        raise BodyRefused(message, code="unsupported_encoding", status=415)
    window = zlib.MAX_WBITS if coding == "deflate" else zlib.MAX_WBITS + 16
    if coding == "deflate" and not _has_zlib_header(body):
        window = -zlib.MAX_WBITS  # RFC 9110 §8.4.1.2: some clients send deflate without its zlib wrapping
    inflate = zlib.decompressobj(window)
    try:
        text = inflate.decompress(body, limit + 1)
    except zlib.error as error:
        raise BodyRefused(f"The body is not {coding}, as its Content-Encoding says.") from error
    if len(text) > limit:
        raise _too_large(limit)
    if not inflate.eof or inflate.unused_data:
        raise BodyRefused("The compressed body does not end where it should.")
    return text


def _has_zlib_header(body: bytes) -> bool:
    return len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2]) % 31 == 0  # RFC 1950 §2.2


def as_text(body: bytes, charset: str | None = None) -> str:
    """The body as text in its charset (UTF-8 where none is given), without a byte-order mark.

    Raises ``BodyRefused``, with 415 for a charset that is not read here.
    """
    name = _CHARSETS.get((charset or "utf-8").strip().lower().replace("_", "-"))
    if name is None:
        text = "The charset must be UTF-8, UTF-16, ISO-8859-1, Windows-1252 or US-ASCII."
        raise BodyRefused(text, code="unsupported_charset", status=415)
    try:
        return body.decode(name).removeprefix("\ufeff")
    except UnicodeError as error:
        raise BodyRefused("The body is not text in the charset it names.") from error


def read_json(text: str) -> Any:
    """The JSON value of ``text``; raises ``BodyRefused``."""
    _check_depth(text)
    try:
        value = json.loads(
            text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant, parse_float=_finite, parse_int=_bounded
        )
    except BodyRefused:
        raise
    except (ValueError, RecursionError) as error:
        detail = f" ({error.msg}, line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise BodyRefused(f"The body is not valid JSON{detail}.") from error
    if "\\u" in text or "\\U" in text:
        check_text(value)
    return value


def read_number(text: str) -> int | float:
    """The value of a JSON number; raises ``BodyRefused`` for one too large or too long."""
    return _bounded(text) if text.lstrip("-").isdigit() else _finite(text)


def read_form(text: str) -> dict[str, str]:
    """The fields of a form or query; of a repeated name the last counts. Raises ``BodyRefused``."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except (ValueError, UnicodeDecodeError) as error:
        raise BodyRefused("The form is not readable.") from error
    fields = dict(pairs)
    check_text(fields)
    return fields


def read_object(request: HttpRequest, *, limit: int | None = None) -> dict[str, Any]:
    """The body as a mapping, whatever its Content-Type says: empty, JSON object, or form.

    The first character decides, for clients that send JSON under curl's default form type.
    """
    value = read_value(request, limit=limit)
    if not isinstance(value, Mapping):
        raise BodyRefused("The body must be a JSON object.")
    return dict(value)


def read_value(request: HttpRequest, *, limit: int | None = None) -> Any:
    """The body as ``read_object`` reads it, where any JSON value will do; an empty one is an empty mapping."""
    body = read_bytes(request, limit)
    if not body.strip():
        return {}
    charset = (request.content_params or {}).get("charset")
    if is_multipart(request) and body.lstrip()[:1] not in (b"{", b"["):
        return read_multipart(request, body, charset)
    text = as_text(body, charset)
    if text.lstrip()[:1] in "{[" or not _is_form(request):
        return read_json(text)
    return read_form(text)


def is_multipart(request: HttpRequest) -> bool:
    """Whether the body is a form in parts (RFC 7578)."""
    return request.content_type == "multipart/form-data"


def read_multipart(request: HttpRequest, body: bytes, charset: str | None = None) -> dict[str, str]:
    """The fields of a form in parts; of a repeated name the last counts. Raises ``BodyRefused``, also for a file."""
    mark = b"--" + str((request.content_params or {}).get("boundary", "")).encode()
    if not body.startswith(mark) or not body.rstrip().endswith(mark + b"--"):
        raise BodyRefused("The form does not begin and end with its boundary.")
    meta = {"CONTENT_TYPE": request.META["CONTENT_TYPE"], "CONTENT_LENGTH": len(body)}
    try:
        parsed, _files = MultiPartParser(meta, io.BytesIO(body), [_RefuseFiles()], "latin-1").parse()
        pairs = [(name.encode("latin-1"), str(value).encode("latin-1")) for name, value in parsed.items()]
    except (MultiPartParserError, SuspiciousOperation, ValueError) as error:
        raise BodyRefused("The form is not readable.") from error
    if not pairs:
        raise BodyRefused("The form has no fields.")
    fields = {as_text(name, charset): as_text(value, charset) for name, value in pairs}
    check_text(fields)
    return fields


class _RefuseFiles(FileUploadHandler):
    """Refuses the first file of a form, as no address with fields keeps one."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise BodyRefused("Files are not taken here. Send fields.", code="unsupported_media_type", status=415)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never reached."""

    def file_complete(self, file_size: int) -> None:
        """Never reached."""


def check_text(value: Any) -> None:
    """Refuse lone surrogates and NUL anywhere in a value: a database would refuse, or worse, keep them."""
    if isinstance(value, str):
        if _SURROGATE_OR_NUL.search(value):
            raise BodyRefused("The text holds a NUL or half a surrogate pair.", code="bad_characters")
    elif isinstance(value, Mapping):
        for name, item in value.items():
            check_text(name)
            check_text(item)
    elif isinstance(value, list):
        for item in value:
            check_text(item)


def _is_form(request: HttpRequest) -> bool:
    return request.content_type == "application/x-www-form-urlencoded"


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for mark in re.findall(r"[\[\]{}]", _OUTSIDE_STRINGS.sub('""', text)):
        depth += 1 if mark in "[{" else -1
        if depth > DEEPEST:
            raise BodyRefused(f"The JSON is nested deeper than {DEEPEST} levels.", code="too_deep")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BodyRefused("An object names the same key twice.", code="duplicate_key")
    return fields


def _no_constant(name: str) -> None:
    raise BodyRefused(f"{name} is not a JSON number.", code="not_a_number")


def _finite(text: str) -> float:
    if len(text) > LONGEST_FRACTION:
        raise BodyRefused("A number has too many digits.", code="not_a_number")
    value = float(text)
    if not math.isfinite(value):
        raise BodyRefused("A number is too large.", code="not_a_number")
    return value


def _bounded(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise BodyRefused("A number has too many digits.", code="not_a_number")
    return int(text)
