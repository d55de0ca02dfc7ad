"""The calls before and after one within the list its reader came from.

The list is told by its own query string, which Django's admin carries along as ``_changelist_filters``; without it, it is the
list as it opens. Each neighbour is found by its place in the list's order, never by counting rows.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.functional import cached_property

from calls.admin.call_list import CallList
from calls.models import Call

CARRIED = "_changelist_filters"
_NEVER_NULL = ("started_at", "id")


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Addresses of the pages before and after, empty at the ends, and that of the list itself."""

    previous: str
    next: str
    back: str


class Unpaged(CallList):
    """The list's calls in their order, with no page of them read."""

    def get_results(self, request: HttpRequest) -> None:
        """Nothing is shown."""

    @cached_property
    def order(self) -> list[tuple[str, bool]]:
        """What it is sorted by: each column and whether it descends; the id settles ties."""
        names = [name for name in self.queryset.query.order_by if isinstance(name, str)]
        found = [(name.removeprefix("-").replace("pk", "id"), name.startswith("-")) for name in names]
        known = {field.name for field in Call._meta.concrete_fields}
        found = [(name, descends) for name, descends in found if name in known]
        return found if found and found[-1][0] == "id" else [*found, ("id", True)]


def neighbours_of(call: Call, request: HttpRequest, page: Any) -> Neighbours | None:
    """The neighbours of a call in its reader's list; None where it is not in that list, or there is no such list."""
    carried = request.GET.get(CARRIED, "")
    calls = _list_of(carried, request, page)
    if calls is None or not calls.queryset.filter(pk=call.pk).exists():
        return None
    back = reverse("admin:calls_call_changelist") + (f"?{carried}" if carried else "")
    before, after = (_beyond(calls, call, is_after=is_after) for is_after in (False, True))
    return Neighbours(previous=_address(before, carried), next=_address(after, carried), back=back)


def _list_of(carried: str, request: HttpRequest, page: Any) -> Unpaged | None:
    """The list that this query string asks for; None where it asks for what no list has."""
    query = QueryDict(carried)
    if any("\0" in text for name, values in query.lists() for text in (name, *values)):  # no database stores it
        return None
    asked: Any = copy(request)
    asked.GET, asked.list_class = query, Unpaged
    try:
        found: Unpaged = page.get_changelist_instance(asked)
    except (IncorrectLookupParameters, DisallowedModelAdminLookup):
        return None
    return found


def _beyond(calls: Unpaged, call: Call, *, is_after: bool) -> Any:
    """The id of the next row in the list's order, or of the one before."""
    rows: QuerySet[Any] = calls.queryset
    order = [(name, descends if is_after else not descends) for name, descends in calls.order]
    keys = {name: F(name) if name in _NEVER_NULL else Coalesce(F(name), Value(-1)) for name, _ in order}
    here: dict[str, Any] = {name: getattr(call, name) for name in keys}
    rows = rows.annotate(**{f"at_{name}": key for name, key in keys.items()})
    beyond, tied = Q(pk__in=[]), Q()
    for name, descends in order:
        value = here[name] if here[name] is not None else -1
        beyond |= tied & Q((f"at_{name}__{'lt' if descends else 'gt'}", value))
        tied &= Q((f"at_{name}", value))
    sort = [f"{'-' if descends else ''}at_{name}" for name, descends in order]
    return rows.filter(beyond).order_by(*sort).prefetch_related(None).values_list("pk", flat=True).first()


def _address(key: Any, carried: str) -> str:
    if key is None:
        return ""
    address = reverse("admin:calls_call_change", args=[key])
    return f"{address}?{urlencode({CARRIED: carried})}" if carried else address
