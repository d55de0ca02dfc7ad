"""How FoneStorm says no: the status in words, a sentence, the status."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

from calls.dialects.base import Dialect, Refusal

# Why the dialer makes no call → the status; any other code is 400.
_STATUS_OF = {
    "caller_id_not_allowed": 403,
    "country_not_allowed": 403,
    "destination_calls_used_up": 429,
    "do_not_call": 403,
    "high_risk_number": 403,
    "line_not_usable": 503,
    "minutes_used_up": 429,
    "not_offered": 501,
    "number_type_refused": 403,
    "too_many_legs": 429,
    "too_many_per_second": 429,
}
# … → the field that is at fault
_FIELD_OF = {
    "caller_id_invalid": "fonenumber",
    "caller_id_not_allowed": "fonenumber",
    "country_not_allowed": "to",
    "destination_calls_used_up": "to",
    "destination_invalid": "to",
    "do_not_call": "to",
    "high_risk_number": "to",
    "line_not_usable": "fonenumber",
    "message_invalid": "tts",
    "number_type_refused": "to",
    "source_invalid": "fonenumber",
}
_RETRY_AFTER_S = {"too_many_per_second": 1, "too_many_legs": 10}
_HOUR_S = 3600  # the limits of a day


def _envelope(refusal: Refusal) -> dict[str, Any]:
    field = _FIELD_OF.get(refusal.code)
    message = f"{field}: {refusal.message}" if field else refusal.message
    return {"error": HTTPStatus(refusal.status).phrase, "message": message, "status_code": refusal.status}


class _FoneStorm(Dialect):
    """A dialect whose every 429 says when to come back."""

    def refuse(self, refusal: Refusal) -> HttpResponse:
        response = super().refuse(refusal)
        if refusal.status == HTTPStatus.TOO_MANY_REQUESTS and "Retry-After" not in response:
            response["Retry-After"] = str(_RETRY_AFTER_S.get(refusal.code, _HOUR_S))
        return response


DIALECT = _FoneStorm(name="fonestorm", owns=("/v2/",), envelope=_envelope, status_of=_STATUS_OF)


def bad_field(name: str, message: str) -> Refusal:
    """400 for one field, by the vendor's name for it; never says what was sent."""
    return Refusal(400, "invalid", f"{name}: {message}", fields={name: message})


def no_such_number() -> Refusal:
    """404: nobody has it, or somebody else, which is the same."""
    return Refusal(404, "not_found", "There is no such FoneNumber in this account.")
