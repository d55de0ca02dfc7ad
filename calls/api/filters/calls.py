"""Which calls."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django_filters import CharFilter

from calls.api.filters.base import (
    AnyOfFilter,
    DayFilter,
    Filters,
    IdsFilter,
    MomentFilter,
    NumberFilter,
    SecondsFilter,
    TextFilter,
    TextsFilter,
    TruthFilter,
)
from calls.choices import CallType, Direction, Disposition, MatchState, Source, State
from calls.models import Call, Tag
from contacts.phone import read_number


class DigitsParameter(forms.CharField):
    """Part of a number: its digits, the usual separators ignored."""

    def clean(self, value: Any) -> str:
        text = re.sub(r"[\s()+./-]", "", super().clean(value))
        if text and not (text.isascii() and text.isdigit() and 2 <= len(text) <= 15):
            raise ValidationError("Write 2 to 15 digits.")
        return text


class DigitsFilter(CharFilter):
    """By part of a number."""

    field_class = DigitsParameter


class CallFilters(Filters):
    """Every way to narrow the list of calls."""

    started_after = MomentFilter("started_at", "gte", help_text="Started at this time or later.")
    started_before = MomentFilter("started_at", "lt", help_text="Started before this time.")
    ended_after = MomentFilter("ended_at", "gte", help_text="Ended at this time or later.")
    ended_before = MomentFilter("ended_at", "lt", help_text="Ended before this time.")
    updated_after = MomentFilter("updated_at", "gte", help_text="Changed at this time or later.")
    date = DayFilter("started_at", help_text="Started on this day in the tenant's time zone: 2026-03-02, today or yesterday.")
    duration_min = SecondsFilter("duration_ms", "gte", help_text="Seconds, decimals allowed.")
    duration_max = SecondsFilter("duration_ms", "lte", help_text="Seconds, decimals allowed.")
    talk_min = SecondsFilter("talk_ms", "gte", help_text="Seconds, decimals allowed.")
    talk_max = SecondsFilter("talk_ms", "lte", help_text="Seconds, decimals allowed.")
    ring_min = SecondsFilter("ring_ms", "gte", help_text="Seconds, decimals allowed.")
    ring_max = SecondsFilter("ring_ms", "lte", help_text="Seconds, decimals allowed.")
    direction = AnyOfFilter("direction", words=Direction.values)
    type = AnyOfFilter(method="by_type", words=CallType.values, help_text="What staff call it; from direction and disposition.")
    disposition = AnyOfFilter("disposition", words=Disposition.values)
    state = AnyOfFilter("state", words=State.values)
    source = AnyOfFilter("source", words=Source.values, help_text="The door it came in by.")
    agent = IdsFilter("agent_id")
    company = IdsFilter("company_id")
    center = IdsFilter("center_id")
    contact = IdsFilter("contact_id")
    line = IdsFilter("line_id")
    number = NumberFilter(method="by_number", help_text="Either party's number, whole and in any spelling.")
    number_part = DigitsFilter(method="by_number_part", help_text="Digits that occur in either party's number.")
    tag = TextsFilter(method="by_tag", help_text="The name of a tag, whatever its letter case.")
    outcome = TextsFilter("outcome")
    external_id = TextsFilter("external_id")
    notes = TextFilter("notes", "icontains", help_text="Text that occurs in the notes.")
    flagged = TruthFilter("is_flagged")
    has_recording = TruthFilter(method="by_recording")
    unmatched = TruthFilter(method="by_unmatched", help_text="Calls whose contact is not known, withheld numbers aside.")
    verified = TruthFilter("is_verified", help_text="False: calls that came without credentials.")

    class Meta:
        model = Call
        fields: list[str] = []

    def by_type(self, calls: Any, name: str, types: list[str]) -> QuerySet[Call]:
        return calls.of_type(*types)

    def by_number(self, calls: QuerySet[Call], name: str, text: str) -> QuerySet[Call]:
        number = read_number(text, self.country)
        if not number:
            return calls.none()
        if number.e164:
            same = Q(caller_e164=number.e164) | Q(callee_e164=number.e164) | Q(remote_e164=number.e164)
            return calls.filter(same | Q(remote_key=number.key, remote_e164=""))
        same = Q(caller_raw=number.raw) | Q(callee_raw=number.raw) | Q(remote_raw=number.raw)
        return calls.filter(same | Q(remote_key=number.key))

    def by_number_part(self, calls: Any, name: str, digits: str) -> QuerySet[Call]:
        return calls.with_number_part(digits)

    def by_tag(self, calls: QuerySet[Call], name: str, names: list[str]) -> QuerySet[Call]:
        wanted = Q()
        for text in names:
            wanted |= Q(name__iexact=text)
        tags = Tag.objects.for_tenant(self.request.auth.tenant).filter(wanted)
        return calls.filter(Exists(Call.tags.through.objects.filter(call_id=OuterRef("pk"), tag__in=tags)))

    def by_recording(self, calls: QuerySet[Call], name: str, wanted: bool) -> QuerySet[Call]:
        recorded = Q(has_audio=True) | ~Q(recording_url="")
        return calls.filter(recorded if wanted else ~recorded)

    def by_unmatched(self, calls: Any, name: str, wanted: bool) -> QuerySet[Call]:
        if wanted:
            return calls.unmatched()
        return calls.filter(Q(is_withheld=True) | ~Q(match_state__in=[MatchState.NONE, MatchState.SEVERAL]))
