"""How VoipNow says no: ``{"error": {"code", "message"}}``; the token end point says it as RFC 6749 does."""

from __future__ import annotations

from typing import Any

from calls.dialects.base import Dialect, Refusal
from calls.errors import DIAL_LIMITS, DialRefused

REQUEST_INVALID = "request_invalid"  # ours: the vendor documents no code for a body that cannot be read

# Our code → the vendor's; a code that is not here is the vendor's already.
_CODES = {
    "unauthorized": "access_denied",
    "forbidden": "access_denied",
    "internal_error": "internal_server_error",
    "unavailable": "internal_server_error",
    "exchange_refused": "pc_phonecall_invalid",
    "exchange_unavailable": "internal_server_error",
    "not_offered": "request_not_implemented",
    "not_talking": "pc_phonecall_invalid",
    "transfer_not_allowed": "pc_transfer_invalid",
    "message_invalid": REQUEST_INVALID,
    # Of an order these name their part (below); alone they are about where a call is transferred to.
    **dict.fromkeys(
        [
            "destination_invalid",
            "extension_unknown",
            "country_not_allowed",
            "number_type_refused",
            "high_risk_number",
            "do_not_call",
        ],
        "pc_sendcallto_invalid",
    ),
    **dict.fromkeys(
        ["malformed_body", "body_too_large", "duplicate_key", "not_a_number", "bad_characters", "too_deep", "invalid"],
        REQUEST_INVALID,
    ),
}
# Why a call is not made: by the part of the order that is refused, whatever the reason; the message says it.
_CODES_OF_PARTS = {
    "line": "extension_invalid",
    "sources": "pc_source_invalid",
    "destination": "pc_destination_invalid",
    "shown_to_sources": "pc_callerid_invalid",
    "shown_to_destination": "pc_callerid_invalid",
    "wait_for_pickup_s": "pc_timeout_invalid",
    "max_duration_s": "pc_duration_invalid",
}
# Statuses that are not 400. The vendor has no code for a limit: those keep ours.
_STATUSES = {"not_offered": 501, "exchange_unavailable": 503, **dict.fromkeys(DIAL_LIMITS, 429)}
_RETRY_AFTER_S = {"too_many_per_second": "1", "too_many_legs": "10", "exchange_unavailable": "2"}


def _envelope(refusal: Refusal) -> dict[str, Any]:
    return {"error": {"code": _CODES.get(refusal.code, refusal.code), "message": refusal.message}}


def _oauth_envelope(refusal: Refusal) -> dict[str, Any]:
    code = {401: "invalid_client", 429: "slow_down"}.get(refusal.status, "invalid_request")
    return {"error": code, "error_description": refusal.message}


DIALECT = Dialect(
    name="voipnow",
    owns=("/uapi/", "/unifiedapi/", "/oauth/"),
    envelope=_envelope,
    status_of={"not_talking": 400, "conflict": 400, **_STATUSES},
)
OAUTH = Dialect(name="voipnow", owns=(), envelope=_oauth_envelope)


def refused_dial(error: DialRefused) -> Refusal:
    """The vendor's answer to an order that is not carried out."""
    part = next(iter(error.fields), "")
    status = _STATUSES.get(error.code, 400)
    code = _CODES_OF_PARTS.get(part, error.code) if status == 400 else error.code
    retry = _RETRY_AFTER_S.get(error.code)
    return Refusal(status, code, error.message, headers={"Retry-After": retry} if retry else {})


def invalid(code: str, message: str) -> Refusal:
    """400 with one of the vendor's codes."""
    return Refusal(400, code, message)


def forbidden(message: str) -> Refusal:
    """403 for a token that is good, but not for this."""
    return Refusal(403, "forbidden", message)


def not_offered(message: str = "This operation is not offered here.") -> Refusal:
    """The vendor's own 501."""
    return Refusal(501, "request_not_implemented", message)
