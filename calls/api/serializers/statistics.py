"""Figures of calls."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from calls.api.fields import MomentField, SecondsField


class StatisticsFigures(serializers.Serializer[Any]):
    """What was counted. Lengths are seconds; averages and percentiles are null where no call has that length."""

    calls = serializers.IntegerField()
    answered = serializers.IntegerField()
    answered_share = serializers.FloatField(allow_null=True, help_text="Of all calls, between 0 and 1; null of no calls.")
    answered_within = serializers.IntegerField(help_text="Answered after ringing for at most `within` seconds.")
    missed = serializers.IntegerField(help_text="Inbound, and nobody took it.")
    not_returned = serializers.IntegerField(help_text="Missed, with a number nobody has talked with since.")
    ring_average = SecondsField(allow_null=True)
    ring_p90 = SecondsField(allow_null=True, help_text="Nine of ten calls ring no longer.")
    talk = serializers.FloatField(min_value=0, help_text="All talk together.")
    talk_average = SecondsField(allow_null=True, help_text="Of the calls with any talk.")
    talk_p90 = SecondsField(allow_null=True, help_text="Of the calls with any talk.")


class StatisticsRow(StatisticsFigures):
    """The figures of a part of the calls; which part, tell the members before them, those of other groups being null."""

    start = MomentField(allow_null=True)
    end = MomentField(allow_null=True, help_text="Not part of it.")
    weekday = serializers.IntegerField(allow_null=True, help_text="1 is Monday.")
    hour = serializers.IntegerField(allow_null=True, help_text="0 to 23, in the zone.")
    key = serializers.CharField(allow_null=True, help_text="A word or an id, as the filter of that name takes it; null: none.")
    name = serializers.CharField(allow_null=True)


class FiguresOfPeriod(serializers.Serializer[Any]):
    """A period with its figures."""

    since = MomentField()
    until = MomentField(help_text="Not part of it.")
    total = StatisticsFigures()
    rows = StatisticsRow(many=True, help_text="By time: all of the period in order. Others: most calls first.")


class StatisticsDocument(FiguresOfPeriod):
    """Statistics of a period, and of the one before where that was asked for."""

    zone = serializers.CharField()
    group = serializers.CharField(allow_null=True)
    within = SecondsField()
    before = FiguresOfPeriod(allow_null=True, help_text="As many days, the month, or as many seconds right before.")
