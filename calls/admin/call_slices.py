"""Filters of the list of calls that the marks of charts lead to; people may choose them as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from calls.finding import counted_for
from tenants.drawn_filters import DropdownFilter


class HourFilter(DropdownFilter):
    """Calls that began in one hour of the day, by the viewer's clocks, whatever the day."""

    title = _("hour of the day")
    parameter_name = "hour"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        return [(str(hour), f"{hour:02}:00 – {(hour + 1) % 24:02}:00") for hour in range(24)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(started_at__hour=int(self.value())) if _is_offered(self) else queryset


class WeekdayFilter(DropdownFilter):
    """Calls that began on one day of the week, by the viewer's clocks; 1 is Monday."""

    title = _("day of the week")
    parameter_name = "weekday"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        return [(str(number + 1), name) for number, name in WEEKDAYS.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(started_at__iso_week_day=int(self.value())) if _is_offered(self) else queryset


class WithoutFilter(DropdownFilter):
    """Calls that have nobody of a kind."""

    title = _("without")
    parameter_name = "without"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        return [
            ("agent", _("Agent")),
            ("company", _("Company")),
            ("contact", _("Contact")),
            ("line", _("Line")),
            ("center", _("Center")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**{f"{self.value()}__isnull": True}) if _is_offered(self) else queryset


class CountedFilter(DropdownFilter):
    """The calls that a figure is of."""

    title = _("counted for")
    parameter_name = "counted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        return [("ring", _("Ring")), ("talk", _("Talk")), ("not_returned", _("Missed, not returned"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return counted_for(queryset, self.value() or "")


SLICES = [HourFilter, WeekdayFilter, WithoutFilter, CountedFilter]


def _is_offered(chosen: DropdownFilter) -> bool:
    return chosen.value() in {key for key, _name in chosen.lookup_choices}
