"""What can go wrong in the log, each with a stable machine code that every door maps to its own answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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


def as_details(error: CallError) -> list[dict[str, Any]]:
    """The refusal as rows of field and message, for doors that list them."""
    return [{"field": name, "message": message} for name, message in error.fields.items()]
