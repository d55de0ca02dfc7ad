"""A search: what was asked for, and the calls that answer it, in the order of their numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Prefetch, Q

from callhub import doorbell
from calls import ledger
from calls.choices import Direction
from calls.dialects.calln.accounts import accounts_within_reach
from calls.dialects.calln.errors import bad_field
from calls.dialects.calln.moments import end_moment, first_moment
from calls.dialects.calln.vocabulary import DIRECTIONS
from calls.life import outside_on
from calls.models import Call, Recording, Tag
from calls.models.call import CallQuerySet
from calls.tasks import number_calls
from contacts.phone import Number, read_number
from tenants.authentication import Principal
from tenants.models import Center

USUAL_ITEMS, MOST_ITEMS = 100, 1000
MOST_STARS = 5
_LONGEST_TEXT = 200
_HIGHEST = 2**63 - 1
_WHOLE = re.compile(r"\d{1,30}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Search:
    """What was asked for; None and empty text are no condition. ``end`` is exclusive."""

    after: int
    size: int
    start: datetime | None
    end: datetime | None
    numbers: Mapping[str, Number]  # by side of the call
    names: Mapping[str, str]
    subject: str
    rating: int | None
    direction: Direction | None
    group: str
    tag: str
    voip_call_id: str


def zone_of(principal: Principal) -> ZoneInfo:
    """The zone this person's times are in: their own, else their tenant's."""
    return ZoneInfo(principal.user.time_zone) if principal.user.time_zone else principal.tenant.zone


def read_search(query: Mapping[str, str], principal: Principal) -> Search:
    """The search a query asks for, its names in lower case; raises ``Refusal`` naming what cannot be read."""
    zone, place = zone_of(principal), principal.tenant.place
    starts = [_moment(query, "datetimemin", first_moment, zone), _moment(query, "datetimeminutc", first_moment, UTC)]
    ends = [_moment(query, "datetimemax", end_moment, zone), _moment(query, "datetimemaxutc", end_moment, UTC)]
    numbers = {"caller": _text(query, "callerphonenumber"), "callee": _text(query, "destinationphonenumber")}
    return Search(
        after=_whole(query, "afterid", 0) or 0,
        size=min(_whole(query, "maxresults", 1) or USUAL_ITEMS, MOST_ITEMS),
        start=max(filter(None, starts), default=None),
        end=min(filter(None, ends), default=None),
        numbers={side: read_number(text, place) for side, text in numbers.items() if text},
        names={
            side: name
            for side, name in (("caller", _text(query, "callername")), ("callee", _text(query, "destinationname")))
            if name
        },
        subject=_text(query, "subject"),
        rating=_rating(query),
        direction=_direction(query),
        group=_text(query, "handsetgroup"),
        tag=_text(query, "tag"),
        voip_call_id=_text(query, "voipcallid"),
    )


def find(principal: Principal, calls: CallQuerySet, search: Search) -> list[Call]:
    """The calls that answer a search, among ``calls`` within the principal's reach, lowest number first."""
    accounts = accounts_within_reach(principal)
    if not ledger.number_calls(accounts):
        doorbell.ring(number_calls, [str(account.pk) for account in accounts])
    found = calls.filter(number__gt=search.after).between(search.start, search.end)
    for side in ("caller", "callee"):
        if side in search.numbers:
            found = found.filter(_with_number(side, search.numbers[side]))
        if side in search.names:
            found = found.filter(_with_name(side, search.names[side]))
    if search.direction is not None:
        found = found.filter(direction=search.direction)
    found = _with_words(found, search, accounts)
    return list(with_everything_shown(found).order_by("number")[: search.size])


def with_everything_shown(calls: CallQuerySet) -> CallQuerySet:
    """The calls with what an item shows of them, in three queries however many they are."""
    recordings = Recording.objects.current().for_lists().order_by("-created_at", "-id")
    shown = calls.select_related("contact").defer("document", "given_contact", "match_candidates", "completed_forms")
    return shown.prefetch_related("tags", Prefetch("recordings", queryset=recordings, to_attr="audio"))


def _with_words(calls: CallQuerySet, search: Search, accounts: list[Any]) -> CallQuerySet:
    if search.subject:
        calls = calls.filter(outcome__folds=search.subject)
    if search.rating is not None:
        rated = Q(facts__rating=search.rating)
        calls = calls.filter(rated if search.rating else rated | ~Q(facts__has_key="rating"))
    if search.group:
        named = Q(name__iexact=search.group) | Q(external_id=search.group)
        calls = calls.filter(center__in=Center.objects.filter(named, tenant__in=accounts))
    if search.tag:
        tags = Tag.objects.filter(tenant__in=accounts, name__iexact=search.tag)
        calls = calls.filter(Exists(Call.tags.through.objects.filter(call_id=OuterRef("pk"), tag__in=tags)))
    if search.voip_call_id:
        calls = calls.filter(external_id=search.voip_call_id)
    return calls


def _with_number(side: str, number: Number) -> Q:
    """Calls with this number on this side; equal in E.164, else as written."""
    if number.e164:
        same, remote = Q(**{f"{side}_e164": number.e164}), Q(remote_e164=number.e164)
    else:
        same, remote = Q(**{f"{side}_raw": number.raw}), Q(remote_raw=number.raw)
        if number.key:
            remote |= Q(remote_e164="", remote_key=number.key)
    return same | (remote & outside_on(side))


def _with_name(side: str, name: str) -> Q:
    """Calls with this text in the name shown on this side: the given one, else the contact's."""
    given = Q(**{f"{side}_name__folds": name})
    outside = Q(remote_name__folds=name) | Q(remote_name="", contact__name__folds=name)
    return given | (Q(**{f"{side}_name": ""}) & outside & outside_on(side))


def _text(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "").strip()
    if len(text) > _LONGEST_TEXT:
        raise bad_field(name, f"must have at most {_LONGEST_TEXT} characters.")
    return text


def _whole(query: Mapping[str, str], name: str, lowest: int) -> int | None:
    text = _text(query, name)
    if not text:
        return None
    if not _WHOLE.fullmatch(text) or int(text) < lowest:
        raise bad_field(name, f"must be a whole number, {lowest} or more.")
    return min(int(text), _HIGHEST)


def _rating(query: Mapping[str, str]) -> int | None:
    rating = _whole(query, "rating", 0)
    if rating is not None and rating > MOST_STARS:
        raise bad_field("rating", f"must be between 0 and {MOST_STARS}.")
    return rating


def _direction(query: Mapping[str, str]) -> Direction | None:
    word = _text(query, "direction").lower()
    if word and word not in DIRECTIONS:
        raise bad_field("direction", f"must be one of {', '.join(DIRECTIONS)}.")
    return DIRECTIONS.get(word)


def _moment(query: Mapping[str, str], name: str, reader: Callable[[str, tzinfo], datetime], zone: tzinfo) -> datetime | None:
    text = _text(query, name)
    try:
        return reader(text, zone) if text else None
    except ValueError as error:
        raise bad_field(name, "must be a date such as 2017-05-01 or 2017-05-01 9:30:00.") from error
