"""The one reader of request bodies: bounded, and strict about what must never reach the database.

Refuses more bytes than allowed, JSON deeper than 32, duplicate keys, NaN and infinities, lone surrogates and NUL.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError

DEEPEST = 32
MOST_FIELDS = 1000
_OUTSIDE_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
_SURROGATE_OR_NUL = re.compile("[\0\ud800-\udfff]")


class BodyRefused(Exception):
    """The body cannot be taken; ``status`` is 400 or 413 and ``code`` stable."""

    def __init__(self, message: str, *, code: str = "malformed_body", status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status


def read_bytes(request: HttpRequest, limit: int | None = None) -> bytes:
    """The request's body, of at most ``limit`` bytes (``CALLHUB_BODY_LIMIT``), counted while reading."""
    limit = settings.CALLHUB_BODY_LIMIT if limit is None else limit
    if hasattr(request, "_body"):  # read before
        body = request.body
    else:
        try:
            declared = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError as error:
            raise BodyRefused("The Content-Length is not a number.") from error
        if declared > limit:
            raise BodyRefused(f"The body is larger than {limit} bytes.", code="body_too_large", status=413)
        try:
            body = request.read(limit + 1)
        except (UnreadablePostError, OSError) as error:
            raise BodyRefused("The body ended early.") from error
        request._body = body  # so that a second look finds it
    if len(body) > limit:
        raise BodyRefused(f"The body is larger than {limit} bytes.", code="body_too_large", status=413)
    return body


def as_text(body: bytes, charset: str | None = None) -> str:
    """The body as text in its charset (UTF-8 unless told), without a byte-order mark."""
    try:
        text = body.decode(charset or "utf-8").removeprefix("\ufeff")
    except (ValueError, LookupError) as error:  # a codec may raise any UnicodeError, and its name may hold a NUL
        raise BodyRefused("The body is not text in the charset it names.") from error
    if charset:
        check_text(text)  # UTF-7 spells half a surrogate pair in ASCII
    return text


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
    text = as_text(body, (request.content_params or {}).get("charset"))
    if text.lstrip()[:1] in "{[" or not _is_form(request):
        return read_json(text)
    return read_form(text)


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
    value = float(text)
    if not math.isfinite(value):
        raise BodyRefused("A number is too large.", code="not_a_number")
    return value


def _bounded(text: str) -> int:
    if len(text) > 40:
        raise BodyRefused("A number has too many digits.", code="not_a_number")
    return int(text)
