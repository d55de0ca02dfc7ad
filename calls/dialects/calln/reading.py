"""From CallN's documents to what the ledger takes, in both generations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from calls.body import BodyRefused, as_text, is_multipart, read_bytes, read_multipart
from calls.choices import Disposition, Source
from calls.dialects.calln.errors import NO_BODY, bad_field
from calls.dialects.calln.lenient import read_lenient
from calls.dialects.calln.moments import read_moment
from calls.dialects.calln.vocabulary import FACTS, FIRST_NAMES, SIDE_FACTS
from calls.drafts import CallDraft, PartyDraft

LONGEST_TEXT = 1000
LONGEST_NOTES = 20_000
MOST_KEYS = 1000
LATEST_PRESS_MS = 10**10  # in a call


def read_document(request: HttpRequest) -> dict[str, Any]:
    """The body as a mapping, JSON whatever its Content-Type says (curl's default is a form's)."""
    body, charset = read_bytes(request), (request.content_params or {}).get("charset")
    if is_multipart(request) and body:
        return dict(read_multipart(request, body, charset))
    text = as_text(body, charset)
    if not text.strip():
        raise BodyRefused(NO_BODY)
    value = read_lenient(text)
    if not isinstance(value, Mapping):
        raise BodyRefused(f"{NO_BODY}: it must be an object")
    return dict(value)


def draft_of(body: Mapping[str, Any]) -> CallDraft:
    """The call a document of the first generation tells; its length and direction are still to be found out."""
    fields = _fields(body)
    return CallDraft(
        source=Source.CALLN,
        started_at=_start(fields),
        infer_direction=True,
        caller=PartyDraft(number=text(fields, "callerphone"), name=text(fields, "callername")),
        callee=PartyDraft(number=text(fields, "destinationphone"), name=text(fields, "destinationname")),
        facts={kept: told for name, kept in FACTS.items() if (told := text(fields, name))},
        document=dict(body),
    )


def newer_draft_of(body: Mapping[str, Any]) -> CallDraft:
    """The call a document of the second generation tells.

    A time of connection that is there and empty means that nobody answered.
    """
    fields = _fields(body)
    sides = {name: _side(fields, name) for name in ("caller", "destination")}
    is_unanswered = "connecteddatetimeutc" in fields and fields["connecteddatetimeutc"] in (None, "")
    facts = {kept: told for name, kept in FACTS.items() if (told := text(fields, name))}
    return CallDraft(
        source=Source.CALLN,
        external_id=text(fields, "callid", longest=200),
        started_at=_start(fields),
        answered_at=_moment(fields, "connecteddatetimeutc"),
        disposition=Disposition.NO_ANSWER if is_unanswered else None,
        duration_ms=0 if is_unanswered else None,  # it is over; how long it rang is not told
        infer_direction=True,
        caller=_party(sides["caller"]),
        callee=_party(sides["destination"]),
        notes=text(fields, "notes", longest=LONGEST_NOTES),
        facts={**facts, **_side_facts("caller", sides["caller"]), **_side_facts("callee", sides["destination"])},
        document=dict(body),
    )


def in_lower_case(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same fields under lower-case names: the vendor's parser does not look at the case."""
    fields = {name.lower(): value for name, value in values.items()}
    if len(fields) != len(values):
        raise BodyRefused("The same field is there twice.", code="duplicate_key")
    return fields


def text(fields: Mapping[str, Any], name: str, longest: int = LONGEST_TEXT) -> str:
    """A field as text; null is empty, whole numbers count as their digits."""
    value = fields.get(name)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise bad_field(name, "must be text.")
    value = str(value).strip()
    if len(value) > longest:
        raise bad_field(name, f"must have at most {longest} characters.")
    return value


def _fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """The document under one name for each field; of two spellings the one that says something counts, the page's own first."""
    told = sorted(in_lower_case(body).items(), key=lambda field: (field[1] not in (None, ""), field[0] not in FIRST_NAMES))
    return {FIRST_NAMES.get(name, name): value for name, value in told}


def _start(fields: Mapping[str, Any]) -> datetime:
    moment = _moment(fields, "startdatetimeutc")
    if moment is None:
        raise bad_field("startdatetimeutc", "must be a time such as 2013-10-09 15:23:54.")
    return moment


def _moment(fields: Mapping[str, Any], name: str) -> datetime | None:
    told = text(fields, name)
    if not told:
        return None
    try:
        return read_moment(told)
    except ValueError as error:
        raise bad_field(name, "must be a time such as 2013-10-09 15:23:54.") from error


def _side(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    """One side of the call: an object, or the first of a list of them, as the page's schema and example have it."""
    value = fields.get(name) or {}
    if isinstance(value, list):
        value = value[0]
    if not isinstance(value, Mapping):
        raise bad_field(name, "must be an object.")
    return in_lower_case(value)


def _party(side: Mapping[str, Any]) -> PartyDraft:
    return PartyDraft(number=text(side, "phonenumber"), name=text(side, "name"))


def _side_facts(prefix: str, side: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {f"{prefix}_{kept}": told for name, kept in SIDE_FACTS.items() if (told := text(side, name))}
    presses = side.get("keypresses") or []
    if not isinstance(presses, list) or len(presses) > MOST_KEYS or not all(isinstance(press, Mapping) for press in presses):
        raise bad_field("keypresses", f"must be a list of at most {MOST_KEYS} objects.")
    pressed = [_press(in_lower_case(press)) for press in presses]
    keys = "".join(press["key"] for press in pressed)
    return {**facts, f"{prefix}_dtmf": keys, f"{prefix}_keypresses": pressed} if keys else facts


def _press(press: Mapping[str, Any]) -> dict[str, Any]:
    """One key that was pressed, and when, in whole milliseconds, where that is given."""
    key = {"key": text(press, "key", longest=8)}
    when = press.get("timems")
    if isinstance(when, str) and when.isascii() and when.isdigit():
        when = float(when)
    if isinstance(when, bool) or not isinstance(when, int | float):
        return key
    return {"timems": round(when), **key} if 0 <= when < LATEST_PRESS_MS else key
