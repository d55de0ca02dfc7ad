"""The list of numbers not to call: the only code that adds to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from calls.errors import DialRefused
from calls.models import DoNotCall
from contacts.phone import Number, is_same, may_be_same, read_number
from tenants.models import Tenant, User

LONGEST_NUMBER, LONGEST_REASON = 64, 200
_AT_ONCE = 500


@dataclass(kw_only=True)
class Forbidden:
    """What came of adding several: how many are new, how many were there, and the texts that are no numbers."""

    added: int = 0
    known: int = 0
    unread: list[str] = field(default_factory=list)


def forbid(tenant: Tenant, wanted: Iterable[tuple[str, str]], *, actor: User | None = None) -> Forbidden:
    """Put numbers, each with its reason, on the tenant's list. One that is there stays as it is, in whatever spelling."""
    told, fresh = Forbidden(), {}
    for text, reason in wanted:
        number = read_number(text, tenant.place)
        if not number or len(text.strip()) > LONGEST_NUMBER:
            told.unread.append(text)
        elif (number.key, number.e164) in fresh:
            told.known += 1
        else:
            fresh[number.key, number.e164] = (number, reason)
    rows = list(fresh.values())
    for start in range(0, len(rows), _AT_ONCE):
        _add(tenant, rows[start : start + _AT_ONCE], told, actor)
    return told


def refuse_forbidden(tenant: Tenant, text: str) -> Number:
    """The number a text spells, if it is one and not on the list. Raises ``DialRefused`` (destination_invalid, do_not_call)."""
    number = read_number(text, tenant.place)
    if not number:
        raise DialRefused("This is not a number.", code="destination_invalid")
    if is_forbidden(tenant, number):
        raise DialRefused("This number is on the list already.", code="do_not_call")
    return number


def is_forbidden(tenant: Tenant, number: Number) -> bool:
    """Whether this number is on the tenant's list, in whatever spelling."""
    listed = DoNotCall.objects.for_tenant(tenant).filter(match_key=number.key)
    return any(may_be_same(number.e164, row.e164) for row in listed)  # a guess is enough not to call


def _add(tenant: Tenant, rows: list[tuple[Number, str]], told: Forbidden, actor: User | None) -> None:
    listed: dict[str, list[Number]] = {}
    for e164, key in (
        DoNotCall.objects.for_tenant(tenant)
        .filter(match_key__in=[number.key for number, _ in rows])
        .values_list("e164", "match_key")
    ):
        listed.setdefault(key, []).append(Number(e164=e164, key=key))
    new = [
        DoNotCall(
            tenant=tenant,
            number=number.raw,
            e164=number.e164,
            match_key=number.key,
            reason=reason[:LONGEST_REASON],
            added_by=actor,
        )
        for number, reason in rows
        if not any(is_same(number, other) for other in listed.get(number.key, ()))
    ]
    DoNotCall.objects.bulk_create(new, ignore_conflicts=True)  # a twin may be quicker
    told.added += len(new)
    told.known += len(rows) - len(new)
