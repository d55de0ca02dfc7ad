"""``filterBy`` over calls: by id, time and number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, tzinfo
from uuid import UUID

from django.db.models import CharField, Q, Value
from django.db.models.functions import Cast, Left, Replace

from calls.dialects.voipnow.errors import invalid
from calls.dialects.voipnow.parameters import Filter, read_moment
from calls.life import outside_on
from calls.models.call import CallQuerySet
from contacts.phone import read_number
from tenants.place import Place

ID_DIGITS = 20
_HEX = re.compile(r"[0-9a-f]{1,20}")
_MOST_VALUES = 100
_SECOND = timedelta(seconds=1)


def by_id(calls: CallQuerySet, condition: Filter) -> CallQuerySet:
    """The calls whose id, as the vendor's clients know it, fits."""
    match condition.op:
        case "present":
            return calls
        case "contains":
            shown = Left(Replace(Cast("pk", CharField()), Value("-"), Value("")), ID_DIGITS)
            return calls.annotate(shown_id=shown).filter(shown_id__contains=_hex(condition.value))
        case "inArray":
            ranges = [_range(value) for value in _several(condition.value)]
            return calls.filter(_any(Q(pk__range=bounds) for bounds in ranges))
        case "startsWith":
            return calls.filter(pk__range=_range(condition.value))
        case "greaterThan":
            return calls.filter(pk__gt=_range(condition.value)[1])
        case "lessThan":
            return calls.filter(pk__lt=_range(condition.value)[0])
    if len(condition.value) != ID_DIGITS:
        return calls.none()
    return calls.filter(pk__range=_range(condition.value))


def by_moment(
    calls: CallQuerySet, column: str, condition: Filter, zone: tzinfo, code: str = "filtervalue_invalid"
) -> CallQuerySet:
    """The calls for which something happened then; to the second, as times are shown."""

    def moment(text: str) -> datetime:
        told = read_moment(text, zone, code, "filterValue: must be a time such as 2026-03-02T09:00:00.")
        return told.replace(microsecond=0)

    match condition.op:
        case "present":
            return calls.exclude(**{column: None})
        case "greaterThan":
            return calls.filter(**{f"{column}__gte": moment(condition.value) + _SECOND})
        case "lessThan":
            return calls.filter(**{f"{column}__lt": moment(condition.value)})
        case "equals" | "inArray":
            values = [condition.value] if condition.op == "equals" else _several(condition.value)
            starts = [moment(value) for value in values]
            return calls.filter(_any(Q(**{f"{column}__gte": start, f"{column}__lt": start + _SECOND}) for start in starts))
    raise invalid("filterop_invalid", f"filterOp: {condition.op} is for text; times are equals, greaterThan or lessThan.")


def by_number(calls: CallQuerySet, side: str, condition: Filter, place: Place) -> CallQuerySet:
    """The calls with this number on this side, ``caller`` or ``callee``."""
    match condition.op:
        case "present":
            return calls.filter(_on(side, lambda who: ~Q(**{f"{who}_raw": ""})))
        case "contains" | "startsWith":
            return calls.filter(_on(side, lambda who: _has_part(who, condition)))
        case "equals" | "inArray":
            values = [condition.value] if condition.op == "equals" else _several(condition.value)
            return calls.filter(_any(with_number(side, value, place) for value in values))
    raise invalid("filterop_invalid", f"filterOp: {condition.op} is for times; numbers are equals, contains or startsWith.")


def with_number(side: str, text: str, place: Place) -> Q:
    """Calls with this number on this side; a public one in any spelling, also E.164 without plus."""
    number = read_number(text, place)
    e164s = [e164 for e164 in (number.e164, f"+{text}" if text.isdecimal() else "") if e164]
    return _on(side, lambda who: Q(**{f"{who}_raw": number.raw}) | Q(**{f"{who}_e164__in": e164s}))


def _on(side: str, fits: Callable[[str], Q]) -> Q:
    """Calls of which this side fits, or the outside party where it stands on this side."""
    return fits(side) | (fits("remote") & outside_on(side))


def _has_part(who: str, condition: Filter) -> Q:
    """Calls whose number of this party begins with the value, or has it in it."""
    lookup, value = condition.op.lower(), condition.value
    digits = value.removeprefix("+")
    international = digits if lookup == "contains" else f"+{digits}"
    as_received = Q(**{f"{who}_raw__{lookup}": value})
    return as_received | Q(**{f"{who}_e164__{lookup}": international})


def _range(text: str) -> tuple[UUID, UUID]:
    digits = _hex(text)
    return UUID(hex=digits.ljust(32, "0")), UUID(hex=digits.ljust(32, "f"))


def _hex(text: str) -> str:
    digits = text.strip().lower()
    if not _HEX.fullmatch(digits):
        raise invalid("filtervalue_invalid", f"filterValue: ids have at most {ID_DIGITS} hexadecimal digits.")
    return digits


def _several(text: str) -> list[str]:
    values = [value.strip() for value in text.split(",") if value.strip()]
    if not 1 <= len(values) <= _MOST_VALUES:
        raise invalid("filtervalue_invalid", f"filterValue: must have between 1 and {_MOST_VALUES} values.")
    return values


def _any(conditions: Iterable[Q]) -> Q:
    found = Q(pk__in=[])
    for condition in conditions:
        found |= condition
    return found
