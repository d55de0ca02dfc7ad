"""Phone numbers: what came, its E.164 form where it has one, and the key two spellings of one number share.

Pure functions over the phonenumbers library. A number need only be *possible*, not assigned: vendors' own examples are
not. Extensions (``210``, ``0003*210``) never reach the parser, which would read them as public numbers.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

KEY_DIGITS = 9  # two numbers with the same last nine national digits are taken for the same subscriber
LONGEST_PUBLIC = 15  # digits with the country code, by E.164; Germany's plan alone would allow more
LONGEST_TEXT = 128  # what is longer is cut: no number is
SHORTEST_PUBLIC = 7  # fewer digits are an extension, a short code or a slip

_WITHHELD = frozenset(
    {"anonymous", "unknown", "private", "withheld", "restricted", "unavailable", "blocked", "hidden", "no number", "asserted"}
)
_NAMED = re.compile(r"[^<>]*<\s*([^<>]+?)\s*>\s*\Z")
_SIP = re.compile(r"(?:sips?|tel):([^@;>]+)", re.IGNORECASE)
_WITH_WAY_OUT = phonenumbers.CountryCodeSource.FROM_NUMBER_WITH_IDD


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


def read_number(text: str, country: str) -> Number:
    """Read a number in any spelling; ``country`` (ISO 3166-1, two letters) decides what a national one means.

    Takes ``Name <number>``, ``sip:`` and ``tel:`` forms. Never raises: what is no number comes back with an empty key.
    """
    return _read(text.strip()[:LONGEST_TEXT], country)  # cut before it is remembered


def beginnings(part: str) -> tuple[str, str]:
    """From which key (included) to which (not included) keys begin with these digits; the latter is empty where none is above.

    A range of digits, unlike a pattern, is found by an index in every collation.
    """
    above = str(int(part) + 1).zfill(len(part))
    return part, above if len(above) == len(part) else ""


@lru_cache(maxsize=8192)
def readable(e164: str, raw: str = "") -> str:
    """A number as people read it, ``+46 70 123 45 67``; one without an E.164 form as it was written."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return raw or e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@lru_cache(maxsize=8192)
def _read(raw: str, country: str) -> Number:
    core = _core(raw)
    if core.lower() in _WITHHELD or (raw and not core):
        return Number(raw=raw, is_withheld=True)
    digits = re.sub(r"\D", "", core)
    if not digits:
        return Number(raw=raw)
    if "*" in core or "#" in core:
        return Number(raw=raw, key=_extension_key(core), digits=digits[:32], is_extension=True)
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
    """The number itself in ASCII digits, without a display name, a scheme, a host or parameters."""
    named = _NAMED.match(raw)
    core = named.group(1) if named else raw
    scheme = _SIP.match(core)
    return _in_ascii_digits(scheme.group(1) if scheme else core).strip()


def _in_ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text).replace("＋", "+")


def _extension_key(core: str) -> str:
    return re.sub(r"[^\d*#]", "", core)[:16]


def _parse(core: str, digits: str, country: str) -> phonenumbers.PhoneNumber | None:
    """The public number, or None where it is not even possible.

    First as dialled in ``country``, then with another country's way out (``00``, ``011``), last as if it began with a country
    code. ``00`` begins no subscriber's number, so it is a way out wherever it is dialled; ``011`` begins Leeds and Norrköping.
    """
    if not SHORTEST_PUBLIC <= len(digits) <= 32:
        return None
    dialled = _possible(core, country)
    if core.startswith("+"):
        return dialled
    if core.startswith("00") and not (dialled and dialled.country_code_source == _WITH_WAY_OUT):
        return _possible(f"+{core[2:]}", country)
    if dialled is None and core.startswith("011"):
        dialled = _possible(f"+{core[3:]}", country)
    return dialled or _possible(f"+{digits}", country)


def _possible(text: str, country: str) -> phonenumbers.PhoneNumber | None:
    """The number ``text`` spells, if it is long enough for its country; a local one without its area code is not."""
    try:
        number = phonenumbers.parse(text, country, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    is_possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    length = len(f"{number.country_code}{phonenumbers.national_significant_number(number)}")
    return number if is_possible and length <= LONGEST_PUBLIC else None
