"""A search: what was asked for, and the calls that answer it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, F, Q, Value, When
from django.db.models.expressions import OrderBy

from calls.dialects.hostedsuite.errors import bad_field
from calls.dialects.hostedsuite.moments import from_moment, until_moment
from calls.dialects.hostedsuite.reading import Fields
from calls.dialects.hostedsuite.vocabulary import CALL_TYPES, FLAGS, SORT_DIRECTIONS, SORT_FIELDS
from calls.life import GOES_OUT, fetched, with_life
from calls.models import Call
from calls.models.call import CallQuerySet
from contacts.models import Company
from tenants.authentication import Principal
from tenants.models import Center

MOST_ITEMS = 5000  # in one answer
MOST_COUNTED = 1_000_000  # TotalCount stops here
_LONGEST_MS = 10**15
_SHOWN = (
    "direction", "disposition", "state", "started_at", "answered_at",
    "duration_ms", "ring_ms", "talk_ms", "hold_ms", "transfer_ms",
    "work_ms", "hold_count", "caller_raw", "caller_e164", "caller_name", "callee_raw", "callee_e164", "callee_name", "remote_raw",
    "remote_e164", "remote_name", "agent_name", "center_id", "notes", "is_flagged", "flag_notes", "screen_pop", "completed_forms",
    "facts", "company", "contact", "agent", "line", "company__name", "contact__name", "agent__name",
)  # fmt: skip
_NEVER_NULL = {"id", "started_at", "hold_count", "is_flagged", "goes_out"}


@dataclass(frozen=True, kw_only=True)
class Search:
    """What was asked for; None and empty text are no condition. ``end`` is exclusive."""

    start: datetime | None
    end: datetime | None
    client_id: str
    center_id: str
    call_id: str
    shortest_ms: int
    longest_ms: int | None
    goes_out: bool | None
    page: int
    size: int
    wants_counts: bool
    order: tuple[str, ...]
    is_descending: bool


@dataclass(frozen=True, kw_only=True)
class Found:
    """One page of a search. Without counts ``total`` and ``pages`` are 0."""

    calls: list[Call]
    page: int
    total: int
    pages: int


def read_search(fields: Fields, zone: ZoneInfo) -> Search:
    """The search a request asks for; raises ``Refusal`` naming the field that cannot be read."""
    longest_ms = fields.milliseconds("MaxCallDuration")
    return Search(
        start=_moment(fields, "StartDate", from_moment, zone),
        end=_moment(fields, "EndDate", until_moment, zone),
        client_id=fields.id("ClientId"),
        center_id=fields.id("CenterId"),
        call_id=fields.id("CallRecordId"),
        shortest_ms=min(math.ceil(fields.milliseconds("MinCallDuration")), _LONGEST_MS),
        longest_ms=min(math.floor(longest_ms), _LONGEST_MS) if longest_ms else None,
        goes_out=fields.word("CallType", CALL_TYPES),
        page=max(0, fields.whole("Page")),
        size=min(max(0, fields.whole("ItemsPerPage")) or MOST_ITEMS, MOST_ITEMS),
        wants_counts=not fields.word("DisableStats", FLAGS),
        order=SORT_FIELDS.get(fields.text("SortField").lower(), ("started_at",)),
        is_descending=bool(fields.word("SortDir", SORT_DIRECTIONS)),
    )


def find(principal: Principal, search: Search) -> Found:
    """The page of calls within the principal's reach that the search asks for."""
    calls = matching(principal, search)
    total = calls.order_by().values("pk")[:MOST_COUNTED].count() if search.wants_counts else 0
    start = search.page * search.size
    is_past_the_end = search.wants_counts and total < MOST_COUNTED and start >= total
    is_empty = is_past_the_end or start >= _LONGEST_MS
    ordered = _in_order(with_everything_shown(calls), search)
    return Found(
        calls=[] if is_empty else fetched(ordered[start : start + search.size]),
        page=search.page,
        total=total,
        pages=math.ceil(total / search.size),
    )


def with_everything_shown(calls: CallQuerySet) -> CallQuerySet:
    """The calls with what an item shows of them, to be read by ``life.fetched``."""
    return with_life(calls.select_related("company", "contact", "agent").only(*_SHOWN))


def matching(principal: Principal, search: Search) -> CallQuerySet:
    """The calls within the principal's reach that the search asks for, in no order."""
    calls = Call.objects.within_reach_of(principal).between(search.start, search.end)
    if search.call_id:
        call = calls.by_public_id(search.call_id)
        calls = calls.filter(pk=call.pk) if call else calls.none()
    if search.client_id:
        company = Company.objects.for_tenant(principal.tenant).by_public_id(search.client_id)
        calls = calls.filter(company=company) if company else calls.none()
    if search.center_id:
        calls = within_center(calls, principal, search.center_id)
    if search.goes_out is not None:
        calls = calls.filter(GOES_OUT if search.goes_out else ~GOES_OUT)
    if search.shortest_ms:
        calls = calls.filter(talk_ms__gte=search.shortest_ms)
    if search.longest_ms is not None:
        calls = calls.filter(Q(talk_ms__lte=search.longest_ms) | Q(talk_ms=None))
    return calls


def within_center(calls: CallQuerySet, principal: Principal, center_id: str) -> CallQuerySet:
    """Those of one center, where one is asked for."""
    if not center_id:
        return calls
    center = Center.objects.for_tenant(principal.tenant).by_public_id(center_id)
    return calls.filter(center=center) if center else calls.none()


def _moment(fields: Fields, name: str, reader: Callable[[str, ZoneInfo], datetime], zone: ZoneInfo) -> datetime | None:
    text = fields.text(name)
    try:
        return reader(text, zone) if text else None
    except ValueError as error:
        hint = ", and /Date()/ holds milliseconds since 1970" if text.startswith("/Date") else ""
        says = f"Must be a date such as 2024-01-31 or 2024-01-31 17:00:00, from 1900 to 9997{hint}."
        raise bad_field(name, says) from error


def _in_order(calls: CallQuerySet, search: Search) -> CallQuerySet:
    if "goes_out" in search.order:
        calls = calls.annotate(goes_out=Case(When(GOES_OUT, then=Value(1)), default=Value(0)))
    return calls.order_by(*_ordering(search))


def _ordering(search: Search) -> Sequence[str | OrderBy]:
    """The columns of the order, the id last; nothing known comes first in either database."""
    names = search.order if search.order == ("id",) else (*search.order, "id")
    return [_by(name, search.is_descending) for name in names]


def _by(name: str, is_descending: bool) -> Any:
    if name in _NEVER_NULL:
        return f"-{name}" if is_descending else name
    return F(name).desc(nulls_last=True) if is_descending else F(name).asc(nulls_first=True)
