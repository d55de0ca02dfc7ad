"""Lists that cost the same however many rows there are."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.views import ChangeList

COUNTED = 10_000  # nobody pages further than this; they narrow the list


class BoundedPaginator(Paginator):
    """Counts no further than ``COUNTED`` rows, so that a list of millions costs what a list of thousands does."""

    template_name = "admin/bounded_pagination.html"

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return rows.order_by()[: COUNTED + 1].count()

    @property
    def count(self) -> int:
        return min(self._counted, COUNTED)

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than were counted."""
        return self._counted > COUNTED


class BoundedList(ChangeList):
    """A list whose heading does not offer to "show all": that would only drop its filters."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count
