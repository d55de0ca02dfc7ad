"""What narrows the list of recordings: quick scopes, ranges of what can be heard, related facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeNumericListFilter

from calls.admin.length_filters import DurationFilter
from calls.models.recording import RecordingQuerySet
from tenants.bounded import BoundedList
from tenants.drawn_filters import ChoicesDropdownFilter, DropdownFilter

SCOPES = [
    ("", _("All")),
    ("playable", _("Playable")),
    ("waiting", _("Without audio")),
    ("refused", _("Refused")),
    ("short", _("Too short to be speech")),
    ("held", _("Legal hold")),
    ("replaced", _("Replaced files")),
    ("removed", _("Removed")),
]


def in_scope(recordings: RecordingQuerySet, scope: str) -> RecordingQuerySet:
    """The recordings of a quick scope; an unknown one narrows nothing."""
    scopes = {
        "playable": lambda: recordings.playable().current(),
        "waiting": recordings.without_audio,
        "refused": recordings.refused,
        "short": recordings.too_short_to_be_speech,
        "held": lambda: recordings.filter(is_on_hold=True),
        "replaced": lambda: recordings.filter(is_current=False),
        "removed": lambda: recordings.filter(state="deleted"),
    }
    return scopes[scope]() if scope in scopes else recordings


class ScopeFilter(DropdownFilter):
    """The questions staff ask of recordings."""

    title = _("scope")
    parameter_name = "scope"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        return SCOPES[1:]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return in_scope(queryset, self.value() or "")


class NumberFilter(RangeNumericListFilter):
    """From one number to another, both included; ``scale`` is what a stored one is multiplied by to be shown."""

    field_name = ""
    lowest, highest, scale = 0.0, 100.0, 1.0

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        for end, lookup in (("from", "gte"), ("to", "lte")):
            told = self.used_parameters.get(f"{self.parameter_name}_{end}")
            if told in (None, ""):
                continue
            try:
                number = forms.FloatField(min_value=self.lowest, max_value=self.highest).clean(told) / self.scale
            except forms.ValidationError:
                messages.warning(request, gettext("A number that cannot be was left out of the filter."))
                continue
            queryset = queryset.filter(self.holds(lookup, number))
        return queryset

    def holds(self, lookup: str, number: float) -> Q:
        """The condition of one end."""
        return Q(**{f"{self.field_name}__{lookup}": number})


class SilenceFilter(NumberFilter):
    """How much of it is silence."""

    title = _("silence in percent")
    parameter_name = "silence"
    field_name = "silence_share"
    scale = 100.0


class TalkShareFilter(NumberFilter):
    """How much either channel talks."""

    title = _("talk of either channel in percent")
    parameter_name = "talk"
    scale = 100.0

    def holds(self, lookup: str, number: float) -> Q:
        return Q(**{f"talk_share_left__{lookup}": number}) | Q(**{f"talk_share_right__{lookup}": number})


class OvertalkFilter(NumberFilter):
    """How much both talk at once."""

    title = _("both at once in percent")
    parameter_name = "overtalk"
    field_name = "overtalk_share"
    scale = 100.0


class LoudnessFilter(NumberFilter):
    """How loud what is not silence is."""

    title = _("loudness in dBFS")
    parameter_name = "loudness"
    field_name = "loudness_dbfs"
    lowest, highest = -200.0, 0.0


class LengthFilter(DurationFilter):
    """The whole file."""

    title = _("length in seconds")


class RecordingList(BoundedList):
    """The list, with its quick scopes above it."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        return super().get_queryset(request, exclude_parameters).for_lists().defer("call__document", "call__facts", "call__notes")

    @property
    def scopes(self) -> list[tuple[Any, str, bool]]:
        """Label, address and whether it is chosen; the rest of the filter stays."""
        chosen = str(self.params.get("scope", ""))
        return [
            (label, self.get_query_string({"scope": name} if name else {}, ["scope", "p"]), name == chosen)
            for name, label in SCOPES
        ]


FILTERS = [
    ScopeFilter,
    ("state", ChoicesDropdownFilter),
    ("kind", ChoicesDropdownFilter),
    ("refusal", ChoicesDropdownFilter),
    LengthFilter,
    SilenceFilter,
    TalkShareFilter,
    OvertalkFilter,
    LoudnessFilter,
]
