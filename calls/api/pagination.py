"""Keyset paging: a page begins where the last one ended, by value and id, so inserts and ties neither lose nor repeat a row.

The condition ``value <= v AND (value < v OR id < i)`` is the form both databases answer from the index.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.db.models import Expression, Field, Model, Q, QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response

from calls.api.problems import bad_parameter

PAGE_SIZE, LARGEST_PAGE = 50, 200
COUNTED = 10_000
SIZES = ("page_size", "limit")  # two names of one parameter, at every address that gives rows
PARAMETERS = ("cursor", *SIZES, "sort", "count")
_SALT = "callhub.api.cursor"


def read_size(request: Request, usual: int, largest: int) -> int:
    """How many rows at most a request asks for, by either name. Raises 400."""
    asked = {name: request.query_params[name] for name in SIZES if name in request.query_params}
    for name, text in asked.items():
        if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= largest):
            raise bad_parameter(name, f"A whole number from 1 to {largest}.")
    sizes = {int(text) for text in asked.values()}
    if len(sizes) > 1:
        raise bad_parameter("limit", "It is another name of page_size: give one of them.")
    return sizes.pop() if sizes else usual


@dataclass(frozen=True, kw_only=True)
class Sort:
    """One order a list offers: by a column that is never null, or by an expression that makes it so."""

    field: str
    expression: Expression | None = None
    is_time: bool = False


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A place between two rows: after (or with ``is_backward`` before) the row with this value and id.

    ``sort`` names the list as well.
    """

    sort: str
    value: Any
    id: Any
    is_backward: bool

    def pack(self) -> str:
        """The cursor as the opaque, signed text that clients send back."""
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        return signing.dumps([self.sort, value, str(self.id), int(self.is_backward)], salt=_SALT)

    @classmethod
    def unpack(cls, text: str, sort: str, *, is_time: bool, key: Field[Any, Any]) -> Cursor:
        """Read a cursor of this list and sort, whose ids are of the column ``key``; refuses any that was not made here."""
        try:
            made_for, value, place, is_backward = signing.loads(text, salt=_SALT)
        except signing.BadSignature as error:
            raise bad_parameter("cursor", "This cursor was not given out here.") from error
        if made_for != sort:
            raise bad_parameter("cursor", "This cursor belongs to another list or sort. Begin again without it.")
        value = parse_datetime(value) if is_time else value
        return cls(sort=sort, value=value, id=key.to_python(place), is_backward=bool(is_backward))


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
        self.page_size = read_size(request, PAGE_SIZE, LARGEST_PAGE)
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
        is_time, key = self.sort.is_time, rows.model._meta.pk
        cursor = Cursor.unpack(packed, self._sort_of(rows.model), is_time=is_time, key=key) if packed else None
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
        sort, value = self._sort_of(type(row)), getattr(row, self.sort.field)
        return Cursor(sort=sort, value=value, id=row.pk, is_backward=is_backward).pack()

    def _sort_of(self, model: type[Model]) -> str:
        return f"{model._meta.label_lower}:{self.sort_name}"

    def _link(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        query = [(name, value) for name, values in self.request.query_params.lists() for value in values if name != "cursor"]
        return self.request.build_absolute_uri(f"{self.request.path}?{urlencode([*query, ('cursor', cursor)])}")

    def _wants_count(self) -> bool:
        text = self.request.query_params.get("count", "false").lower()
        if text not in ("true", "false"):
            raise bad_parameter("count", "Write true or false.")
        return text == "true"
