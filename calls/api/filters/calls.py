"""Which calls."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.utils import timezone
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
    WordFilter,
)
from calls.api.moments import midnight
from calls.choices import CallType, Direction, Disposition, MatchState, Source, State
from calls.finding import COUNTED, HOURS, PARTIES, PERIODS, SCOPES, WEEKDAYS, counted_for, days_of, in_scope, search
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
    period = WordFilter(
        "started_at", method="by_period", words=PERIODS, help_text="Whole days in the tenant's time zone, today the last of them."
    )
    hour = WordFilter(method="by_hour", words=HOURS, help_text="Started in this hour of the day, by the tenant's clocks.")
    weekday = WordFilter(method="by_weekday", words=WEEKDAYS, help_text="Started on this day of the week; 1 is Monday.")
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
    source = AnyOfFilter("source", words=Source.values, help_text="Where it came from.")
    agent = IdsFilter("agent_id")
    company = IdsFilter("company_id")
    center = IdsFilter("center_id")
    contact = IdsFilter("contact_id")
    line = IdsFilter("line_id")
    number = NumberFilter(method="by_number", help_text="Either party's number, whole and in any spelling.")
    number_part = DigitsFilter(method="by_number_part", help_text="Digits that occur in either party's number.")
    without = WordFilter(method="by_lack", words=PARTIES, help_text="Calls that have none of these.")
    counted = WordFilter(method="by_figure", words=COUNTED, help_text="The calls that a figure of the statistics is of.")
    tag = TextsFilter(method="by_tag", help_text="The name of a tag, whatever its letter case.")
    outcome = TextsFilter("outcome")
    external_id = TextsFilter("external_id")
    notes = TextFilter("notes", "folds", help_text="Text that occurs in the notes.")
    flagged = TruthFilter("is_flagged")
    has_recording = TruthFilter(method="by_recording")
    unmatched = TruthFilter(method="by_unmatched", help_text="Calls whose contact is not known, withheld numbers aside.")
    verified = TruthFilter("is_verified", help_text="False: calls that came without credentials.")

    scope = WordFilter(method="by_scope", words=SCOPES, help_text="The quick scopes of the admin; mine: of the token's holder.")
    q = TextFilter(
        method="by_words", help_text="A number in any spelling or part, else words that occur in names, or an external id."
    )

    class Meta:
        model = Call
        fields: list[str] = []

    def by_period(self, calls: Any, name: str, period: str) -> QuerySet[Call]:
        first, last = days_of(period, timezone.localdate())
        zone = timezone.get_current_timezone()
        return calls.between(midnight(first, zone), midnight(last + timedelta(days=1), zone))

    def by_hour(self, calls: Any, name: str, hour: str) -> QuerySet[Call]:
        began = ExtractHour("started_at", tzinfo=timezone.get_current_timezone())  # asked for later, under other clocks
        return calls.alias(began_hour=began).filter(began_hour=int(hour))

    def by_weekday(self, calls: Any, name: str, day: str) -> QuerySet[Call]:
        began = ExtractIsoWeekDay("started_at", tzinfo=timezone.get_current_timezone())
        return calls.alias(began_weekday=began).filter(began_weekday=int(day))

    def by_lack(self, calls: Any, name: str, party: str) -> QuerySet[Call]:
        return calls.filter(**{f"{party}__isnull": True})

    def by_figure(self, calls: Any, name: str, figure: str) -> QuerySet[Call]:
        return counted_for(calls, figure)

    def by_scope(self, calls: Any, name: str, scope: str) -> QuerySet[Call]:
        return in_scope(calls, scope, self.request.auth.user.pk)

    def by_words(self, calls: Any, name: str, words: str) -> QuerySet[Call]:
        return search(calls, words, [self.place])

    def by_type(self, calls: Any, name: str, types: list[str]) -> QuerySet[Call]:
        return calls.of_type(*types)

    def by_number(self, calls: QuerySet[Call], name: str, text: str) -> QuerySet[Call]:
        number = read_number(text, self.place)
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
