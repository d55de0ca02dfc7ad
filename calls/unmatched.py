"""Numbers that calls came from or went to and that nobody is known by: the most frequent first, and who it may be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q

from calls.choices import MatchState
from calls.models import Line
from calls.models.call import CallQuerySet
from contacts.models import Contact, ContactNumber, IgnoredNumber
from contacts.phone import beginnings

LOOKED_AT = 50_000  # calls: the newest of the period
MOST = 50  # numbers
MOST_CANDIDATES = 5  # of one number
NEAR_DIGITS = 2  # the last of a number, which those of one house do not share
SHORTEST_NEAR = 6  # digits that two numbers of one house do share
SAME, ALIKE, NAME, NEAR = "number", "number_ending", "name", "near"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Somebody it may be; ``reason`` is one of SAME, ALIKE, NAME and NEAR."""

    contact: Contact
    reason: str


@dataclass(kw_only=True)
class Unmatched:
    """A number of a tenant; ``number`` is its E.164 form, else as it was told. ``is_several``: more than one contact fits."""

    tenant_id: UUID
    key: str
    number: str
    name: str
    calls: int
    last_at: datetime
    is_several: bool = False
    candidates: list[Candidate] = field(default_factory=list)


def unmatched(calls: CallQuerySet, *, most: int = MOST) -> list[Unmatched]:
    """The numbers of these calls that nobody, or nobody for sure, is known by, those with most calls first.

    Looks at the newest ``LOOKED_AT`` of the calls alone, so that it costs the same on a log of any length. Own lines and
    numbers that are ignored are left out. Costs three queries, however many there are.
    """
    newest = calls.order_by("-started_at", "-id").values("pk")[:LOOKED_AT]
    own = Line.objects.filter(tenant=OuterRef("tenant"), match_key=OuterRef("remote_key"))
    ignored = IgnoredNumber.objects.filter(tenant=OuterRef("tenant"), match_key=OuterRef("remote_key"))
    rows = calls.filter(~Exists(own), ~Exists(ignored), pk__in=newest).unmatched().order_by()
    told = rows.values("tenant_id", "remote_key", "remote_e164").annotate(
        calls=Count("pk"),
        last_at=Max("started_at"),
        raw=Max("remote_raw"),
        name=Max("remote_name"),
        several=Count("pk", filter=Q(match_state=MatchState.SEVERAL)),
    )
    found = [
        Unmatched(
            tenant_id=row["tenant_id"],
            key=row["remote_key"],
            number=row["remote_e164"] or row["raw"],
            name=row["name"],
            calls=row["calls"],
            last_at=row["last_at"],
            is_several=bool(row["several"]),
        )
        for row in told.order_by("-calls", "-last_at", "remote_key")[:most]
    ]
    _add_candidates(found)
    return found


def _add_candidates(rows: Sequence[Unmatched]) -> None:
    """Who has the number, the name that was told, or a number of the same house, each contact once and for its best reason."""
    if not rows:
        return
    tenants = {row.tenant_id for row in rows}
    numbers = _numbers(rows, tenants)
    named = _named(rows, tenants)
    for row in rows:
        known: dict[Any, Candidate] = {}
        for contact, reason in (*_by_number(row, numbers), *((one, NAME) for one in named[row.tenant_id, row.name])):
            if contact.pk not in known or _rank(reason) < _rank(known[contact.pk].reason):
                known[contact.pk] = Candidate(contact=contact, reason=reason)
        best = sorted(known.values(), key=lambda candidate: (_rank(candidate.reason), candidate.contact.name))
        row.candidates = best[:MOST_CANDIDATES]


def _rank(reason: str) -> int:
    return (SAME, ALIKE, NAME, NEAR).index(reason)


def _numbers(rows: Iterable[Unmatched], tenants: set[UUID]) -> list[ContactNumber]:
    wanted = Q(match_key__in=[row.key for row in rows])
    for row in rows:
        if _is_near_known(row.key):
            low, high = beginnings(row.key[:-NEAR_DIGITS])
            wanted |= Q(match_key__gte=low, match_key__lt=high) if high else Q(match_key__gte=low)
    found = ContactNumber.objects.filter(wanted, tenant__in=tenants).select_related("contact__company").order_by("created_at")
    return list(found[: MOST * 100])


def _named(rows: Iterable[Unmatched], tenants: set[UUID]) -> dict[tuple[UUID, str], list[Contact]]:
    names = {row.name for row in rows if row.name}
    found: dict[tuple[UUID, str], list[Contact]] = defaultdict(list)
    if names:
        for contact in Contact.objects.filter(tenant__in=tenants, name__in=names).select_related("company")[: MOST * 10]:
            found[contact.tenant_id, contact.name].append(contact)
    return found


def _by_number(row: Unmatched, numbers: Iterable[ContactNumber]) -> Iterable[tuple[Contact, str]]:
    for number in numbers:
        if number.tenant_id != row.tenant_id:
            continue
        if number.match_key == row.key:
            yield number.contact, SAME if number.e164 == row.number else ALIKE
        elif _is_near_known(row.key) and number.match_key[:-NEAR_DIGITS] == row.key[:-NEAR_DIGITS]:
            yield number.contact, NEAR


def _is_near_known(key: str) -> bool:
    return key.isdigit() and len(key) >= SHORTEST_NEAR + NEAR_DIGITS
