"""What filters are made of, and what is billed: clients, centers, contacts, call allowances."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Count, F, Q, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from calls.dialects.hostedsuite.reading import Fields
from calls.dialects.hostedsuite.search import MOST_ITEMS, Search, matching, within_center
from calls.dialects.hostedsuite.vocabulary import BILLED, FLAGS, ROUNDINGS
from calls.models import Call
from contacts.models import Company, Contact, ContactNumber
from tenants.authentication import Principal
from tenants.models import Center


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What a client's calls of a period come to."""

    client: Company
    calls: int
    billed_ms: int


def clients(principal: Principal, fields: Fields) -> list[Company]:
    """The companies within reach that are asked for, by name."""
    rows = _within_reach(Company.objects.for_tenant(principal.tenant), principal, fields, "company")
    found = _by_id(rows, fields.id("ClientId"))
    for name, column in (("Name", "name"), ("ThirdPartyAccountId", "external_id")):
        if text := fields.id(name):
            found = found.filter(**{column: text})
    return list(found.order_by("name", "id")[:MOST_ITEMS])


def centers(principal: Principal, fields: Fields) -> list[Center]:
    """The centers within reach that are asked for, by name."""
    rows = Center.objects.for_tenant(principal.tenant)
    if principal.center_id:
        rows = rows.filter(pk=principal.center_id)
    if name := fields.id("Name"):
        rows = rows.filter(name__iexact=name)
    return list(rows.order_by("name", "id")[:MOST_ITEMS])


def contacts(principal: Principal, fields: Fields) -> list[Contact]:
    """The contacts within reach that are asked for, by name."""
    rows = _within_reach(Contact.objects.for_tenant(principal.tenant), principal, fields, "contact")
    found = _by_id(rows, fields.id("ContactId"))
    if client_id := fields.id("ClientId"):
        company = Company.objects.for_tenant(principal.tenant).by_public_id(client_id)
        found = found.filter(company=company) if company else found.none()
    if first := fields.id("FirstName"):
        found = found.filter(Q(name__iexact=first) | Q(name__istartswith=f"{first} "))
    if last := fields.id("LastName"):
        found = found.filter(name__iendswith=f" {last}")
    for name, column in (("EmailAddress", "email__iexact"), ("ThirdPartyAccountId", "external_id")):
        if text := fields.id(name):
            found = found.filter(**{column: text})
    if number := fields.id("PhoneNumber"):
        found = found.filter(pk__in=_with_number(principal, number))
    shown = found.select_related("company").prefetch_related("numbers")
    return list(shown.order_by("name", "id")[:MOST_ITEMS])


def allowances(principal: Principal, search: Search, fields: Fields) -> list[Allowance]:
    """What the calls of a search come to, for each client that has any, by name."""
    calls = matching(principal, search).filter(company__isnull=False).order_by()
    billed = Sum(_rounded(_billed(fields), fields.word("CallRounding", ROUNDINGS) or 0))
    totals = calls.values("company").annotate(calls=Count("pk"), billed=billed)
    found = {row["company"]: row for row in totals}
    companies = Company.objects.filter(pk__in=found).order_by("name", "id")[:MOST_ITEMS]
    return [_allowance(company, found[company.pk]) for company in companies]


def _allowance(company: Company, total: Mapping[str, Any]) -> Allowance:
    return Allowance(client=company, calls=total["calls"], billed_ms=total["billed"] or 0)


def _with_number(principal: Principal, part: str) -> Any:
    """The contacts who have this part of a number, as it is written or in its digits."""
    digits = re.sub("[^0-9]", "", part).lstrip("0")
    fits = Q(raw__contains=part) | (Q(e164__contains=digits) if digits else Q(pk__in=[]))
    return ContactNumber.objects.for_tenant(principal.tenant).filter(fits).values("contact")


def _billed(fields: Fields) -> Combinable:
    """The lengths of a call that are billed; its talk, where none is named."""
    names = [column for name, column in BILLED.items() if fields.word(name, FLAGS)]
    total: Combinable = Value(0, output_field=BigIntegerField())
    for column in names or ["talk_ms"]:
        total = total + Coalesce(F(column), Value(0), output_field=BigIntegerField())
    return total


def _rounded(length: Combinable, unit_ms: int) -> Combinable:
    """Up to the next whole unit, call by call."""
    return (length + unit_ms - 1) / unit_ms * unit_ms if unit_ms else length


def _within_reach(rows: Any, principal: Principal, fields: Fields, column: str) -> Any:
    """All rows, or those of the calls of one center: the one asked for, or the person's own."""
    center_id = fields.id("CenterId")
    if not center_id and not principal.center_id:
        return rows
    calls = within_center(Call.objects.within_reach_of(principal), principal, center_id)
    return rows.filter(pk__in=calls.values(column))


def _by_id(rows: Any, public_id: str) -> Any:
    if not public_id:
        return rows
    row = rows.by_public_id(public_id)
    return rows.filter(pk=row.pk) if row else rows.none()
