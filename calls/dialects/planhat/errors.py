"""How Planhat says no: a JSON object with a stable code, a sentence and, where fields are at fault, their names."""

from __future__ import annotations

from typing import Any

from calls.dialects.base import Dialect, Refusal
from calls.dialects.planhat.vocabulary import VENDOR_NAMES


def _envelope(refusal: Refusal) -> dict[str, Any]:
    body: dict[str, Any] = {"error": refusal.code, "message": refusal.message}
    if refusal.fields:
        body["fields"] = {VENDOR_NAMES.get(name, name): message for name, message in refusal.fields.items()}
    return body


DIALECT = Dialect(
    name="planhat",
    owns=("/calls", "/conversations", "/endusers", "/companies", "/users", "/leancompanies", "/myprofile"),
    envelope=_envelope,
    status_of={"conflict": 400, "changed_meanwhile": 400},  # the vendor's list of statuses ends at 400, 403 and 500
)


def no_such(what: str) -> Refusal:
    """404: it is not there, or it is another tenant's, which is the same."""
    return Refusal(404, "not_found", f"There is no such {what}.")


def bad_field(name: str, message: str, code: str = "invalid") -> Refusal:
    """400 for one field or query parameter."""
    return Refusal(400, code, f"{name}: {message}", fields={name: message})
