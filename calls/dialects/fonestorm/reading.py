"""From FoneStorm's requests to what is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from calls.choices import PayloadFormat
from calls.dialects.fonestorm.authentication import LONGEST_S, USUAL_S
from calls.dialects.fonestorm.errors import bad_field
from calls.tokens import plain_tokens
from contacts.phone import read_number

FEWEST_DIGITS, MOST_DIGITS = 7, 15
FORMATS = {
    "GET": PayloadFormat.FONESTORM_GET,
    "POST": PayloadFormat.FONESTORM_FORM,
    "JSON": PayloadFormat.FONESTORM_JSON,
}
ROUTINGS = {"none": "None", "device": "Device", "email": "Email", "url": "URL", "forward": "Forward"}
_LONGEST_VALUE = 2000
_NO_CALLBACK = "none"
_FONENUMBER = re.compile(r"\+?[0-9\s().\-/]+")
_NORTH_AMERICAN = re.compile(r"1?([2-9][0-9]{2}[2-9][0-9]{6})")
_SECONDS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A call somebody asks for; ``tts`` is empty where nothing is to be said."""

    fonenumber: str
    to: str
    tts: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)


def read_call(body: Mapping[str, Any]) -> Wanted:
    """The call a document asks for; raises ``Refusal`` naming the field."""
    fonenumber, to = _required(body, "fonenumber"), _required(body, "to")
    check_fonenumber(fonenumber)
    if not _is_long_enough(to):
        raise bad_field("to", f"Must have {FEWEST_DIGITS} to {MOST_DIGITS} digits.")
    return Wanted(fonenumber=fonenumber, to=to, tts=_text(body, "tts").strip(), document=dict(body))


@dataclass(frozen=True, kw_only=True)
class WantedCallback:
    """Where a number's calls are to be told; an empty ``url`` is nowhere."""

    fonenumber: str
    method: str
    url: str
    username: str = ""
    password: str = field(default="", repr=False)


def read_callback(body: Mapping[str, Any]) -> WantedCallback:
    """The callback a document asks for, or its end (``type`` None); raises ``Refusal`` naming the field."""
    number = _required(body, "fonenumber")
    check_fonenumber(number)
    return _callback(body, number)


def _callback(body: Mapping[str, Any], number: str) -> WantedCallback:
    if _text(body, "type").strip().lower() == _NO_CALLBACK:
        return WantedCallback(fonenumber=number, method="", url="")
    method = _required(body, "method").strip().upper()
    if method not in FORMATS:
        raise bad_field("method", f"Must be one of {', '.join(FORMATS)}.")
    return WantedCallback(
        fonenumber=number,
        method=method,
        url=plain_tokens(_required(body, "url").strip()),
        username=_text(body, "url_username"),
        password=_text(body, "url_password"),
    )


@dataclass(frozen=True, kw_only=True)
class WantedRouting:
    """Where a number's text messages are to go: as the vendor's ``sms_options.receive`` names it."""

    kind: str
    value: str = ""
    url_method: str = ""


def read_routing(body: Mapping[str, Any]) -> WantedRouting:
    """The routing a document asks for; raises ``Refusal`` naming the field."""
    kind = _required(body, "type").strip().lower()
    if kind not in ROUTINGS:
        raise bad_field("type", f"Must be one of {', '.join(ROUTINGS.values())}.")
    if kind == _NO_CALLBACK:
        return WantedRouting(kind=kind)
    value = _required(body, "value").strip()
    if len(value) > _LONGEST_VALUE:
        raise bad_field("value", f"Must have at most {_LONGEST_VALUE} characters.")
    method = _text(body, "url_method").strip().upper()
    if kind == "url" and method not in FORMATS:
        raise bad_field("url_method", f"Must be one of {', '.join(FORMATS)}.")
    return WantedRouting(kind=kind, value=value, url_method=method if kind == "url" else "")


def read_cdr_callback(body: Mapping[str, Any]) -> tuple[str, WantedCallback]:
    """The account a document names, and where its call records are to go; raises ``Refusal`` naming the field."""
    fields = {**body, "url_username": body.get("username"), "url_password": body.get("password")}
    return _required(body, "account_id").strip(), _callback(fields, number="")


def read_credentials(body: Mapping[str, Any]) -> tuple[str, str, int]:
    """User name, password and for how many seconds; raises ``Refusal`` naming the field."""
    expires = _text(body, "expires").strip() or str(USUAL_S)
    if not _SECONDS.fullmatch(expires) or int(expires) < 1:
        raise bad_field("expires", "Must be a number of seconds.")
    return _required(body, "username"), _required(body, "password"), min(int(expires), LONGEST_S)


def check_fonenumber(text: str) -> None:
    """Raise ``Refusal`` for what is no number in any spelling."""
    if not _FONENUMBER.fullmatch(text.strip()) or not _is_long_enough(text):
        raise bad_field("fonenumber", f"Must be a number of {FEWEST_DIGITS} to {MOST_DIGITS} digits.")


def spelled(text: str, country: str) -> str:
    """The number as the dialer is to read it: its digits alone where they mean the same in ``country``, else international."""
    digits, ten = digits_of(text), ten_digits_of(text)
    if ten:
        meant = f"+1{ten}"
    elif _is_international(text):
        meant = f"+{digits}"
    else:
        return digits
    return digits if read_number(digits, country).e164 == meant else meant


def ten_digits_of(text: str) -> str:
    """A North American number without its country code; empty for any other."""
    match = _NORTH_AMERICAN.fullmatch(digits_of(text))
    if match is None or (_is_international(text) and not match[0].startswith("1")):
        return ""
    return match[1]


def digits_of(text: str) -> str:
    """All that counts of a number."""
    return re.sub("[^0-9]", "", text)


def _is_international(text: str) -> bool:
    return text.lstrip().startswith("+")


def _is_long_enough(text: str) -> bool:
    return FEWEST_DIGITS <= len(digits_of(text)) <= MOST_DIGITS


def _required(body: Mapping[str, Any], name: str) -> str:
    text = _text(body, name)
    if not text.strip():
        raise bad_field(name, "Required.")
    return text


def _text(body: Mapping[str, Any], name: str) -> str:
    """A field as text; null is empty, whole numbers count as their digits."""
    value = body.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise bad_field(name, "Must be text.")
    return str(value)
