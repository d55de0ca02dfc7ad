"""The standard parameters of lists: ``count``, ``startIndex``, ``filterBy`` and its kin, ``sortOrder``, ``fields``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from calls import ledger
from calls.dialects.voipnow.errors import invalid
from calls.dialects.voipnow.vocabulary import FILTER_OPS, SORT_ORDERS

USUAL_COUNT, MOST = 20, 5000
_WHOLE = re.compile(r"[0-9]{1,6}")
_OFFSET_AFTER_A_SPACE = re.compile(r"(?<=\d) (?=\d\d:?\d\d\Z)")  # a bare + of an address arrives as a space
_LONGEST_VALUE = 4000


@dataclass(frozen=True, kw_only=True)
class Filter:
    """One condition: ``by`` a field, in the vendor's words."""

    by: str
    op: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Which rows of a list, in which order, with which fields (all where none are named)."""

    count: int
    start: int
    is_descending: bool
    fields: frozenset[str]
    filter: Filter | None = None


def read_listing(query: Mapping[str, str], *, filters: Collection[str], fields: Collection[str]) -> Listing:
    """The list a query asks for; raises ``Refusal`` with the vendor's code for the parameter."""
    order = query.get("sortOrder", "").strip() or "descending"
    listing = Listing(
        count=_whole(query, "count", "count_invalid", 1, USUAL_COUNT),
        start=_whole(query, "startIndex", "startindex_invalid", 0, 0),
        filter=_filter(query, filters),
        is_descending=SORT_ORDERS.get(order, False),
        fields=read_fields(query, fields),
    )
    if order not in SORT_ORDERS:
        raise invalid("sortorder_invalid", "sortOrder: must be ascending or descending.")
    return listing


def read_fields(query: Mapping[str, str], known: Collection[str]) -> frozenset[str]:
    """The names of ``fields``; none for all."""
    names = frozenset(name.strip() for name in query.get("fields", "").split(",")) - {""}
    if not names <= frozenset(known):
        raise invalid("fields_invalid", f"fields: must be among {', '.join(sorted(known))}.")
    return names


def read_moment(text: str, zone: tzinfo, code: str, message: str) -> datetime:
    """A time such as 2026-03-02T09:00:00, in ``zone`` where it has no offset. Raises ``Refusal`` with ``code``."""
    text = text.upper()  # “t” and “z” are as good (RFC 3339 §5.6)
    try:
        moment = datetime.fromisoformat(_OFFSET_AFTER_A_SPACE.sub("+", text.strip()) if "T" in text else text.strip())
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise invalid(code, message) from error
    if not ledger.EARLIEST <= moment <= ledger.LATEST:
        raise invalid(code, message)
    return moment


def _whole(query: Mapping[str, str], name: str, code: str, least: int, default: int) -> int:
    text = query.get(name, "").strip()
    if not text:
        return default
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= MOST:
        raise invalid(code, f"{name}: must be a number from {least} to {MOST}.")
    return int(text)


def _filter(query: Mapping[str, str], known: Collection[str]) -> Filter | None:
    by, op = query.get("filterBy", "").strip(), query.get("filterOp", "").strip() or "equals"
    value = query.get("filterValue", "").strip()
    if by and by not in known:
        raise invalid("filterby_invalid", f"filterBy: must be {' or '.join(known)}.")
    if op not in FILTER_OPS:
        raise invalid("filterop_invalid", f"filterOp: must be one of {', '.join(sorted(FILTER_OPS))}.")
    if by and ((not value and op != "present") or len(value) > _LONGEST_VALUE):
        raise invalid("filtervalue_invalid", f"filterValue: must be text of at most {_LONGEST_VALUE} characters.")
    return Filter(by=by, op=op, value=value) if by else None
