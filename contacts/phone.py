"""Phone numbers: what came, its E.164 form where it has one, and the key two spellings of one number share.

Pure functions over the phonenumbers library. A number need only be *possible*, not assigned: vendors' own examples are
not. Extensions (``210``, ``0003*210``) never reach the parser, which would read them as public numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

KEY_DIGITS = 9  # two numbers with the same last nine national digits are taken for the same subscriber
SHORTEST_PUBLIC = 7  # fewer digits are an extension, a short code or a slip

_WITHHELD = frozenset(
    {"anonymous", "unknown", "private", "withheld", "restricted", "unavailable", "blocked", "hidden", "no number", "asserted"}
)
_NAMED = re.compile(r"[^<>]*<\s*([^<>]+?)\s*>\s*\Z")
_SIP = re.compile(r"(?:sips?|tel):([^@;>]+)", re.IGNORECASE)
_ASCII_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹０１２３４５６７８９＋", "012345678901234567890123456789+")


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number as told and as understood.

    ``raw`` is the text as it came, ``e164`` its international form (``+46701234567``) or empty, ``key`` what equal numbers
    share (up to nine national digits, an extension's own digits and ``*``, or empty), ``digits`` every digit of it.
    """

    raw: str = ""
    e164: str = ""
    key: str = ""
    digits: str = ""
    is_withheld: bool = False
    is_extension: bool = False

    def __bool__(self) -> bool:
        return bool(self.key)


def is_same(one: Number, other: Number) -> bool:
    """Whether two numbers are the same subscriber: equal E.164 forms, else equal keys."""
    if one.e164 and other.e164:
        return one.e164 == other.e164
    return bool(one.key) and one.key == other.key


@lru_cache(maxsize=8192)
def read_number(text: str, country: str) -> Number:
    """Read a number in any spelling; ``country`` (ISO 3166-1, two letters) decides what a national one means.

    Takes ``Name <number>``, ``sip:`` and ``tel:`` forms. Never raises: what is no number comes back with an empty key.
    """
    raw = text.strip()[:128]
    core = _core(raw)
    if core.lower() in _WITHHELD or (raw and not core):
        return Number(raw=raw, is_withheld=True)
    digits = re.sub(r"\D", "", core)
    if not digits:
        return Number(raw=raw)
    if "*" in core or "#" in core:
        return Number(raw=raw, key=_extension_key(core), digits=digits, is_extension=True)
    public = _parse(core, digits, country)
    if public is not None:
        national = phonenumbers.national_significant_number(public)
        return Number(
            raw=raw,
            e164=phonenumbers.format_number(public, phonenumbers.PhoneNumberFormat.E164),
            key=national[-KEY_DIGITS:],
            digits=f"{public.country_code}{national}",
        )
    if len(digits) < SHORTEST_PUBLIC:
        return Number(raw=raw, key=digits, digits=digits, is_extension=True)
    return Number(raw=raw, key=digits.lstrip("0")[-KEY_DIGITS:], digits=digits[:32])


def _core(raw: str) -> str:
    """The number itself, without a display name, a scheme, a host or parameters."""
    named = _NAMED.match(raw)
    core = named.group(1) if named else raw
    scheme = _SIP.match(core)
    return (scheme.group(1) if scheme else core).translate(_ASCII_DIGITS).strip()


def _extension_key(core: str) -> str:
    return re.sub(r"[^\d*#]", "", core)[:16]


def _parse(core: str, digits: str, country: str) -> phonenumbers.PhoneNumber | None:
    """The public number, or None where it is not even possible. Digits that begin with a country code are tried as such last."""
    if len(digits) < SHORTEST_PUBLIC or len(digits) > 32:
        return None
    if core.startswith("011") and len(digits) > 10:  # the North American way out, dialled from anywhere
        core = "+" + core[3:]
    elif core.startswith("00"):
        core = "+" + core[2:]
    for text in (core, f"+{digits}"):
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return number
        if text.startswith("+"):
            return None
    return None
