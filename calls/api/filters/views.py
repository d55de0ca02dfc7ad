"""Which saved views; and applying what one keeps, outside a request of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from calls.api.filters.base import Filters, MomentFilter, TextFilter, TruthFilter
from calls.api.filters.calls import CallFilters
from calls.models import SavedView
from calls.models.call import CallQuerySet

MOST_TEXT = 2000  # characters of one filter, as in an address


class ViewFilters(Filters):
    """Which views."""

    name = TextFilter("name", "folds", help_text="Text that occurs in the name.")
    shared = TruthFilter("is_shared", help_text="True: those the tenant's people share.")
    mine = TruthFilter(method="by_mine", help_text="True: those of the token's holder.")
    updated_after = MomentFilter("updated_at", "gte", help_text="Changed at this time or later.")

    class Meta:
        model = SavedView
        fields: list[str] = []

    def by_mine(self, views: QuerySet[Any], name: str, wanted: bool) -> QuerySet[Any]:
        own = {"owner": self.request.auth.user}
        return views.filter(**own) if wanted else views.exclude(**own)


@dataclass(frozen=True, kw_only=True)
class Looker:
    """Whose country, zone and people a kept filter is read by."""

    tenant: Any
    user: Any


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """What filters look at of a request."""

    query_params: QueryDict
    auth: Looker


def narrowed(calls: CallQuerySet, filters: Mapping[str, str], looker: Looker) -> CallQuerySet:
    """The calls that fit kept filters. Raises ``Problem`` naming every one that cannot be read."""
    query = QueryDict(mutable=True)
    query.update(filters)
    kept: Any = _Kept(query_params=query, auth=looker)
    rows: Any = CallFilters.filtered(kept, calls)
    found: CallQuerySet = rows
    return found
