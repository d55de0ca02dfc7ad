"""Lists that cost the same however many rows there are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.views import ChangeList

from tenants.list_rows import page_of

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

    preserved_filters: str

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        # Django looks up what address each row leads to before it adds how the list is narrowed; ``url_for_result`` knows.
        self._narrowed = self.preserved_filters
        self.preserved_filters = ""

    def url_for_result(self, result: Any) -> str:
        key = getattr(result, self.pk_attname)
        if not isinstance(key, UUID):
            address: str = super().url_for_result(result)
        else:
            address = page_of(f"{self.model_admin.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change", key)
        return f"{address}?{self._narrowed}" if self._narrowed else address

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count
