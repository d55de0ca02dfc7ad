"""Numbers in every spelling."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.phone import LONGEST_TEXT, beginnings, is_same, may_be_same, read_number
from tenants.place import Place


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        # vendor-facing pages' own examples; the first is possible but not assigned
        ("+4670123456", "SE", "+4670123456"),
        ("0046 70-123 456", "SE", "+4670123456"),
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
        ("٠٧٠١٢٣٤٥٦٧", "SE", "+46701234567"),
        ("०७०१२३४५६७", "SE", "+46701234567"),
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


@pytest.mark.parametrize("text", ["210", "0003*210", "*98", "12345", "sip:210@pbx.example", "tel:7042;phone-context=example.com"])
def test_an_extension_or_code_is_no_public_number(text: str) -> None:
    number = read_number(text, "SE")
    assert number.is_extension
    assert number.e164 == ""
    assert number.key


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        # from trunks: the country's code without its sign
        ("4731234567", "SE", "+4731234567"),
        ("447400123456", "SE", "+447400123456"),
        ("358501234567", "SE", "+358501234567"),
        ("13125550144", "DE", "+13125550144"),
        ("31687654321", "DE", "+31687654321"),
        ("13125550144", "BR", "+13125550144"),
        ("46709876543", "SE", "+46709876543"),
        ("sip:4731234567@trunk.example", "SE", "+4731234567"),
        # a national number that is valid wins where the country writes no trunk prefix, and where none is missing
        ("4733334444", "BR", "+554733334444"),
        ("709876543", "SE", "+46709876543"),
        ("0470123456", "SE", "+46470123456"),
    ],
)
def test_of_two_readings_the_valid_one_is_taken(text: str, country: str, e164: str) -> None:
    assert read_number(text, country).e164 == e164


@pytest.mark.parametrize("text", ["070123456", "4670123456", "#31#070123456", "46 70 12 34 56"])
def test_what_is_only_possible_is_a_guess_and_never_a_full_number(text: str) -> None:
    number = read_number(text, "SE")
    assert (number.e164, number.guess) == ("", "+4670123456")
    assert is_same(number, read_number("+4670123456", "SE"))


@pytest.mark.parametrize(
    "text",
    [
        "+1 312-555-0144,,45#", "+13125550144*45", "312-555-0144 ext. 7", "312.555.0144 x7",
        "+13125550144;ext=7", "tel:+13125550144;ext=7",
        "312-555-0144 anknytning 7", "(312) 555-0144, ankn. 7", "312 555 0144 App. 7",
        "312 555 0144 Durchwahl: 7", "312 555 0144 poste 7",
        "312 555 0144 int. 7", "312 555 0144 p7", "312 555 0144~7", "*67 312 555 0144",
        "*673125550144", "*82 3125550144", "#31#3125550144",
        "3125550144.0", "3.125550144E9", "3,125550144E+09", "Cell: 312 555 0144",
        "312 555 0144 (cell)", "SIP/3125550144-0000002a",
        "PJSIP/3125550144@trunk-0000002a", "sip:3125550144:secret@pbx.example",
        "sip:%2B13125550144@pbx.example",
        "sip:312.555.0144;phone-context=+1@pbx.example;user=phone",
        "tel:555-0144;phone-context=+1-312",
    ],
)  # fmt: skip
def test_what_stands_around_a_number_does_not_matter(text: str) -> None:
    assert read_number(text, "US").e164 == "+13125550144"


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("1-800-FLOWERS", "US", "+18003569377"), ("1-800-contacts", "US", "+18002668228"),
        ("13 CATS", "AU", "+61132287"),
        ("1831 0412 345 678", "AU", "+61412345678"), ("141 020 7946 0018", "GB", "+442079460018"),
        ("+52 1 55 5123 4567", "MX", "+525551234567"), ("044 55 5123 4567", "MX", "+525551234567"),
        ("01 55 5123 4567", "MX", "+525551234567"),
    ],
)  # fmt: skip
def test_reads_letters_prefixes_and_old_ways_of_dialling(text: str, country: str, e164: str) -> None:
    assert read_number(text, country).e164 == e164


@pytest.mark.parametrize(
    "text",
    [
        "Acme210", "sip:agent210@customer.example", "sip:10.0.0.5", "Firm 24/7", "DAHDI/1-1",
        "PJSIP/trunk-0000002a", "3.12555E+09",
        "3.1255501E12", "46,701,234,567", "1" * 40, "2026-11-02 09:00", "Route 66", "o2",
        "7up 12 bottles",
    ],
)  # fmt: skip
def test_digits_in_other_texts_are_no_number(text: str) -> None:
    number = read_number(text, "US")
    assert (number.key, number.e164, number.is_withheld) == ("", "", False)


@pytest.mark.parametrize(
    "text", ["SIP/210-00000001", "Local/210@inside-0000002a;1", "sofia/internal/210@10.0.0.1", '"Desk" <210>']
)
def test_a_channel_of_an_extension_is_the_extension(text: str) -> None:
    assert (read_number(text, "SE").key, read_number(text, "SE").is_extension) == ("210", True)


@pytest.mark.parametrize(
    "text",
    [
        "Anonymous", "withheld", "sip:anonymous@anonymous.invalid", '"Private" <Unknown>',
        "sip:4711@unknown.invalid", "<>",
        "Out of Area", "No Caller ID", "unknown_caller", "P", "O", "prohib_passed_screen",
        "asserted", "Private Number", "0000000000",
        "+266696687", "+7378742833", "+8656696", "+2562533", "+86282452253", "+7748283",
        "Dolt nummer", "Okänt", "Unbekannt",
        "Rufnummer unterdrückt", "Numéro masqué", "Número oculto", "Sconosciuto", "Anoniem",
        "sip:Restricted@pbx.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("country", ["SE", "US", "LS", "CN"])
def test_a_withheld_number_says_so_and_matches_nothing(text: str, country: str) -> None:
    number = read_number(text, country)
    assert number.is_withheld
    assert (number.key, number.e164, number.guess, number.digits) == ("", "", "", "")


def test_what_only_looks_like_a_withheld_mark_is_a_number() -> None:
    assert read_number("7378742833", "US").e164 == "+17378742833"


@pytest.mark.parametrize(
    ("text", "name"),
    [('"Berg, Anna" <+46701234567>', "Berg, Anna"), ("Anna Berg <sip:+46701234567@pbx>;tag=1", "Anna Berg"),
     (r'"Anna \"A\" Berg" <210>', 'Anna "A" Berg'),
     ("+46701234567 <+46701234567>", ""), ('"" <210>', ""), ('"Anonymous" <210>', "")],
)  # fmt: skip
def test_a_caller_id_gives_the_name_too(text: str, name: str) -> None:
    assert read_number(text, "SE").name == name


@pytest.mark.parametrize(
    ("one", "other", "country"),
    [
        ("+54 9 11 2345-6789", "+54 11 2345-6789", "AR"),
        ("011 15-2345-6789", "011 2345-6789", "AR"),
        ("+55 11 98765-4321", "+55 11 8765-4321", "BR"),
        ("+225 07 07 12 34 56", "+225 07 12 34 56", "CI"),
        ("+229 01 97 12 34 56", "+229 97 12 34 56", "BJ"),
        ("+57 601 6012345", "+57 1 6012345", "CO"), ("+39 06 1234 5678", "+39 6 1234 5678", "IT"),
        ("+237 6 77 12 34 56", "+237 77 12 34 56", "CM"),
        ("+84 70 123 4567", "+84 120 123 4567", "VN"),
        ("+241 66 12 34 56", "+241 06 12 34 56", "GA"),
    ],
)  # fmt: skip
def test_two_ways_of_writing_one_subscriber_may_be_the_same_but_are_not_for_sure(one: str, other: str, country: str) -> None:
    first, second = read_number(one, country), read_number(other, country)
    assert first.key == second.key
    assert first.e164 != second.e164
    assert may_be_same(first.e164, second.e164)


def test_two_subscribers_of_such_a_plan_stay_two() -> None:
    assert not may_be_same("+541123456789", "+542223456789")
    assert not may_be_same("+5511987654321", "+5521987654321")


def test_a_local_number_is_a_guess_where_the_area_code_is_stated() -> None:
    local, full = read_number("12 34 56", Place("SE", "31")), read_number("031-12 34 56", "SE")
    assert (local.e164, local.guess, local.key) == ("", "+4631123456", full.key)
    assert read_number("12 34 56", "SE").is_extension
    assert read_number("210", Place("SE", "31")).is_extension
    assert read_number("+46701234567", Place("SE", "31")).e164 == "+46701234567"


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


@settings(deadline=None)
@given(
    digits=st.text("0123456789", min_size=4, max_size=14),
    lead=st.sampled_from(["", "+", "00", "0", "#31#", "SIP/", "tel:"]),
    country=st.sampled_from(["SE", "US", "AR", "BR", "CI", "MX", "IT", "DE", "AU"]),
)
def test_a_full_number_is_read_as_itself_again(digits: str, lead: str, country: str) -> None:
    once = read_number(lead + digits, country)
    if once.e164:
        again = read_number(once.e164, country)
        assert (again.e164, again.key, again.digits) == (once.e164, once.key, once.digits)


@settings(deadline=None)
@given(
    mark=st.sampled_from(["anonymous", "+266696687", "Private Number", "sip:x@anonymous.invalid", "Okänt nummer", "+8656696"]),
    country=st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)),
    around=st.sampled_from(["{}", " {} ", "<{}>", '"{}" <{}>', '"Anna" <{}>']),
)
def test_a_withheld_mark_never_yields_a_number(mark: str, country: str, around: str) -> None:
    number = read_number(around.replace("{}", mark), country)
    assert number.is_withheld
    assert (number.e164, number.guess, number.key, number.digits) == ("", "", "", "")


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
