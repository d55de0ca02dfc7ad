"""What a tenant may use and what it used."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from calls.api.fields import MomentField, SecondsField


class LimitDocument(serializers.Serializer[Any]):
    """One limit and how much of it is used."""

    name = serializers.CharField(help_text="deposits (uploads of the month), dial_minutes (of the day), dial_legs (at one time).")
    limit = serializers.IntegerField(allow_null=True, help_text="Null: no limit.")
    used = serializers.IntegerField()
    remaining = serializers.IntegerField(allow_null=True)
    period = serializers.CharField(allow_blank=True, help_text="The month or day it counts for, by the tenant's clocks.")
    resets_at = MomentField(allow_null=True)


class RateDocument(serializers.Serializer[Any]):
    """How many requests may be made in a window of time."""

    name = serializers.CharField(help_text="api (this API, each token by itself), doors (each vendor's API).")
    limit = serializers.IntegerField()
    window = serializers.IntegerField(help_text="Seconds.")
    remaining = serializers.IntegerField(allow_null=True, help_text="Null where only that door tells.")


class DispositionDocument(serializers.Serializer[Any]):
    """Calls of one direction that came out alike."""

    direction = serializers.CharField()
    disposition = serializers.CharField()
    calls = serializers.IntegerField()
    talk = SecondsField()


class FiguresDocument(serializers.Serializer[Any]):
    """What was used."""

    calls = serializers.IntegerField()
    talk = SecondsField(help_text="Seconds.")
    recordings = serializers.IntegerField(help_text="Audio that came in for these calls.")
    audio_bytes = serializers.IntegerField()
    dialled = serializers.IntegerField(help_text="Calls that were made here.")
    dialled_talk = SecondsField(help_text="Seconds of talk of calls made here.")
    outcomes = DispositionDocument(many=True)


class DayDocument(FiguresDocument):
    """What was used on one day."""

    day = serializers.DateField()
    counted_at = MomentField()


class UsageDocument(serializers.Serializer[Any]):
    """Limits, and usage by day."""

    limits = LimitDocument(many=True)
    rates = RateDocument(many=True)
    since = serializers.DateField()
    until = serializers.DateField(help_text="Included.")
    time_zone = serializers.CharField()
    total = FiguresDocument(allow_null=True, help_text="Null for whoever is limited to one center.")
    days = DayDocument(many=True, allow_null=True, help_text="Days with calls, oldest first; minutes behind the log.")
