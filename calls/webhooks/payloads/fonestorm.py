"""FoneStorm's callbacks: BEGIN and END of a call, by GET with ``{{tokens}}``, as a form, or as JSON.

Source: developer.fonestorm.com, calls. ``disposition`` and ``billable_seconds`` come with END alone; begun seconds count.
Numbers that are North American, or are written like one, have ten digits, as at that vendor's door; all others ``+`` and country
code. The account's code is the tenant's. A call that is neither the one nor the other way is told by the side its line is on.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

from calls.choices import Direction, Disposition, PayloadFormat, WebhookEvent
from calls.life import Party, begun_seconds, life_of
from calls.models import Call, Line
from calls.webhooks.payloads.base import Fact, Rendered

TOKENS = ("uid", "account_code", "direction", "status", "from", "to", "type", "disposition", "billable_seconds")
_DISPOSITIONS = {
    Disposition.ANSWERED: "ANSWERED",
    Disposition.VOICEMAIL: "ANSWERED",
    Disposition.NO_ANSWER: "NO_ANSWER",
    Disposition.BUSY: "BUSY",
    Disposition.CANCELLED: "CANCEL",
    Disposition.REJECTED: "REJECTED",
}
_NO_DETAIL = "000"
_NORTH_AMERICAN = re.compile(r"(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})")


def render(fact: Fact, format: PayloadFormat, *, is_received: bool = False) -> Rendered:
    """The message in one of the three forms; each has the values for tokens in the address.

    With ``is_received`` a call inside the house is one that the callback's number gets.
    """
    document = document_of(fact, is_received=is_received)
    tokens = {name: str(value) for name, value in document.items()}
    if format == PayloadFormat.FONESTORM_GET:
        return Rendered(body=b"", tokens=tokens)
    if format == PayloadFormat.FONESTORM_FORM:
        return Rendered(body=urlencode(tokens).encode("ascii"), tokens=tokens)
    return Rendered(body=json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), tokens=tokens)


def document_of(fact: Fact, *, is_received: bool = False) -> dict[str, Any]:
    """The vendor's document. A call that is gone has empty numbers."""
    call = fact.call
    is_end = fact.event_type == WebhookEvent.CALL_ENDED
    life = life_of(call) if call is not None else None
    document: dict[str, Any] = {
        "uid": str(fact.call_id or ""),
        "account_code": fact.tenant.slug,
        "direction": "OUTBOUND" if life and life.goes_out and not is_received else "INBOUND",
        "status": "END" if is_end else "BEGIN",
        "from": _number(life.caller) if life else "",
        "to": _number(life.callee) if life else "",
        "type": "VOICE",
    }
    if is_end and call is not None:
        document |= {"disposition": _disposition(call), "billable_seconds": begun_seconds(call.talk_ms)}
    return document


def reaches_line(call: Call, line: Line | None) -> bool:
    """Whether the call comes in on this line; one inside the house comes in on the line that is called."""
    if line is None:
        return False
    if not life_of(call).goes_out:
        return call.line_id == line.pk
    if call.direction != Direction.INTERNAL or call.line_id == line.pk:
        return False
    return call.callee_e164 == line.e164 if line.e164 else call.callee_raw == line.number


def _number(party: Party) -> str:
    for number in (party.number, party.e164):
        if like := _NORTH_AMERICAN.fullmatch(re.sub(r"[\s().\-/]", "", number)):
            return like[1]
    return party.international


def _disposition(call: Call) -> str:
    known = _DISPOSITIONS.get(Disposition(call.disposition))
    if known:
        return known
    if call.disposition == Disposition.FAILED:
        return f"FAILED:{call.disposition_detail or _NO_DETAIL}"
    return "ANSWERED" if call.talk_ms else "NO_ANSWER"
