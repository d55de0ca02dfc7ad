"""Finding calls by words: a number in any spelling, a name, an external id; the days a named period
has; quick scopes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Q

from calls.models.call import CallQuerySet
from contacts.phone import KEY_DIGITS, SHORTEST_PUBLIC, read_number
from tenants.place import Place

PERIODS = ("today", "yesterday", "7d", "month", "30d")
SCOPES = ("missed", "flagged", "recorded", "unmatched", "short", "live", "mine")
HOURS = tuple(str(hour) for hour in range(24))
WEEKDAYS = tuple(str(day) for day in range(1, 8))
PARTIES = ("agent", "company", "contact", "line", "center")
COUNTED = ("ring", "talk", "not_returned")
SORTS = ("started_at", "ended_at", "duration", "talk", "ring", "created_at", "updated_at")
_NUMBER = re.compile(r"[+(\d][\d\s()./*#\-\u2010-\u2015]*\Z")


def days_of(period: str, today: date) -> tuple[date, date]:
    """The first and the last day of a named period, as seen on the day ``today``."""
    if period == "yesterday":
        today -= timedelta(days=1)
    if period == "month":
        return today.replace(day=1), today
    return today - timedelta(days={"7d": 6, "30d": 29}.get(period, 0)), today


def in_scope(calls: CallQuerySet, scope: str, user: UUID | None) -> CallQuerySet:
    """The calls of a quick scope, as this person (by key) sees it; an unknown one narrows
    nothing."""
    if scope == "missed":
        return calls.missed()
    if scope == "flagged":
        return calls.filter(is_flagged=True)
    if scope == "recorded":
        return calls.recorded()
    if scope == "unmatched":
        return calls.unmatched()
    if scope == "short":
        return calls.short()
    if scope == "live":
        return calls.live()
    return calls.filter(agent__user=user) if scope == "mine" else calls


def counted_for(calls: CallQuerySet, figure: str) -> CallQuerySet:
    """The calls that a figure of the statistics is of; an unknown one narrows nothing."""
    if figure == "ring":
        return calls.filter(ring_ms__isnull=False)
    if figure == "talk":
        return calls.filter(talk_ms__gt=0)
    return calls.not_returned() if figure == "not_returned" else calls


def search(calls: CallQuerySet, words: str, places: Iterable[Place | str]) -> CallQuerySet:
    """Calls with this number in any spelling or part, else with every word in a name, or with this
    very external id."""
    words = " ".join(words.split())[:200]
    if not words:
        return calls
    if is_number(words):
        return calls.filter(_by_number(words, places) | Q(external_id=words))
    for word in words.split()[:8]:
        calls = calls.filter(
            Q(remote_name__folds=word)
            | Q(contact__name__folds=word)
            | Q(company__name__folds=word)
            | Q(agent_name__folds=word)
            | Q(caller_name__folds=word)
            | Q(callee_name__folds=word)
            | Q(external_id=words)
        )
    return calls


def is_number(words: str) -> bool:
    """Whether this is a phone number, or a part of one, rather than a word."""
    return bool(_NUMBER.match(words)) and any(sign.isdigit() for sign in words)


def _by_number(text: str, places: Iterable[Place | str]) -> Q:
    """Calls that have these digits in a number, without an exit code or trunk zero; full numbers
    also by what their spellings share."""
    digits = re.sub(r"\D", "", text)
    parts = {digits.lstrip("0") or digits}
    if len(digits) >= SHORTEST_PUBLIC and "*" not in text:
        numbers = [read_number(text, place) for place in places]
        parts |= {number.key for number in numbers} | {number.digits[-KEY_DIGITS:] for number in numbers if number.e164}
    found = Q(pk__in=[])
    for part in parts - {""}:
        found |= Q(number_text__contains=part)
    return found
