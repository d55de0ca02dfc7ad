"""How HostedSuite says no: ``ResponseStatus``, with the names the framework gives its exceptions and statuses."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from calls.dialects.base import Dialect, Refusal

# Our code → the framework's ErrorCode; any other code is answered with the name of its status.
_ERROR_CODES = {
    "argument": "ArgumentException",
    "bad_characters": "SerializationException",
    "body_too_large": "RequestEntityTooLarge",
    "duplicate_key": "SerializationException",
    "format": "FormatException",
    "invalid": "ArgumentException",
    "malformed_body": "SerializationException",
    "not_a_number": "SerializationException",
    "request_not_implemented": "NotImplementedException",
    "too_deep": "SerializationException",
}
_FIELD_NAMES = {"notes": "Notes"}  # what the ledger calls them → the vendor's names


def _error_code(refusal: Refusal) -> str:
    return _ERROR_CODES.get(refusal.code) or HTTPStatus(refusal.status).phrase.title().replace(" ", "").replace("-", "")


def _envelope(refusal: Refusal) -> dict[str, Any]:
    code = _error_code(refusal)
    errors = [
        {"ErrorCode": code, "FieldName": _FIELD_NAMES.get(name, name), "Message": message}
        for name, message in refusal.fields.items()
    ]
    return {"ResponseStatus": {"ErrorCode": code, "Message": refusal.message, "Errors": errors}}


DIALECT = Dialect(
    name="hostedsuite",
    owns=("/api/", "/api/calls", "/api/call-allowance", "/api/clients"),  # the longer ones begin like CallN's
    envelope=_envelope,
)


def bad_field(name: str, message: str, *, code: str = "format") -> Refusal:
    """The refusal of one field, by the vendor's name for it; never says what was sent."""
    return Refusal(400, code, f"{name}: {message}", fields={name: message})
