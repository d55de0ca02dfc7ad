"""Which bytes a request wants (RFC 9110 §14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.http import parse_http_date_safe

_ONE_RANGE = re.compile(r"bytes[ \t]*=[ \t]*(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)


class Unsatisfiable(Exception):
    """No byte of the wanted range exists (416)."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Bytes ``start`` to ``start + length - 1`` of ``size``; ``is_whole`` where no part was asked for."""

    start: int
    length: int
    size: int
    is_whole: bool = False

    @property
    def content_range(self) -> str:
        """The header of a 206."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{self.size}"


def wanted(request: HttpRequest, size: int, etag: str, modified: float | None) -> Span:
    """The one range that is asked for, else the whole: for several ranges, other units and If-Range of an older version.

    Raises ``Unsatisfiable``.
    """
    whole = Span(start=0, length=size, size=size, is_whole=True)
    match = _ONE_RANGE.fullmatch(request.headers.get("Range", "").strip())
    if match is None or not _is_same(request.headers.get("If-Range", ""), etag, modified):
        return whole
    first, last = match.groups()
    if not first and not last:
        return whole
    if not first:  # the last so many bytes
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return whole
    if start > end:
        raise Unsatisfiable
    return Span(start=start, length=end - start + 1, size=size)


def _is_same(condition: str, etag: str, modified: float | None) -> bool:
    """Whether the version If-Range names is the one we have; a weak tag never is (RFC 9110 §13.1.5)."""
    if not condition:
        return True
    if condition.startswith(('"', "W/")):
        return condition == etag
    date = parse_http_date_safe(condition)
    return date is not None and modified is not None and date == int(modified)
