"""Single values of a Planhat document, in every type its clients send them as; raises ``InvalidCall`` naming the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from calls.errors import InvalidCall

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_S = 366 * 24 * 3600
SECONDS_BELOW = 10**10  # in milliseconds: April 1970; in seconds: the year 2286
LAST_EPOCH_MS = 253_402_300_799_999  # the end of the year 9999
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,9})?")
_NOT_IN_LINKS = re.compile(r"[\s\x00-\x1f\x7f<>\"]")
# What JavaScript's Date.parse takes besides ISO 8601: toString, toUTCString and what people write, months in English.
_JAVASCRIPT_DATES = (
    "%a %b %d %Y %H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S %z",
    "%d %b %Y %H:%M:%S %z",
    "%a %b %d %Y",
    "%b %d, %Y %H:%M:%S",
    "%b %d, %Y",
    "%B %d, %Y %H:%M:%S",
    "%B %d, %Y",
    "%m/%d/%Y, %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
)


def is_told(body: Mapping[str, Any], name: str) -> bool:
    """Whether the document says anything under this name; null and the empty string say nothing."""
    return body.get(name) not in (None, "")


def text(body: Mapping[str, Any], name: str, longest: int = 200) -> str:
    """A text or an id; whole numbers count as their digits."""
    value = body.get(name)
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InvalidCall.field(name, f"{name} must be a text.")
    value = value.strip()
    if len(value) > longest:
        raise InvalidCall.field(name, f"{name} has {longest} characters at most.")
    return value


def moment(body: Mapping[str, Any], name: str) -> datetime | None:
    """A date: ISO 8601, a JavaScript date string or milliseconds since 1970; without an offset it is UTC. None where untold."""
    if not is_told(body, name):
        return None
    value = body[name]
    found = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = _from_epoch(name, value)
    elif isinstance(value, str):
        value = value.strip()
        found = _from_epoch(name, float(value)) if _NUMBER.fullmatch(value) and len(value) > 8 else _from_text(value)
    if found is None:
        raise InvalidCall.field(name, f"{name} must be a date such as 2016-10-17T14:00:00.000Z.")
    return found


def milliseconds(body: Mapping[str, Any], name: str) -> int | None:
    """Seconds, as a number or its digits, in whole milliseconds; None where untold."""
    if not is_told(body, name):
        return None
    value = body[name]
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_S:
        raise InvalidCall.field(name, f"{name} must be a number of seconds, not negative and at most 366 days.")
    return round(value * 1000)


def link(body: Mapping[str, Any], name: str) -> str:
    """An http or https address of at most 2,000 characters."""
    address = text(body, name, longest=2000)
    if not address:
        return ""
    with suppress(ValueError):
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") and parts.hostname and not _NOT_IN_LINKS.search(address):
            return address
    raise InvalidCall.field(name, f"{name} must be an http or https address.")


def iso(value: datetime | None) -> str | None:
    """A date as Planhat writes it: UTC with milliseconds and Z."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if value else None


def _from_epoch(name: str, value: float) -> datetime | None:
    """Milliseconds since 1970. Nothing (0) and seconds sent in their place are refused: they would lie in its first weeks."""
    if 0 <= value < SECONDS_BELOW:
        raise InvalidCall.field(name, f"{name} must be milliseconds since 1970, such as 1476712800000; these look like seconds.")
    return EPOCH + timedelta(milliseconds=value) if 0 <= value <= LAST_EPOCH_MS else None


def _from_text(value: str) -> datetime | None:
    with suppress(ValueError, OverflowError):
        return _as_utc(datetime.fromisoformat(value.upper()))  # “t” and “z” are as good (RFC 3339 §5.6)
    plain = re.sub(r"\s*\([^)]*\)\Z", "", value)  # "… GMT+0100 (Central European Standard Time)"
    plain = re.sub(r"\b(?:GMT|UTC)(?=[+-]\d)", "", plain)
    plain = re.sub(r"\b(?:GMT|UTC|Z)\Z", "+0000", plain)
    for pattern in _JAVASCRIPT_DATES:
        with suppress(ValueError, OverflowError):
            return _as_utc(datetime.strptime(plain, pattern))  # noqa: DTZ007 - no offset is UTC
    return None


def _as_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
