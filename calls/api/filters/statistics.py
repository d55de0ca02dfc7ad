"""Which calls statistics are of, over what period, grouped and compared how."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django_filters import Filter

from calls.api.filters.base import MomentFilter, SecondsFilter, TruthFilter, WordParameter
from calls.api.filters.calls import CallFilters
from calls.api.moments import read_day, read_moment_parameter
from calls.api.problems import bad_parameter
from calls.reports import NAMED, PARTIES, TIME_GROUPS, Span, named

USUAL_PERIOD, LONGEST = "7d", timedelta(days=367)
OF_THE_DAY = ("hour_of_day", "weekday", "weekday_hour")
GROUPS = (*TIME_GROUPS, *OF_THE_DAY, *PARTIES)
MOST_ROWS, USUAL_ROWS = 1000, 100


class ZoneParameter(forms.CharField):
    """A time zone by its name."""

    def clean(self, value: Any) -> ZoneInfo | None:
        text = super().clean(value)
        if text and text not in available_timezones():
            raise ValidationError("Write the name of a time zone, such as Europe/Stockholm.")
        return ZoneInfo(text) if text else None


class Said(Filter):
    """A parameter that says something of the answer and leaves no call out."""

    def filter(self, qs: Any, value: Any) -> Any:
        return qs


class WordSaid(Said):
    """One of several words."""

    field_class = WordParameter


class ZoneSaid(Said):
    """A time zone."""

    field_class = ZoneParameter


class TextSaid(Said):
    """Text that is read once the zone is known."""

    field_class = forms.CharField


class CountSaid(Said):
    """A whole number."""

    field_class = forms.IntegerField


class SecondsSaid(SecondsFilter, Said):
    """Seconds."""

    def filter(self, qs: Any, value: Any) -> Any:
        return qs


class TruthSaid(TruthFilter):
    """Yes or no."""

    def filter(self, qs: Any, value: Any) -> Any:
        return qs


class MomentSaid(MomentFilter, Said):
    """A time that is read once the zone is known."""

    field_class: Any = forms.CharField

    def filter(self, qs: Any, value: Any) -> Any:
        return qs


class StatisticsFilters(CallFilters):
    """The filters of calls, and the period."""

    group = WordSaid(words=GROUPS, help_text="Rows by this; without it there is the total only.")
    zone = ZoneSaid(help_text="Whose clocks days and hours go by; the tenant's unless told.")
    period = WordSaid(words=NAMED, help_text=f"Days in the zone, today included; {USUAL_PERIOD} unless told.")
    started_after = MomentSaid(help_text="In the place of `period`: started at this time or later.")
    started_before = MomentSaid(help_text="The end of the period, not part of it; now unless told.")
    date = TextSaid(help_text="In the place of `period`: one day in the zone: 2026-03-02, today or yesterday.")
    compare = TruthSaid(help_text="Tell the same of the period before as well.")
    within = SecondsSaid(help_text="What `answered_within` counts: calls answered after at most so many seconds; 20 unless told.")
    limit = CountSaid(
        min_value=1, max_value=MOST_ROWS, help_text=f"How many agents, companies …: those with most calls; usually {USUAL_ROWS}."
    )

    page_size = CountSaid(min_value=1, max_value=MOST_ROWS, help_text="The same as `limit`.")

    def said(self, name: str) -> Any:
        """The value of one parameter; empty where it was not given."""
        return self.form.cleaned_data.get(name)

    def span(self, now: datetime) -> Span:
        """The period that is asked for; raises ``Problem`` naming the parameter that is in the way."""
        zone = self.said("zone") or self.request.auth.tenant.zone
        own = [name for name in ("started_after", "started_before", "date") if self.said(name)]
        if not own:
            return named(self.said("period") or USUAL_PERIOD, zone, now)
        if self.said("period"):
            raise bad_parameter(own[0], "Tell either a period or times of your own.")
        with timezone.override(zone):
            start, end = self._day(zone) if "date" in own else self._range(zone, now)
        if not start < end:
            raise bad_parameter(
                "started_before" if "started_before" in own else "started_after", "The period ends before it starts."
            )
        if end - start > LONGEST:
            raise bad_parameter("started_after", f"At most {LONGEST.days} days at once.")
        return Span(start=start, end=end, zone=zone)

    def _day(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        for name in ("started_after", "started_before"):
            if self.said(name):
                raise bad_parameter(name, "Tell either a day or times of your own.")
        return _read("date", lambda: read_day(self.said("date"), zone))

    def _range(self, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
        if not self.said("started_after"):
            raise bad_parameter("started_after", "Say where the period starts, too.")
        start = _read("started_after", lambda: read_moment_parameter(self.said("started_after"), zone))
        end = self.said("started_before")
        return start, _read("started_before", lambda: read_moment_parameter(end, zone)) if end else now


def _read(name: str, reading: Any) -> Any:
    try:
        return reading()
    except ValueError as error:
        raise bad_parameter(name, str(error)) from error
