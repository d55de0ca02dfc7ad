"""Lists that cost the same however many rows there are, and pages that ask the database nothing but what they offer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import SuspiciousOperation
from django.core.paginator import Paginator
from django.db.models import DateTimeField
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from unfold.views import ChangeList

from tenants.chosen import is_key
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


class BoundedAdmin:
    """For every admin page, before its other bases: no address and no form makes it ask what takes long or cannot be asked.

    Addresses narrow a list by its filters alone, and by what ``narrowing`` names.
    """

    paginator: Any = BoundedPaginator
    show_full_result_count = False
    view_on_site: Any = False  # Django's redirection there asks nobody whose row it is
    narrowing: tuple[str, ...] = ()
    opts: Any
    get_list_filter: Any

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoundedList]:
        return BoundedList

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Refuse regular expressions, which may take seconds, and columns and relations that the list has no filter for."""
        column = lookup.partition("__")[0]
        columns = {name for field in self.opts.get_fields() for name in (field.name, getattr(field, "attname", field.name))}
        if lookup.endswith("regex") or column in columns - self._offered(request):
            return False
        return bool(super().lookup_allowed(lookup, value, request))  # type: ignore[misc]

    def _offered(self, request: HttpRequest) -> set[str]:
        filters = self.get_list_filter(request)
        names = (spec[0] if isinstance(spec, tuple) else getattr(spec, "parameter_name", spec) for spec in filters)
        return {"tenant", *self.narrowing, *map(str, names)}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if any("\0" in value for values in request.GET.lists() for value in (values[0], *values[1])):
            raise SuspiciousOperation("No database stores NUL, so nothing can be found by it.")
        response: HttpResponse = super().changelist_view(request, extra_context)  # type: ignore[misc]
        return response

    def response_action(self, request: HttpRequest, queryset: Any, *args: Any, **kwargs: Any) -> Any:
        if not all(is_key(self.opts.pk, key) for key in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise SuspiciousOperation("What was ticked is no row.")
        return super().response_action(request, queryset, *args, **kwargs)  # type: ignore[misc]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)  # type: ignore[misc]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What an address fills in; no times, which Django's form would take as they were typed."""
        times = {field.name for field in self.opts.concrete_fields if isinstance(field, DateTimeField)}
        told: dict[str, Any] = super().get_changeform_initial_data(request)  # type: ignore[misc]
        return {name: value for name, value in told.items() if name not in times}
