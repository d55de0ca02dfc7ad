"""The call history: calls that have ended, whichever door they came in by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django.db.models import Case, Count, Q, Value, When
from django.utils import timezone

from calls.choices import Direction, Disposition, State
from calls.dialects.voipnow.authentication import calls_within_reach, whose
from calls.dialects.voipnow.errors import invalid
from calls.dialects.voipnow.filtering import by_moment, by_number, with_number
from calls.dialects.voipnow.listing import of_user
from calls.dialects.voipnow.parameters import Filter, read_moment
from calls.dialects.voipnow.vocabulary import DISPOSITIONS, FLOWS, INCOMING, LOCAL, NOT_ALLOWED, OUTGOING, STATS
from calls.dialects.voipnow.writing import Writer, call_id, digits_of, flow_of, known, named, shown, shown_extension
from calls.life import GOES_OUT, Life, life_of, whole_seconds
from calls.models import Call, Origination
from calls.models.call import CallQuerySet
from tenants.oauth import Holder

FILTERS = ("source", "destination", "published", "answered")
FIELDS = frozenset("id extension ownerId ownerName published answered nonce phoneCallView".split())
_SIDES = {"source": "caller", "destination": "callee"}
_DATES = {
    "startDate": "cdr_start_date_invalid",
    "endDate": "cdr_end_date_invalid",
    "saveStartDate": "cdr_save_start_date_invalid",
    "saveEndDate": "cdr_save_end_date_invalid",
}
_LONGEST_NUMBER = 128
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Search:
    """What was asked for; ends are exclusive, None and empty are no condition."""

    start: datetime
    end: datetime | None
    saved_from: datetime | None
    saved_until: datetime | None
    numbers: Mapping[str, str]  # by side
    disposition: frozenset[str] | None
    flow: int | None


def read_search(query: Mapping[str, str], zone: tzinfo) -> Search:
    """The search a query asks for; raises ``Refusal`` with the vendor's code for the parameter."""
    dates = {name: _date(query, name, zone) for name in _DATES}
    start = dates["startDate"] or _first_of_month(zone)
    for first, last in ((start, dates["endDate"]), (dates["saveStartDate"], dates["saveEndDate"])):
        if first is not None and last is not None and first > last:
            raise invalid("cdr_invalid_date_parameters", "The start date is later than the end date.")
    return Search(
        start=start,
        end=_after(dates["endDate"]),
        saved_from=dates["saveStartDate"],
        saved_until=_after(dates["saveEndDate"]),
        numbers={side: number for name, side in _SIDES.items() if (number := _number(query, name))},
        disposition=_disposition(query),
        flow=_flow(query),
    )


def find(holder: Holder, owner_id: str, search: Search) -> CallQuerySet:
    """The ended calls that answer a search, of this owner where one is named. Raises ``Refusal``."""
    calls = calls_within_reach(holder).filter(state=State.ENDED).between(search.start, search.end)
    if owner_id and (principal := whose(holder, owner_id)) is not None:
        calls = calls.filter(tenant=principal.tenant).filter(of_user(principal.user))
    if search.saved_from:
        calls = calls.filter(created_at__gte=search.saved_from)
    if search.saved_until:
        calls = calls.filter(created_at__lt=search.saved_until)
    for side, number in search.numbers.items():
        calls = calls.filter(with_number(side, number, holder.tenant.place))
    if search.disposition is not None:
        calls = calls.filter(disposition__in=search.disposition)
    if search.flow is not None:
        is_local = Q(direction=Direction.INTERNAL)
        way = GOES_OUT if search.flow == FLOWS[True] else ~GOES_OUT
        calls = calls.filter(is_local if search.flow == LOCAL else way & ~is_local)
    return calls


def filtered(calls: CallQuerySet, condition: Filter | None, holder: Holder) -> CallQuerySet:
    """The calls that answer ``filterBy`` as well."""
    if condition is None:
        return calls
    if condition.by in _SIDES:
        return by_number(calls, _SIDES[condition.by], condition, holder.tenant.place)
    column = "started_at" if condition.by == "published" else "answered_at"
    return by_moment(calls, column, condition, holder.tenant.zone, f"cdr_invalid_filter_by_{condition.by}")


def with_everything_shown(calls: CallQuerySet) -> CallQuerySet:
    """The calls with what a record shows of them, in one query."""
    shown_calls = calls.select_related(
        "line__agent__user", "agent__user", "contact", "origination__requester", "origination__line"
    )
    return shown_calls.defer("document", "given_contact", "match_candidates", "completed_forms", "facts", "notes")


def statistics(calls: CallQuerySet) -> tuple[int, list[dict[str, int]]]:
    """How many calls there are, and PhoneCallStat: how they came out, incoming and outgoing, in one query."""
    goes_out = Case(When(GOES_OUT, then=Value(OUTGOING)), default=Value(INCOMING))
    rows = calls.order_by().annotate(kind=goes_out).values_list("kind", "disposition").annotate(calls=Count("pk"))
    counts: dict[int, Counter[str]] = {INCOMING: Counter(), OUTGOING: Counter()}
    total = 0
    for kind, disposition, count in rows:
        total += count
        counts[kind][STATS[DISPOSITIONS[Disposition(disposition)]]] += count
    return total, [_stat(kind, found) for kind, found in counts.items()]


def record(call: Call, writer: Writer) -> dict[str, Any]:
    """One ended call."""
    origination = getattr(call, "origination", None)
    extension = shown_extension(origination) if origination else (call.line.number if call.line else None)
    return known(
        {
            "id": call_id(call),
            "extension": extension,
            **writer.owner(call),
            "published": shown(call.started_at),
            "answered": shown(call.answered_at),
            "nonce": (origination.nonce if origination else "") or None,
            "phoneCallView": [_view(life_of(call), origination, extension)],
        }
    )


def _view(life: Life, row: Origination | None, extension: str | None) -> dict[str, Any]:
    """Source and destination are text here, and lists in a PhoneCall; so the vendor's pages have it."""
    call, source = life.call, digits_of(life.caller)
    return known(
        {
            "id": "00",
            "extension": extension,
            "source": source,
            "destination": digits_of(life.callee),
            "flow": flow_of(call),
            "callerId": _shown_to_source(row) or named(life.caller_name, source),
            "callerIdDestination": _shown_to_destination(row),
            "answered": shown(call.answered_at),
            "duration": _seconds(call),
            "recording": life.has_recording,
            "disposition": DISPOSITIONS[Disposition(call.disposition)],
        }
    )


def _shown_to_source(row: Origination | None) -> str | None:
    """The caller id a call was ordered with; the caller's own stands for one that was not given."""
    return named(row.source_caller_name, row.source_caller_number) if row else None


def _shown_to_destination(row: Origination | None) -> str | None:
    return named(row.destination_caller_name, row.destination_caller_number) if row else None


def _seconds(call: Call) -> int | None:
    """How long they talked, in whole seconds as they are billed; of a call nobody measured, how long it lasted."""
    milliseconds = call.duration_ms if call.talk_ms is None else call.talk_ms
    return None if milliseconds is None else whole_seconds(milliseconds)


def _stat(kind: int, found: Counter[str]) -> dict[str, int]:
    names = {name: found[name] for name in STATS.values()}
    return {"type": kind, "total": found.total(), **names, "unallowed": 0}


def _date(query: Mapping[str, str], name: str, zone: tzinfo) -> datetime | None:
    text = query.get(name, "").strip()
    return read_moment(text, zone, _DATES[name], f"{name}: must be in the format YYYY-MM-DDThh:mm:ss.") if text else None


def _first_of_month(zone: tzinfo) -> datetime:
    """The vendor's default: the present month."""
    now = timezone.now().astimezone(zone)
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _after(moment: datetime | None) -> datetime | None:
    """The moment after the second that was named."""
    return moment + _SECOND if moment else None


def _number(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "").strip()
    if len(text) > _LONGEST_NUMBER or (text and not any(character.isdigit() for character in text)):
        raise invalid(f"cdr_{name}_invalid", f"{name}: must be an extension or a public phone number.")
    return text


def _disposition(query: Mapping[str, str]) -> frozenset[str] | None:
    text = query.get("disposition", "").strip()
    if not text:
        return None
    numbers = {str(number) for number in DISPOSITIONS.values()}
    if text not in numbers | {NOT_ALLOWED}:
        raise invalid("cdr_disposition_invalid", "disposition: must be a number from 0 to 5.")
    return frozenset(ours for ours, number in DISPOSITIONS.items() if str(number) == text)


def _flow(query: Mapping[str, str]) -> int | None:
    text = query.get("flow", "").strip()
    flows = {str(number): number for number in (LOCAL, *FLOWS.values())}
    if text and text not in flows:
        raise invalid("cdr_flow_invalid", f"flow: must be one of {', '.join(sorted(flows))}.")
    return flows.get(text)
