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
    is_outgoing = call is not None and goes_out(call) and not is_received
    document: dict[str, Any] = {
        "uid": str(fact.call_id or ""),
        "account_code": fact.tenant.slug,
        "direction": "OUTBOUND" if is_outgoing else "INBOUND",
        "status": "END" if is_end else "BEGIN",
        "from": _number(call, "caller") if call else "",
        "to": _number(call, "callee") if call else "",
        "type": "VOICE",
    }
    if is_end and call is not None:
        document |= {"disposition": _disposition(call), "billable_seconds": _billable_seconds(call)}
    return document


def goes_out(call: Call) -> bool:
    """Whether the call leaves by its line; one inside the house leaves by the caller's."""
    if call.direction == Direction.UNKNOWN:
        return call.line is not None and bool(call.caller_e164) and call.caller_e164 == call.line.e164
    return call.direction in (Direction.OUTBOUND, Direction.INTERNAL)


def reaches_line(call: Call, line: Line | None) -> bool:
    """Whether the call comes in on this line; one inside the house comes in on the line that is called."""
    if line is None:
        return False
    if not goes_out(call):
        return call.line_id == line.pk
    if call.direction != Direction.INTERNAL or call.line_id == line.pk:
        return False
    return call.callee_e164 == line.e164 if line.e164 else call.callee_raw == line.number


def _number(call: Call, side: str) -> str:
    """One side's number; where the source named only the other party, this side is the line."""
    e164, raw = getattr(call, f"{side}_e164"), getattr(call, f"{side}_raw")
    if not (e164 or raw):
        is_ours = goes_out(call) is (side == "caller")
        if is_ours:
            e164, raw = (call.line.e164, call.line.number) if call.line else ("", "")
        else:
            e164, raw = call.remote_e164, call.remote_raw
    for number in (raw, e164):
        if like := _NORTH_AMERICAN.fullmatch(re.sub(r"[\s().\-/]", "", number)):
            return like[1]
    return e164 or raw


def _disposition(call: Call) -> str:
    known = _DISPOSITIONS.get(Disposition(call.disposition))
    if known:
        return known
    if call.disposition == Disposition.FAILED:
        return f"FAILED:{call.disposition_detail or _NO_DETAIL}"
    return "ANSWERED" if call.talk_ms else "NO_ANSWER"


def _billable_seconds(call: Call) -> int:
    return -(-(call.talk_ms or 0) // 1000)
