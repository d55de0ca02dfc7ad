"""Lists: ``limit``, ``offset``, ``sort`` by a fixed map, ``select``; the answer is a bare array."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OrderBy, QuerySet

from calls.dialects.planhat.errors import bad_field
from calls.dialects.planhat.writing import selected

MOST, USUAL = 5000, 100
DEEPEST = 1_000_000
_OF_EVERY_LIST = ("limit", "offset", "sort", "select")


@dataclass(frozen=True, kw_only=True)
class Page:
    """Which rows, in which order, with which fields (all where none are named)."""

    limit: int
    offset: int
    order: tuple[OrderBy, ...]
    fields: frozenset[str]


def read_page(query: Mapping[str, str], sorts: Mapping[str, str], *, default: str) -> Page:
    """The page a query asks for; raises ``Refusal`` naming the parameter."""
    return Page(
        limit=_whole(query, "limit", 1, MOST, USUAL),
        offset=_whole(query, "offset", 0, DEEPEST, 0),
        order=_order(query.get("sort") or default, sorts),
        fields=frozenset(name.strip() for name in query.get("select", "").split(",") if name.strip()),
    )


def only_these(query: Mapping[str, str], filters: Collection[str]) -> None:
    """Raise ``Refusal`` for a parameter that is no filter of this list: without it the answer would be too long."""
    for name in query:
        if name not in filters and name not in _OF_EVERY_LIST:
            raise bad_field(name, f"is no filter here. There are: {', '.join(filters)}.", code="unknown_filter")


def page_of(rows: QuerySet[Any], page: Page, render: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]]:
    """The page's rows, rendered."""
    chosen = rows.order_by(*page.order)[page.offset : page.offset + page.limit]
    return [selected(render(row), page.fields) for row in chosen]


def _whole(query: Mapping[str, str], name: str, least: int, most: int, default: int) -> int:
    value = query.get(name, "").strip()
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and len(value) < 12 and least <= int(value) <= most):
        raise bad_field(name, f"must be a whole number from {least} to {most}.")
    return int(value)


def _order(sort: str, sorts: Mapping[str, str]) -> tuple[OrderBy, ...]:
    """The one column asked for, blanks last in either direction, and the id to settle ties."""
    is_descending, name = sort.startswith("-"), sort.lstrip("+- ")  # a bare + arrives as a space
    if name not in sorts:
        raise bad_field("sort", f"is one of {', '.join(sorts)}, with “-” before it for the reverse.")
    columns = dict.fromkeys((sorts[name], "id"))
    return tuple(OrderBy(F(column), descending=is_descending, nulls_last=True) for column in columns)
