"""Phone numbers: what came, its E.164 form where it has one, and the key two spellings of one
number share.

Pure functions over the phonenumbers library. A number whose country is written need only be
*possible*, not assigned: vendors' own examples are not. Any other has an E.164 form only where it
is valid; else it is a guess that finds and is never shown. Extensions (``210``, ``0003*210``) never
reach the parser, which would read them as public numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import phonenumbers

from contacts.plans import is_former, shared_e164, shared_form, without_old_prefix
from contacts.spelling import Written, taken_apart
from tenants.place import Place

KEY_DIGITS = 9  # national digits, the last ones: who shares them is taken for one subscriber
LONGEST_PUBLIC = 15  # digits with the country code, by E.164; Germany's plan alone would allow more
LONGEST_TEXT = 128  # what is longer is cut: no number is
MOST_DIGITS = 20  # with a way out; what has more is no number
SHORTEST_PUBLIC = 7  # fewer digits are an extension, a short code or a slip
SHORTEST_LOCAL = 6  # unless they are a valid number, or a local one of the area that is stated

_WITH_WAY_OUT = phonenumbers.CountryCodeSource.FROM_NUMBER_WITH_IDD
_NO_NUMBER = phonenumbers.PhoneNumber()


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number as it came and as it is understood.

    ``raw`` is the text as it came, ``name`` whom it names, ``e164`` its international form
    (``+46701234567``) or empty, ``guess`` what that may be where it is not sure, ``key`` what equal
    numbers share (up to nine national digits, an extension's own digits and ``*``, or empty),
    ``digits`` every digit of it. A guess and a key are for finding; neither is shown or dialled.
    """

    raw: str = ""
    name: str = ""
    e164: str = ""
    guess: str = ""
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


def may_be_same(one: str, other: str) -> bool:
    """Whether two numbers with equal keys may be one subscriber's, by their E.164 forms or the lack
    of them (``contacts.plans``)."""
    return not (one and other) or shared_e164(one) == shared_e164(other)


def read_number(text: str, place: Place | str) -> Number:
    """Read a number in any spelling; ``place``, or its country alone, decides what a national one
    means.

    Takes ``"Name" <number>``, ``sip:`` and ``tel:`` forms and names of channels
    (``contacts.spelling``). Never raises: what is no number comes back with an empty key.
    """
    place = Place(place) if isinstance(place, str) else place
    return _read(text.strip()[:LONGEST_TEXT], place)  # cut before it is remembered


def beginnings(part: str) -> tuple[str, str]:
    """From which key (included) to which (not included) keys begin with these digits; the latter is
    empty where none is above.

    A range of digits, unlike a pattern, is found by an index in every collation.
    """
    above = str(int(part) + 1).zfill(len(part))
    return part, above if len(above) == len(part) else ""


@lru_cache(maxsize=8192)
def readable(e164: str, raw: str = "") -> str:
    """A number as people read it, ``+46 70 123 45 67``; one without an E.164 form as it was
    written."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return raw or e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@lru_cache(maxsize=8192)
def _read(raw: str, place: Place) -> Number:
    written = taken_apart(raw, place.country)
    if written.is_withheld:
        return Number(raw=raw, name=written.name, is_withheld=True)
    digits = re.sub(r"\D", "", written.number)
    if not digits or len(digits) > MOST_DIGITS:
        return Number(raw=raw, name=written.name)
    if "*" in written.number or "#" in written.number:
        key = re.sub(r"[^\d*#]", "", written.number)[:16]
        return Number(raw=raw, name=written.name, key=key, digits=digits[:32], is_extension=True)
    meant = _meant(written.number, digits, place)
    if written.is_loose and not meant.is_fact:
        return Number(raw=raw, name=written.name)
    if meant.number is not None:
        return _public(raw, written, digits, meant)
    if len(digits) < SHORTEST_PUBLIC:
        return Number(raw=raw, name=written.name, key=digits, digits=digits, is_extension=True)
    return Number(raw=raw, name=written.name, key=digits.lstrip("0")[-KEY_DIGITS:], digits=digits[:32])


def _public(raw: str, written: Written, digits: str, meant: _Meant) -> Number:
    number = meant.number or _NO_NUMBER
    code, national = number.country_code or 0, phonenumbers.national_significant_number(number)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Number(
        raw=raw,
        name=written.name,
        e164=e164 if meant.is_fact else "",
        guess="" if meant.is_fact else e164,
        key=shared_form(code, national)[-KEY_DIGITS:],
        digits=f"{code}{national}" if meant.is_fact else digits[:32],
    )


# What the digits mean


class _Meant(NamedTuple):
    """A number, if any, and whether it is one for sure."""

    number: phonenumbers.PhoneNumber | None = None
    is_fact: bool = False


def _meant(core: str, digits: str, place: Place) -> _Meant:
    """The public number that these digits are, or may be.

    A country code that was written, with ``+`` or a way out (``00``, ``011``), is believed for any
    possible number. ``00`` begins no subscriber's number, so it is a way out wherever it is
    dialled; ``011`` begins Leeds and Norrköping.
    """
    if core.lstrip("( [").startswith("+"):
        return _believed(_parsed(f"+{digits}", place.country))
    if len(digits) < SHORTEST_LOCAL:
        return _Meant()
    dialled = _parsed(core, place.country)
    if dialled is not None and dialled.country_code_source == _WITH_WAY_OUT and _is_possible(dialled):
        return _Meant(dialled, is_fact=True)
    if digits.startswith("00"):
        return _believed(_parsed(f"+{digits[2:]}", place.country))
    if dialled is not None and _is_valid(dialled) and not _lacks_trunk(dialled, digits, place.country):
        return _Meant(dialled, is_fact=True)
    return _weighed(digits, dialled, place)


def _believed(number: phonenumbers.PhoneNumber | None) -> _Meant:
    """A number whose country was written; one of a former plan is no longer possible, and remains a
    guess."""
    if number is None:
        return _Meant()
    if _is_possible(number):
        return _Meant(number, is_fact=True)
    return _Meant(number if _is_former(number) else None)


def _weighed(digits: str, dialled: phonenumbers.PhoneNumber | None, place: Place) -> _Meant:
    """The international reading, if it is valid; else the national one, if it is valid without its
    trunk prefix and cannot be a local number; else a guess."""
    abroad = _parsed(f"+{digits.removeprefix('011')}", place.country)
    if abroad is not None and _is_valid(abroad):
        return _Meant(abroad, is_fact=True)
    if (local := _local(digits, place)) is not None:
        return _Meant(local)
    if dialled is not None and _is_valid(dialled):
        return _Meant(dialled, is_fact=True)
    guesses = [dialled, abroad]
    if abroad is not None and abroad.country_code == _code(place.country):
        guesses.reverse()  # the country's own code, without its sign
    fitting = (guess for guess in guesses if guess is not None and (_is_possible(guess) or _is_former(guess)))
    return _Meant(next(fitting, None) if len(digits) >= SHORTEST_PUBLIC else None)


def _local(digits: str, place: Place) -> phonenumbers.PhoneNumber | None:
    """A number without its area code, where that is stated."""
    if not place.area_code or digits.startswith("0"):
        return None
    number = _parsed(f"+{_code(place.country)}{place.area_code}{digits}", place.country)
    return number if number is not None and _is_valid(number) else None


def _lacks_trunk(number: phonenumbers.PhoneNumber, digits: str, country: str) -> bool:
    """Whether this country writes a trunk prefix before such a number (0 in most of Europe), and
    here it is missing."""
    prefix = _trunk(country)
    written = re.sub(r"\D", "", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))
    return bool(prefix) and written.startswith(prefix) and not digits.startswith(prefix)


def _trunk(country: str) -> str:
    return phonenumbers.ndd_prefix_for_region(country, True) or ""


def _code(country: str) -> int:
    return phonenumbers.country_code_for_region(country)


def _parsed(text: str, country: str) -> phonenumbers.PhoneNumber | None:
    try:
        return without_old_prefix(phonenumbers.parse(text, country, keep_raw_input=True))
    except phonenumbers.NumberParseException:
        return None


def _is_possible(number: phonenumbers.PhoneNumber) -> bool:
    """Whether it is as long as its country's numbers; a local one without its area code is not."""
    if number.italian_leading_zero and not phonenumbers.is_valid_number(number):
        return False  # such a number would be read otherwise the next time
    length = len(f"{number.country_code}{phonenumbers.national_significant_number(number)}")
    is_possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    return is_possible and SHORTEST_PUBLIC <= length <= LONGEST_PUBLIC


def _is_valid(number: phonenumbers.PhoneNumber) -> bool:
    return _is_possible(number) and phonenumbers.is_valid_number(number)


def _is_former(number: phonenumbers.PhoneNumber) -> bool:
    return is_former(number.country_code or 0, phonenumbers.national_significant_number(number))
