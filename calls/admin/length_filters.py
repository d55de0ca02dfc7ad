"""What narrows lists by a length: numbers of seconds, from one to another."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeNumericListFilter

from calls.ledger.judging import LONGEST_MS


class SecondsFilter(RangeNumericListFilter):
    """A length from one number of seconds to another, both included."""

    field_name = ""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        for end, lookup in (("from", "gte"), ("to", "lte")):
            told = self.used_parameters.get(f"{self.parameter_name}_{end}")
            if told in (None, ""):
                continue
            try:
                seconds = forms.FloatField(min_value=0, max_value=LONGEST_MS / 1000).clean(told)
            except forms.ValidationError:
                messages.warning(request, gettext("A length that is no number of seconds was left out of the filter."))
                continue
            ms = int(seconds * 1000) if end == "from" else int(seconds * 1000) + 999  # lists show whole seconds
            queryset = queryset.filter(**{f"{self.field_name}__{lookup}": ms})
        return queryset


class DurationFilter(SecondsFilter):
    """The whole call."""

    title = _("duration in seconds")
    parameter_name = "duration"
    field_name = "duration_ms"


class TalkFilter(SecondsFilter):
    """The time spent talking."""

    title = _("talk in seconds")
    parameter_name = "talk"
    field_name = "talk_ms"


class RingFilter(SecondsFilter):
    """The time spent waiting."""

    title = _("ring in seconds")
    parameter_name = "ring"
    field_name = "ring_ms"
