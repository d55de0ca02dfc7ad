"""What can go wrong in the log, each with a stable machine code that every door maps to its own answer."""

from __future__ import annotations

from collections.abc import Mapping


class CallError(Exception):
    """A refusal the sender can act on. ``code`` never changes; ``fields`` maps the draft's field names to messages."""

    code = "call_error"

    def __init__(self, message: str, *, code: str | None = None, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.fields = dict(fields or {})


class InvalidCall(CallError):
    """A fact is missing, unreadable or impossible."""

    code = "invalid"

    @classmethod
    def field(cls, name: str, message: str, *, code: str | None = None) -> InvalidCall:
        """The refusal of one field."""
        return cls(message, code=code, fields={name: message})


class CallConflict(CallError):
    """The call is in the log already with other facts; ``fields`` names them."""

    code = "conflict"


class CallChanged(CallError):
    """Somebody else edited the call since it was read (If-Match, RFC 9110 §13.1.1)."""

    code = "changed_meanwhile"


class CallNotFound(CallError):
    """There is no such call here, or it is another tenant's, which is the same."""

    code = "not_found"


class OnHold(CallError):
    """A legal hold keeps the audio."""

    code = "on_hold"


class DialRefused(CallError):
    """A call is not made: what was asked cannot be dialled, may not be, or exceeds a limit. ``code`` is one of ``DIAL_CODES``."""

    code = "dial_refused"


class NotOffered(CallError):
    """The exchange of this call cannot do that."""

    code = "not_offered"


# Why calls are not made, for doors to map to their own codes. The second block are limits: later it may work.
DIAL_CODES = (
    "line_not_usable",  # switched off, or its exchange is not set up
    "source_invalid",
    "too_many_sources",
    "destination_invalid",
    "extension_unknown",  # no extension of the tenant; on a real exchange nobody else's is rung
    "country_not_allowed",
    "number_type_refused",  # premium and other special numbers
    "high_risk_number",
    "do_not_call",
    "caller_id_invalid",
    "caller_id_not_allowed",
    "wait_invalid",
    "duration_invalid",
    "message_invalid",
    "not_offered",  # the exchange cannot speak, or ring several
    "transfer_not_allowed",
    "not_talking",  # hold and transfer need two parties who talk
    "exchange_refused",
    "exchange_unavailable",
    # limits
    "too_many_per_second",
    "too_many_legs",
    "minutes_used_up",
    "destination_calls_used_up",
)
DIAL_LIMITS = DIAL_CODES[-4:]
