"""The one place that knows how the list's own parameters and the API's filters say the same.

A saved view keeps the API's words. What the list has no words for is kept in its parameter ``also``: filters of the API as they
stand in an address, so that every view can be looked through here, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from calls.choices import CallType, Direction, Disposition, Source
from calls.finding import COUNTED, HOURS, PARTIES, PERIODS, SCOPES, WEEKDAYS

ALSO = "also"
_WORDS = {  # the list's parameter, the API's, and the values both know
    "period": ("period", PERIODS),
    "scope": ("scope", SCOPES),
    "type": ("type", CallType.values),
    "direction__exact": ("direction", Direction.values),
    "disposition__exact": ("disposition", Disposition.values),
    "source__exact": ("source", Source.values),
    "hour": ("hour", HOURS),
    "weekday": ("weekday", WEEKDAYS),
    "without": ("without", PARTIES),
    "counted": ("counted", COUNTED),
}
_ROWS = {f"{name}__id__exact": name for name in ("agent", "company", "contact", "center", "line")}
_TEXTS = {"q": "q", "notes": "notes", "outcome": "outcome"}
_LENGTHS = {
    f"{name}_{end}": f"{name}_{api}" for name in ("duration", "talk", "ring") for end, api in (("from", "min"), ("to", "max"))
}
_TRUTHS = {
    "recording": ("has_recording", {"yes": "true", "no": "false"}),
    "unverified": ("verified", {"yes": "false", "no": "true"}),
}
_TAG = ("tags__id__exact", "tag")
_DAYS = (("started_from", "started_after", 0), ("started_to", "started_before", 1))  # the API's end is not part of it
_SECOND = Decimal("0.999")  # the list shows whole seconds, so up to 5 takes in 5.9
_LENGTH = re.compile(r"\d{1,9}(\.\d{1,6})?\Z")
LONGEST_TEXT = 200


def filters_of(params: Mapping[str, str], period: str, tag_name: Callable[[str], str | None]) -> dict[str, str]:
    """What the list's parameters say, in the API's words; ``period`` is the one shown. What neither knows is left out."""
    told = {**params, "period": period}
    filters = read_query(params.get(ALSO, ""))
    for own, (name, values) in _WORDS.items():
        if told.get(own) in values:
            filters[name] = told[own]
    for own, name in _ROWS.items():
        if is_id(told.get(own, "")):
            filters[name] = told[own]
    for own, name in _TEXTS.items():
        if text := " ".join(told.get(own, "").split())[:LONGEST_TEXT]:
            filters[name] = text
    for own, name in _LENGTHS.items():
        if _LENGTH.match(told.get(own, "")):
            filters[name] = str(Decimal(told[own]) + _SECOND) if name.endswith("_max") else told[own]
    for own, (name, truths) in _TRUTHS.items():
        if told.get(own) in truths:
            filters[name] = truths[told[own]]
    for own, name, later in _DAYS:
        if day := _day(told.get(own, "")):
            filters[name] = (day + timedelta(days=later)).isoformat()
    if (tag := tag_name(told.get(_TAG[0], ""))) is not None:
        filters[_TAG[1]] = tag
    return filters


def parameters_of(filters: Mapping[str, str], tag_id: Callable[[str], str | None]) -> dict[str, str]:
    """What filters of the API say, in the list's parameters; the rest of them in ``also``."""
    rest = dict(filters)
    params = {"period": "all"}
    for own, (name, values) in _WORDS.items():
        if rest.get(name) in values:
            params[own] = rest.pop(name)
    for own, name in _ROWS.items():
        if is_id(rest.get(name, "")):
            params[own] = rest.pop(name)
    for own, name in _TEXTS.items():
        if name in rest and "," not in rest[name]:
            params[own] = rest.pop(name)
    for own, name in _LENGTHS.items():
        if (length := _length(rest.get(name, ""), is_most=name.endswith("_max"))) is not None:
            params[own] = length
            del rest[name]
    for own, (name, truths) in _TRUTHS.items():
        for ours, theirs in truths.items():
            if rest.get(name) == theirs:
                params[own] = ours
                del rest[name]
    for own, name, later in _DAYS:
        if day := _day(rest.get(name, "")):
            params[own] = (day - timedelta(days=later)).isoformat()
            del rest[name]
    if _TAG[1] in rest and (tag := tag_id(rest[_TAG[1]])) is not None:
        params[_TAG[0]] = tag
        del rest[_TAG[1]]
    return params | ({ALSO: urlencode(rest)} if rest else {})


def read_query(text: str) -> dict[str, str]:
    """Parameters with a value, as they stand in an address; without those that hold NUL, which no database stores."""
    return {name: value for name, value in parse_qsl(text[:4000]) if "\0" not in f"{name}{value}"}


def is_id(text: str) -> bool:
    """Whether this is one row's id."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _length(text: str, *, is_most: bool) -> str | None:
    """The list's length for one of the API; None where it has none that means the very same."""
    if not _LENGTH.match(text):
        return None
    if not is_most:
        return text
    most = Decimal(text) - _SECOND
    return str(int(most)) if most >= 0 and most == int(most) else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if len(text) == 10 and 1970 < day.year < 9990 else None
