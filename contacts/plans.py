"""National plans in which one subscriber is written in two ways, as before and after a change, or
with and without a digit.

Two such numbers are taken for one as a guess only: a contact is linked and a missed call returned
by it, and no more.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

# The country's code, what national numbers look like in one way, and what makes of them the form
# that both ways share.
_WAYS = [
    (54, r"9(\d{10})", r"\1"),  # Argentina: 9 before a mobile called from abroad, 15 within it at home
    (55, r"([1-9]{2})([6-9]\d{7})", r"\g<1>9\2"),  # Brazil: mobiles before their ninth digit (2016)
    (57, r"([1-8])(\d{7})", r"60\1\2"),  # Colombia: fixed lines before 60 was put in front (2021)
    (39, r"0(\d{5,10})", r"\1"),  # Italy: the zero stays after +39, but many leave it out
    (225, r"(?:01|05|07|21|25|27)(\d{8})", r"\1"),  # Ivory Coast: the operator in front (2021)
    (229, r"01(\d{8})", r"\1"),  # Benin: 01 in front (2024)
    (237, r"6([5-9]\d{7})", r"\1"),  # Cameroon: 6 before mobiles (2014)
    (237, r"2([23]\d{7})", r"\1"),  # Cameroon: 2 before fixed lines (2014)
    (241, r"[0167]([1-7]\d{6})", r"\1"),  # Gabon: 1, 6 or 7 in the place of 0 (2019)
    (84, r"16([2-9]\d{7})", r"3\1"),  # Vietnam: mobiles lost a digit, each range its own way (2018)
    *(
        (84, rf"{old}(\d{{7}})", rf"{new}\1")
        for old, new in (
            ("120", "70"), ("121", "79"), ("122", "77"), ("126", "76"), ("128", "78"),
            ("123", "83"), ("124", "84"), ("125", "85"), ("127", "81"), ("129", "82"),
            ("186", "56"), ("188", "58"), ("199", "59"),
        )
    ),
]  # fmt: skip
_OF_COUNTRY: dict[int, list[tuple[re.Pattern[str], str]]] = {}
for _code, _pattern, _shared in _WAYS:
    _OF_COUNTRY.setdefault(_code, []).append((re.compile(_pattern), _shared))
# Mexico until 2019: before mobiles, or to dial far away. No other number begins so.
_MEXICAN = re.compile(r"(?:1|01|044|045)(\d{10})")


def shared_form(code: int, national: str) -> str:
    """The national number in the form that both ways of writing it share; as it is where there is
    one way."""
    for pattern, shared in _OF_COUNTRY.get(code, ()):
        if pattern.fullmatch(national):
            return pattern.sub(shared, national)
    return national


def is_former(code: int, national: str) -> bool:
    """Whether this is a number of a former plan whose length the present one does not have at all
    (Ivory Coast)."""
    return code == 225 and len(national) == 8


def without_old_prefix(number: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber:
    """A Mexican number without the digits that were dialled before it until 2019; every other as it
    is."""
    national = phonenumbers.national_significant_number(number)
    if number.country_code == 52 and (found := _MEXICAN.fullmatch(national)):
        plain = phonenumbers.PhoneNumber(country_code=52, national_number=int(found[1]))
        plain.country_code_source = number.country_code_source
        return plain
    return number


@lru_cache(maxsize=8192)
def shared_e164(e164: str) -> str:
    """What two E.164 forms of one subscriber have in common; equal for no others that are written
    today."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    national = phonenumbers.national_significant_number(number)
    return f"+{number.country_code}{shared_form(number.country_code or 0, national)}"
