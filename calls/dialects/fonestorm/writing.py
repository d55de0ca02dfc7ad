"""FoneStorm's documents."""

from __future__ import annotations

from typing import Any

from calls.dialects.fonestorm.reading import ten_digits_of
from calls.models import Line, Origination

_YES_NO = {True: "yes", False: "no"}


def call_document(origination: Origination) -> dict[str, Any]:
    """What the vendor says of a new call."""
    return {"call": {"id": str(origination.call_id)}}


def number_of(line: Line) -> str:
    """The FoneNumber as this door reads it: ten digits where it is, or is written like, a North American one."""
    return ten_digits_of(line.number) or line.e164.removeprefix("+1")


def fonenumber(line: Line) -> dict[str, Any]:
    """A FoneNumber as the vendor's object; what we do not know, or do not offer, is empty."""
    voice = {"receive_notify": _notify(), "send_notify": _notify()}
    return {
        "fonenumber": number_of(line),
        "state": "",
        "rate_center": "",
        "is_active": _YES_NO[line.is_active],
        "sms_options": {
            "receive": {"type": "", "email": "", "device": "", "forward": "", "url": "", "url_method": ""},
            "receive_notify": _notify(),
            "send_notify": _notify(),
            "sms_enabled": "no",
            "mms_enabled": "no",
        },
        "voice_options": voice,
        "call_options": voice,  # its name from 2.11 on
        "fax_options": {"receive_notify": _notify(), "send_notify": _notify()},
    }


def _notify() -> dict[str, str]:
    return {"url": "", "method": ""}
