"""Writing a call that is in the system as the vendor's PhoneCall; what is not known is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest

from calls.choices import Direction, Disposition, LegRole, OriginationState, Source
from calls.dialects.voipnow.authentication import TOKEN_PARAMETER
from calls.dialects.voipnow.filtering import ID_DIGITS
from calls.dialects.voipnow.parameters import Listing
from calls.dialects.voipnow.reading import extension_of
from calls.dialects.voipnow.vocabulary import (
    DISPOSITIONS,
    FLOWS,
    LOCAL,
    OFF_HOOK,
    ON_CALL,
    OTHER_SIDE_RINGING,
    RINGING,
    TRYING,
    UNKNOWN,
)
from calls.life import Party, life_of
from calls.models import Call, CallLeg, Origination
from tenants.ids import short_id
from tenants.models import Membership, User

CREATED = frozenset({"id", "extension", "link", "links"})  # what the answer to a new call shows

_DIGITS = re.compile(r"[0-9]+(\*[0-9]+)?")
_SPELLED = re.compile(r"\+?[0-9\s()./-]+")


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes calls for one request: ``root`` is its own address up to ``phoneCalls/``, ``numbers`` the short ids of people."""

    root: str
    numbers: Mapping[tuple[UUID, UUID], int]

    def phone_call(self, call: Call) -> dict[str, Any]:
        """One call, read through ``listing.with_everything_shown``."""
        row, extension = call.origination, shown_extension(call.origination)
        links = {"self": f"{self.root}/@me/{extension}/{call_id(call)}"}
        document = {
            "id": call_id(call),
            "extension": extension,
            **self.owner(call),
            "published": shown(call.started_at),
            "answered": shown(row.answered_at),
            "nonce": row.nonce or None,
            "phoneCallView": list(_views(call, row, extension)),
            "link": links,
            "links": links,
        }
        return known(document)

    def owner(self, call: Call) -> dict[str, Any]:
        """Whose call it is."""
        user = owner_of(call)
        number = self.numbers.get((call.tenant_id, user.pk)) if user else None
        return {"ownerId": str(number or user.pk) if user else None, "ownerName": str(user) if user else None}


def writer(request: HttpRequest, calls: Iterable[Call]) -> Writer:
    """A writer for these calls, in one query."""
    users = {user.pk for user in map(owner_of, calls) if user}
    rows = (
        Membership.objects.filter(user__in=users, number__isnull=False).order_by().values_list("tenant_id", "user_id", "number")
    )
    numbers = {(tenant, user): number for tenant, user, number in rows if number} if users else {}
    beginning, _, _ = request.path.partition("/phoneCalls/")
    return Writer(root=request.build_absolute_uri(f"{beginning}/phoneCalls"), numbers=numbers)


def collection(request: HttpRequest, entries: Sequence[Any], total: int, listing: Listing) -> dict[str, Any]:
    """A page of a list, with the addresses of its neighbours."""
    pages = known({"prev": _page(request, listing, total, -1), "next": _page(request, listing, total, 1)})
    return {
        "entry": list(entries),
        "startIndex": listing.start,
        "itemsPerPage": listing.count,
        "totalResults": total,
        "filtered": listing.filter is not None,
        "sorted": True,
        "links": pages,
        "paging": pages,
    }


def selected(document: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Only these fields; all where none are named."""
    return {name: value for name, value in document.items() if name in names} if names else document


def call_id(call: Call) -> str:
    """The call's id as the vendor's clients know it."""
    return short_id(call.pk, ID_DIGITS)


def owner_of(call: Call) -> User | None:
    """Whose telephone it is, else who took the call, else who asked for it."""
    for agent in (call.line.agent if call.line else None, call.agent):
        if agent is not None and agent.user is not None:
            owner: User = agent.user
            return owner
    origination: Origination | None = getattr(call, "origination", None)
    return origination.requester if origination else None


def shown_extension(row: Origination) -> str:
    """The extension as it was sent; of a call another door asked for, its line's number."""
    if row.door != Source.VOIPNOW:
        return row.line.number if row.line else ""
    return extension_of(row.document) or str(row.sources[0])


def shown(moment: datetime | None) -> str | None:
    """A time as XML Schema writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def flow_of(call: Call) -> int:
    """Which way it goes, in the vendor's number."""
    return LOCAL if call.direction == Direction.INTERNAL else FLOWS[life_of(call).goes_out]


def digits_of(party: Party) -> str | None:
    """A number as UAPI-Extension-Number: digits alone, an extension's with their star; None for what is no number.

    Digits stay as they were dialled; any other spelling leaves as the digits of its E.164, country
    code first.
    """
    number = party.number.strip()
    if _DIGITS.fullmatch(number):
        return number
    if party.e164:
        return party.e164.removeprefix("+")
    return re.sub("[^0-9]", "", number) or None if _SPELLED.fullmatch(number) else None


def named(name: str, number: str | None) -> str | None:
    """A caller id (UAPI-Caller-Id); the name never holds the marks around the number."""
    shown_name = "".join(letter for letter in name if letter.isprintable() and letter not in "<>")
    return f"{shown_name} <{number}>".strip() if number else None


def known(document: dict[str, Any]) -> dict[str, Any]:
    """The document without what is null."""
    return {name: value for name, value in document.items() if value is not None}


def _views(call: Call, row: Origination, extension: str) -> Iterable[dict[str, Any]]:
    """The call itself, then each transfer of it."""
    legs = list(call.legs.all())
    sources = [leg for leg in legs if leg.role == LegRole.SOURCE]
    destination = next((leg for leg in legs if leg.role == LegRole.DESTINATION), None)
    rang = [leg for leg in (destination, *sources) if leg and leg.started_at]
    yield known(
        {
            "id": "00",
            "extension": extension,
            "source": row.sources,
            "destination": [row.destination],
            "flow": flow_of(call),
            "status": _status(row, sources, destination),
            "ringing": shown(rang[0].started_at) if rang else None,
            "callerId": named(row.source_caller_name, row.source_caller_number),
            "callerIdDestination": named(row.destination_caller_name, row.destination_caller_number),
            "recording": row.is_recorded,
            "answered": shown(row.answered_at),
            "parked": False,
            "onHold": row.is_held,
            "holder": extension if row.is_held else None,
            "disposition": _disposition(row.answered_at),
        }
    )
    transfers = [leg for leg in legs if leg.role == LegRole.TRANSFER]
    for place, leg in enumerate(transfers, 1):
        yield known(
            {
                "id": f"{place:02}",
                "extension": extension,
                "source": row.sources,
                "destination": [leg.number_raw],
                "flow": flow_of(call),
                "status": ON_CALL if leg.answered_at and not leg.ended_at else RINGING if not leg.ended_at else UNKNOWN,
                "ringing": shown(leg.started_at),
                "answered": shown(leg.answered_at),
                "disposition": _disposition(leg.answered_at),
            }
        )


def _status(row: Origination, sources: Sequence[CallLeg], destination: CallLeg | None) -> int:
    if row.state == OriginationState.UNKNOWN:
        return UNKNOWN
    if row.state == OriginationState.IN_PROGRESS:
        return ON_CALL
    if destination is not None and destination.started_at:
        return OTHER_SIDE_RINGING
    if any(leg.answered_at for leg in sources):
        return OFF_HOOK
    return RINGING if row.state == OriginationState.RINGING else TRYING


def _disposition(answered_at: datetime | None) -> int:
    return DISPOSITIONS[Disposition.ANSWERED if answered_at else Disposition.UNKNOWN]


def _page(request: HttpRequest, listing: Listing, total: int, step: int) -> str | None:
    """The address of a neighbouring page, where there is one. It never repeats a token."""
    start = max(0, listing.start + step * listing.count)
    if start == listing.start or start >= total:
        return None
    query = {name: value for name, value in request.GET.items() if name != TOKEN_PARAMETER}
    query |= {"startIndex": str(start), "count": str(listing.count)}
    return request.build_absolute_uri(f"{request.path}?{urlencode(query)}")
