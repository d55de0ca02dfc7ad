"""Keyset paging: a page begins where the last one ended, by value and id, so inserts and ties neither lose nor repeat a row.

The condition ``value <= v AND (value < v OR id < i)`` is the form both databases answer from the index.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core import signing
from django.db.models import Expression, Q, QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response

from calls.api.problems import bad_parameter

PAGE_SIZE, LARGEST_PAGE = 50, 200
COUNTED = 10_000
PARAMETERS = ("cursor", "page_size", "sort", "count")
_SALT = "callhub.api.cursor"


@dataclass(frozen=True, kw_only=True)
class Sort:
    """One order a list offers: by a column that is never null, or by an expression that makes it so."""

    field: str
    expression: Expression | None = None
    is_time: bool = False


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A place between two rows: after (or with ``is_backward`` before) the row with this value and id."""

    sort: str
    value: Any
    id: UUID
    is_backward: bool

    def pack(self) -> str:
        """The cursor as the opaque, signed text that clients send back."""
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        return signing.dumps([self.sort, value, self.id.hex, int(self.is_backward)], salt=_SALT)

    @classmethod
    def unpack(cls, text: str, sort: str, *, is_time: bool) -> Cursor:
        """Read a cursor of this sort; refuses any that was not made here."""
        try:
            made_for, value, key, is_backward = signing.loads(text, salt=_SALT)
        except signing.BadSignature as error:
            raise bad_parameter("cursor", "This cursor was not given out here.") from error
        if made_for != sort:
            raise bad_parameter("cursor", "This cursor belongs to another sort. Begin again without it.")
        return cls(sort=sort, value=parse_datetime(value) if is_time else value, id=UUID(hex=key), is_backward=bool(is_backward))


@dataclass(frozen=True, kw_only=True)
class Page:
    """The rows of a page and the cursors of its neighbours."""

    rows: list[Any]
    next: str | None
    previous: str | None


class Keyset:
    """The pages of one list request: its sort, page size, cursor and count."""

    def __init__(self, request: Request, sorts: dict[str, Sort], default: str) -> None:
        self.request = request
        self.sort_name = request.query_params.get("sort") or default
        self.is_descending = self.sort_name.startswith("-")
        sort = sorts.get(self.sort_name.removeprefix("-"))
        if sort is None:
            raise bad_parameter("sort", f"Sort by one of {', '.join(sorts)}, with “-” before it for descending.")
        self.sort = sort
        self.page_size = self._page_size()
        self.wants_count = self._wants_count()

    def respond(self, rows: QuerySet[Any], render: Any) -> Response:
        """The answer to a list request: ``render`` writes one row."""
        page = self.page(rows)
        body: dict[str, Any] = {
            "results": [render(row) for row in page.rows],
            "next": self._link(page.next),
            "previous": self._link(page.previous),
        }
        if self.wants_count:
            counted = rows.order_by()[: COUNTED + 1].count()
            body |= {"count": min(counted, COUNTED), "count_is_exact": counted <= COUNTED}
        response = Response(body)
        links = [f'<{body[rel]}>; rel="{rel[:4]}"' for rel in ("next", "previous") if body[rel]]
        if links:
            response["Link"] = ", ".join(links)
        return response

    def page(self, rows: QuerySet[Any]) -> Page:
        """The page at the request's cursor, or the first one."""
        packed = self.request.query_params.get("cursor")
        cursor = Cursor.unpack(packed, self.sort_name, is_time=self.sort.is_time) if packed else None
        is_backward = cursor is not None and cursor.is_backward
        descending = self.is_descending != is_backward
        if self.sort.expression is not None:
            rows = rows.annotate(**{self.sort.field: self.sort.expression})
        if cursor is not None:
            rows = rows.filter(self._beyond(cursor, descending))
        mark = "-" if descending else ""
        found = list(rows.order_by(f"{mark}{self.sort.field}", f"{mark}id")[: self.page_size + 1])
        has_more, found = len(found) > self.page_size, found[: self.page_size]
        if is_backward:
            found.reverse()
        has_next, has_previous = (cursor is not None, has_more) if is_backward else (has_more, cursor is not None)
        return Page(
            rows=found,
            next=self._cursor(found[-1], is_backward=False) if found and has_next else None,
            previous=self._cursor(found[0], is_backward=True) if found and has_previous else None,
        )

    def _beyond(self, cursor: Cursor, descending: bool) -> Q:
        name, strictly = self.sort.field, "lt" if descending else "gt"
        beyond = Q((f"{name}__{strictly}e", cursor.value))
        return beyond & (Q((f"{name}__{strictly}", cursor.value)) | Q((f"id__{strictly}", cursor.id)))

    def _cursor(self, row: Any, *, is_backward: bool) -> str:
        return Cursor(sort=self.sort_name, value=getattr(row, self.sort.field), id=row.pk, is_backward=is_backward).pack()

    def _link(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        query = [(name, value) for name, values in self.request.query_params.lists() for value in values if name != "cursor"]
        return self.request.build_absolute_uri(f"{self.request.path}?{urlencode([*query, ('cursor', cursor)])}")

    def _page_size(self) -> int:
        text = self.request.query_params.get("page_size", str(PAGE_SIZE))
        if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LARGEST_PAGE):
            raise bad_parameter("page_size", f"A page has 1 to {LARGEST_PAGE} rows.")
        return int(text)

    def _wants_count(self) -> bool:
        text = self.request.query_params.get("count", "false").lower()
        if text not in ("true", "false"):
            raise bad_parameter("count", "Write true or false.")
        return text == "true"
