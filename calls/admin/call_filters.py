"""What narrows the list of calls: period, quick scope, ranges, related rows. All of it lives in the address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import TextFilter
from unfold.widgets import INPUT_CLASSES

from calls import finding
from calls.admin.call_slices import SLICES
from calls.admin.length_filters import DurationFilter, RingFilter, TalkFilter
from calls.choices import CallType
from calls.finding import days_of
from calls.ledger.judging import EARLIEST, LATEST
from calls.models.call import RECORDED, CallQuerySet
from tenants.drawn_filters import ChoicesDropdownFilter, DropdownFilter
from tenants.scoped_admin import RelatedFilter

TODAY, YESTERDAY, WEEK, MONTH, DAYS_30, ALL = "today", "yesterday", "7d", "month", "30d", "all"
PERIODS = [
    (TODAY, _("Today")),
    (YESTERDAY, _("Yesterday")),
    (WEEK, _("7 days")),
    (MONTH, _("This month")),
    (DAYS_30, _("30 days")),
    (ALL, _("All time")),
]
SCOPES = [
    ("", _("All")),
    ("missed", _("Missed")),
    ("flagged", _("Flagged")),
    ("recorded", _("Recorded")),
    ("unmatched", _("Unmatched")),
    ("short", _("Under 10 s")),
    ("live", _("Live")),
    ("mine", _("Mine")),
]


def midnight(day: date) -> datetime:
    """The first instant of a day in the viewer's zone, also where its clocks change on that day."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


@dataclass(frozen=True, kw_only=True)
class Period:
    """From when to when a list shows calls, and how that is said. ``end`` is not part of it."""

    name: str
    start: datetime | None
    end: datetime | None
    said: str


def period_of(name: str) -> Period:
    """A named period in the viewer's zone."""
    today = timezone.localdate()
    if name not in dict(PERIODS) or name == ALL:
        return Period(name=ALL, start=None, end=None, said=gettext("Calls of all time"))
    first, last = days_of(name, today)
    said = {
        TODAY: gettext("Calls of today, %(day)s"),
        YESTERDAY: gettext("Calls of yesterday, %(day)s"),
        MONTH: gettext("Calls of this month, %(month)s"),
    }.get(name, gettext("Calls of the last %(days)s days, today included"))
    words = {
        "day": date_format(first, "WEEKDAY_DAY_FORMAT"),
        "month": date_format(first, "MONTH_FORMAT"),
        "days": (last - first).days + 1,
    }
    zone = str(timezone.get_current_timezone())
    return Period(name=name, start=midnight(first), end=midnight(last + timedelta(days=1)), said=f"{said % words} ({zone})")


def shown_period(params: Mapping[str, str]) -> str:
    """The period a list with these parameters shows: today unless they say or search otherwise."""
    if any(params.get(name) for name in StartedFilter.ends):
        return ALL  # the form sends the period it shows along with the days
    told = params.get(PeriodFilter.parameter_name, "")
    if told in dict(PERIODS):
        return told
    return ALL if params.get("q") or params.get("scope") == "live" else TODAY


class PeriodFilter(DropdownFilter):
    """Today unless told otherwise. Searching, calls that go on and a date range look through all time instead."""

    title = _("period")
    parameter_name = "period"
    all_option = None

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        self._shown = shown_period(request.GET.dict())

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        return PERIODS

    def value(self) -> str:
        return self._shown

    @property
    def period(self) -> Period:
        """The period that is shown."""
        return period_of(self.value())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.between(self.period.start, self.period.end)


class ScopeFilter(DropdownFilter):
    """The questions staff ask all day."""

    title = _("scope")
    parameter_name = "scope"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        return SCOPES[1:]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return in_scope(queryset, self.value() or "", request)


def in_scope(calls: CallQuerySet, scope: str, request: HttpRequest) -> CallQuerySet:
    """The calls of a quick scope; an unknown one narrows nothing."""
    return finding.in_scope(calls, scope, request.user.pk)


class _DaysForm(forms.Form):
    """Two days, either of them optional."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for end, label in (("from", _("First day")), ("to", _("Last day"))):
            widget = forms.DateInput(
                attrs={"type": "date", "class": " ".join(INPUT_CLASSES), "aria-label": label, "title": label}
            )
            self.fields[f"{name}_{end}"] = forms.DateField(
                label=label,
                required=False,
                widget=widget,
                validators=[MinValueValidator(EARLIEST.date()), MaxValueValidator(LATEST.date() - timedelta(days=2))],
            )


class StartedFilter(admin.SimpleListFilter):
    """Calls of the days from one to another, both included, in the viewer's zone."""

    title = _("day")
    parameter_name = "started"
    template = "unfold/filters/filters_date_range.html"
    ends = ("started_from", "started_to")

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.ends:
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]
        self.form = _DaysForm(self.parameter_name, {name: self.used_parameters.get(name, "") for name in self.ends})

    def expected_parameters(self) -> list[str | None]:
        return list(self.ends)

    def has_output(self) -> bool:
        return True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {"form": self.form}

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.form.is_valid():
            messages.warning(request, gettext("A day that is no date was left out of the filter."))
        first, last = (self.form.cleaned_data.get(name) for name in self.ends)
        return queryset.between(midnight(first) if first else None, midnight(last + timedelta(days=1)) if last else None)


class OutcomeFilter(TextFilter):
    """This very outcome."""

    title = _("outcome")
    parameter_name = "outcome"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(outcome=self.value()) if self.value() else queryset


class NotesFilter(TextFilter):
    """Text that occurs in the notes."""

    title = _("text in notes")
    parameter_name = "notes"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(notes__folds=(self.value() or "")[:200]) if self.value() else queryset


class TypeFilter(DropdownFilter):
    """What staff call it at a glance."""

    title = _("type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        return CallType.choices

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.of_type(self.value()) if self.value() in CallType.values else queryset


class YesNoFilter(DropdownFilter):
    """A question that is answered yes or no."""

    yes = Q()

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return {"yes": queryset.filter(self.yes), "no": queryset.exclude(self.yes)}.get(self.value() or "", queryset)


class RecordingFilter(YesNoFilter):
    """Whether there is something to listen to."""

    title = _("recording")
    parameter_name = "recording"
    yes = RECORDED


class UnverifiedFilter(YesNoFilter):
    """Whether it came by an open address."""

    title = _("unverified")
    parameter_name = "unverified"
    yes = Q(is_verified=False)


FILTERS = [
    PeriodFilter,
    ScopeFilter,
    StartedFilter,
    TypeFilter,
    ("direction", ChoicesDropdownFilter),
    ("disposition", ChoicesDropdownFilter),
    DurationFilter,
    TalkFilter,
    RingFilter,
    ("agent", RelatedFilter),
    ("company", RelatedFilter),
    ("contact", RelatedFilter),
    ("center", RelatedFilter),
    ("line", RelatedFilter),
    ("tags", RelatedFilter),
    OutcomeFilter,
    NotesFilter,
    ("source", ChoicesDropdownFilter),
    RecordingFilter,
    UnverifiedFilter,
    *SLICES,
]
