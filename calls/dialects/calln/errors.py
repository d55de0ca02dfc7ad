"""How CallN says no: a message in the body and, as its clients look there, the same in the reason of the status line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse

from calls.dialects.base import Dialect, Refusal
from calls.dialects.calln.vocabulary import VENDOR_NAMES

NO_BODY = "JSON body not provided"
NOT_TLS = "SSL must be used"
NO_TICKET = "Temporary callid not found"
QUOTA = "account has reached monthly deposit quota of"
NO_CLIENT = "Your reseller account has no clients with that phone number and there is no UnmatchedAssociatedAccount configured"
NO_CALL = "Call not found"
NO_AUDIO = "Audio not found"
BAD_TYPE = "audio must be audio/mpeg or audio/wav"

_TEXTS = {"type_not_allowed": BAD_TYPE}  # our code → the vendor's words, where ours name what this door does not take

_BODY_CODES = frozenset({"malformed_body", "duplicate_key", "not_a_number", "bad_characters", "too_deep"})
_PLAIN_QUOTES = str.maketrans("“”‘’", "\"\"''")
_NOT_FOR_A_STATUS_LINE = re.compile(r"[^\x20-\x7e]+")
_LONGEST_REASON = 200


def _message(refusal: Refusal) -> str:
    """The text of a refusal in the vendor's words: which field, or that there is no JSON to speak of."""
    if refusal.fields:
        return "; ".join(f"invalid {VENDOR_NAMES.get(name, name)}: {text}" for name, text in refusal.fields.items())
    if refusal.code in _BODY_CODES and not refusal.message.startswith(NO_BODY):
        return f"{NO_BODY}: {refusal.message}"
    return _TEXTS.get(refusal.code, refusal.message)


def _envelope(refusal: Refusal) -> dict[str, Any]:
    return {"message": _message(refusal)}


class _CallN(Dialect):
    """A dialect whose status line speaks."""

    def refuse(self, refusal: Refusal) -> HttpResponse:
        response = super().refuse(refusal)
        text = _message(refusal).translate(_PLAIN_QUOTES)
        response.reason_phrase = _NOT_FOR_A_STATUS_LINE.sub(" ", text)[:_LONGEST_REASON].strip()
        return response


DIALECT = _CallN(
    name="calln",
    owns=("/api/call", "/api/callaudio", "/api/callaudits", "/api/userauthtoken", "/api/client", "/api/handset", "/api/v2/"),
    envelope=_envelope,
    status_of={"conflict": 400},  # the vendor's list of statuses has no 409
)


def bad_field(name: str, message: str) -> Refusal:
    """400 for one field of a body, query or header, by the vendor's name for it."""
    return Refusal(400, "invalid", f"invalid {name}: {message}", fields={name: message})


def invalid_row(error: ValidationError, names: Mapping[str, str]) -> Refusal:
    """400 for a row its model refuses; ``names`` are the vendor's for its columns."""
    found = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    fields = {names.get(name, name): " ".join(texts) for name, texts in found.items()}
    return Refusal(400, "invalid", "Some fields are invalid.", fields=fields)


def not_found(text: str) -> Refusal:
    """404: it is not there, or it is somebody else's, which is the same."""
    return Refusal(404, "not_found", text)


def forbidden(text: str) -> Refusal:
    """403 for what these credentials may not do."""
    return Refusal(403, "forbidden", text)
