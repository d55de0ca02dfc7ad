"""Conditional requests (RFC 9110 §13): ETags, ``If-Match``, ``If-None-Match``; and ``Idempotency-Key``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rest_framework.request import Request

from calls.api.moments import rfc3339
from calls.api.problems import Problem
from calls.body import read_bytes
from tenants.authentication import Principal
from tenants.idempotency import Answer, fingerprint, once

LONGEST_KEY = 200
_KEY = re.compile(r"[\x21-\x7e]+")
_TAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|\Z)')


def etag_of(row: Any) -> str:
    """A row's strong ETag: its version, or the moment of its last change where it has none."""
    version = getattr(row, "version", None)
    return f'"{rfc3339(row.updated_at) if version is None else version}"'


def etag_of_document(document: Mapping[str, Any]) -> str:
    """The same, from the row as it was rendered."""
    return f'"{document.get("version") or document["updated_at"]}"'


def is_unchanged(request: Request, etag: str) -> bool:
    """Whether ``If-None-Match`` names what is there, by weak comparison."""
    header = request.headers.get("If-None-Match", "").strip()
    return bool(header) and (header == "*" or etag.strip('"') in {tag for _, tag in _tags(header)})


def check_match(request: Request, etag: str) -> None:
    """412 where ``If-Match`` is given and does not name what is there, by strong comparison."""
    header = request.headers.get("If-Match", "").strip()
    if header and header != "*" and etag.strip('"') not in {tag for weak, tag in _tags(header) if not weak}:
        detail = "It was changed since you read it. Read it again and repeat your change."
        raise Problem(412, "changed_meanwhile", detail)


def answer_once(request: Request, work: Callable[[], Answer]) -> Answer:
    """Do ``work``, and with an ``Idempotency-Key`` only the first time; a repeat gets the first answer."""
    key = idempotency_key(request)
    if key is None:
        return work()
    principal: Principal = request.auth  # type: ignore[assignment]
    return once(principal.tenant, key, print_of(request), work)


def idempotency_key(request: Request, longest: int = LONGEST_KEY) -> str | None:
    """The request's ``Idempotency-Key``, quoted or not; None where it has none."""
    if "Idempotency-Key" not in request.headers:
        return None
    key = request.headers["Idempotency-Key"].strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(key) > longest or not _KEY.fullmatch(key):
        raise Problem(400, "invalid_idempotency_key", f"An Idempotency-Key has 1 to {longest} visible ASCII characters.")
    return key


def print_of(request: Request, limit: int | None = None) -> str:
    """What the request asks for and who asks; its body may have ``limit`` bytes (see ``calls.body``)."""
    path = f"{request.auth.user.pk}:{request.path.rstrip('/')}?{request.META.get('QUERY_STRING', '')}"
    return fingerprint(str(request.method), path, read_bytes(request._request, limit))


def _tags(header: str) -> list[tuple[str, str]]:
    return _TAG.findall(header)
