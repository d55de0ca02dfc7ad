"""Numbers in every spelling."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.phone import LONGEST_TEXT, beginnings, is_same, read_number


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        # vendor-facing pages' own examples; the first is possible but not assigned
        ("+4670123456", "SE", "+4670123456"),
        ("0046 70-123 456", "SE", "+4670123456"),
        ("070123456", "SE", "+4670123456"),
        ("0409123456", "AU", "+61409123456"),
        ("+61409123456", "SE", "+61409123456"),
        ("(321) 555-1081", "US", "+13215551081"),
        ("3215551081", "US", "+13215551081"),
        ("13215551081", "US", "+13215551081"),
        ("+13215551081", "SE", "+13215551081"),
        # spellings
        ("+46 (0)70 123 45 67", "SE", "+46701234567"),
        ("Anna Berg <+46 70 123 45 67>", "SE", "+46701234567"),
        ("sip:+4670123456@pbx.example;user=phone", "SE", "+4670123456"),
        ("tel:+46-70-123-456", "SE", "+4670123456"),
        ("٠٧٠١٢٣٤٥٦", "SE", "+4670123456"),
        ("०७०१२३४५६", "SE", "+4670123456"),
        ("＋４６ 70 123 456", "US", "+4670123456"),
        ("+46701234567 ext. 12", "SE", "+46701234567"),
        # ways out, dialled from home and from elsewhere
        ("011 46 70 123 45 67", "US", "+46701234567"),
        ("011 46 70 123 45 67", "SE", "+46701234567"),
        ("0011 46 70 123 45 67", "AU", "+46701234567"),
        ("0046 70 123 45 67", "US", "+46701234567"),
        # area codes that only look like a way out
        ("0113 496 0000", "GB", "+441134960000"),
        ("011-12 34 56", "SE", "+4611123456"),
    ],
)
def test_reads_a_public_number(text: str, country: str, e164: str) -> None:
    assert read_number(text, country).e164 == e164


@pytest.mark.parametrize("text", ["210", "0003*210", "*98", "12345", "#31#070123456"])
def test_an_extension_or_code_is_no_public_number(text: str) -> None:
    number = read_number(text, "SE")
    assert number.is_extension
    assert number.e164 == ""
    assert number.key


@pytest.mark.parametrize("text", ["Anonymous", "withheld", "sip:anonymous@anonymous.invalid", '"Private" <Unknown>'])
def test_a_withheld_number_says_so_and_matches_nothing(text: str) -> None:
    number = read_number(text, "SE")
    assert number.is_withheld
    assert not number


@pytest.mark.parametrize("text", ["", "   ", "hello", "0000000", "+"])
def test_what_is_no_number_has_no_key(text: str) -> None:
    assert not read_number(text, "SE")


def test_a_number_without_its_area_code_is_kept_but_not_made_up_to_a_full_one() -> None:
    local = read_number("555 1081", "US")
    assert (local.e164, local.key) == ("", "5551081")


def test_two_full_numbers_of_different_countries_differ_however_alike_they_end() -> None:
    swedish, german = read_number("+46701234567", "SE"), read_number("+49701234567", "SE")
    assert swedish.key == german.key
    assert not is_same(swedish, german)


def test_a_long_text_is_cut() -> None:
    assert len(read_number("1" * 400, "SE").raw) == LONGEST_TEXT


@given(text=st.text(max_size=500), country=st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
def test_never_raises_and_always_fits_its_columns(text: str, country: str) -> None:
    _fits(text, country)


@given(
    text=st.text("+0123456789 -()*#;=<>:@.sipetlx٠०", max_size=60),
    country=st.sampled_from(["SE", "US", "AU", "DE", "IT", "GB", "JP", "XX"]),
)
def test_never_raises_on_what_looks_like_a_number(text: str, country: str) -> None:
    _fits(text, country)


def _fits(text: str, country: str) -> None:
    number = read_number(text, country)
    assert len(number.raw) <= 128
    assert len(number.e164) <= 16
    assert len(number.key) <= 16
    assert len(number.digits) <= 32
    assert number.digits == "" or (number.digits.isascii() and number.digits.isdigit())
    assert number.key.isascii()


@settings(deadline=None)  # the library reads its tables at the first number of a country
@given(st.sampled_from(["701234567", "87654321", "31555123"]), st.sampled_from(["+46", "0046", "0", "+46 (0)", "+46-"]))
def test_every_spelling_of_a_number_has_one_key(national: str, lead: str) -> None:
    assert is_same(read_number(lead + national, "SE"), read_number("+46" + national, "SE"))


def test_the_longest_german_number_still_fits() -> None:
    assert len(read_number("+49" + "3" * 15, "DE").e164) <= 16


@pytest.mark.parametrize(
    ("part", "bounds"), [("70", ("70", "71")), ("799", ("799", "800")), ("99", ("99", "")), ("09", ("09", "10"))]
)
def test_keys_that_begin_alike_are_a_range(part, bounds):
    assert beginnings(part) == bounds
    low, high = bounds
    for key in (part, f"{part}0", f"{part}999"):
        assert low <= key
        assert not high or key < high
