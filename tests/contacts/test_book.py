"""Writing contacts: numbers are understood, and the calls they may concern are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from contacts.book import give_number, remove_company, remove_contact, save_agent, save_company, save_contact, save_numbers
from contacts.models import Contact, ContactNumber, RelinkRequest
from tenants.models import Tenant
from tests.make import make_agent, make_company, make_contact, make_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def asked() -> set[tuple[str, str]]:
    """What relinking was asked for since it was last looked at."""
    found = set(RelinkRequest.objects.values_list("match_key", "external_id"))
    RelinkRequest.objects.all().delete()
    return found


def test_a_number_is_kept_as_written_and_understood_in_the_tenants_country(tenant: Tenant) -> None:
    for country, e164 in (("SE", "+46701234567"), ("AU", "+61701234567")):
        number = make_contact(make_tenant(country=country), " 070-123 45 67 ").numbers.get()
        assert (number.raw, number.e164) == ("070-123 45 67", e164)


def test_the_list_given_is_the_whole_list(tenant: Tenant) -> None:
    anna = make_contact(tenant, "+46701234567", "+46701234568")
    kept = anna.numbers.get(raw="+46701234567")
    save_contact(anna, numbers=["+46701234567", "+46701234569", "+46701234569", " "])
    assert {number.raw for number in anna.numbers.all()} == {"+46701234567", "+46701234569"}
    assert anna.numbers.get(raw="+46701234567") == kept


def test_without_a_list_the_numbers_stay(tenant: Tenant) -> None:
    anna = make_contact(tenant, "+46701234567")
    save_contact(anna)
    assert anna.numbers.count() == 1


def test_asks_for_calls_by_old_and_new_numbers_and_ids(tenant: Tenant) -> None:
    anna = make_contact(tenant, "+46701234567", external_id="old")
    assert asked() == {("701234567", ""), ("", "old")}
    anna.external_id = "new"
    save_contact(anna, numbers=["+46701234568"])
    assert asked() == {("701234567", ""), ("701234568", ""), ("", "old"), ("", "new")}


def test_a_companys_phone_that_changes_asks_for_calls_by_the_old_and_the_new_one(tenant: Tenant) -> None:
    company = make_company(tenant, phone="070-123 45 67")
    assert (company.e164, asked()) == ("+46701234567", {("701234567", "")})
    company.notes, company.phone = "changed", "+46 70 123 45 67"
    save_company(company)
    assert asked() == set()
    company.phone = "070-123 45 68"
    save_company(company)
    assert asked() == {("701234567", ""), ("701234568", "")}
    company.phone = "ask at the desk"
    save_company(company)
    assert (company.e164, company.match_key, asked()) == ("", "", {("701234568", "")})


def test_a_company_that_is_removed_asks_for_its_numbers_calls(tenant: Tenant) -> None:
    company = make_company(tenant, phone="070-123 45 67")
    asked()
    remove_company(company)
    assert asked() == {("701234567", "")}


def test_a_single_number_changed_or_removed_asks_for_its_calls(tenant: Tenant) -> None:
    anna = make_contact(tenant, "+46701234567", "+46701234568")
    asked()
    first, second = anna.numbers.order_by("raw")
    first.raw = "070-999 99 99"
    save_numbers(anna, changed=[first], removed=[second])
    assert asked() == {("701234567", ""), ("701234568", ""), ("709999999", "")}
    assert anna.numbers.get().e164 == "+46709999999"


def test_a_contact_removed_asks_for_its_calls(tenant: Tenant) -> None:
    anna = make_contact(tenant, "+46701234567", external_id="anna")
    asked()
    remove_contact(anna)
    assert asked() == {("701234567", ""), ("", "anna")}
    assert not ContactNumber.objects.exists()


def test_a_save_that_fails_asks_for_nothing(tenant: Tenant) -> None:
    class Unlucky(Exception):
        pass

    def numbers() -> Any:
        yield "+46701234567"
        raise Unlucky

    with pytest.raises(Unlucky):
        save_contact(Contact(tenant=tenant, name="Anna", external_id="anna"), numbers=numbers())
    assert not Contact.objects.exists()
    assert asked() == set()


def test_an_agents_extensions_are_the_whole_list(tenant: Tenant) -> None:
    agent = make_agent(tenant)
    for wanted in (["210", "0003*211"], ["210"], []):
        save_agent(agent, extensions=wanted)
        assert sorted(agent.extensions.values_list("number", flat=True)) == sorted(wanted)


def test_a_number_is_given_once_and_past_calls_are_asked_for(tenant: Tenant) -> None:
    anna = make_contact(tenant)
    asked()
    assert give_number(anna, "070-123 45 67")
    assert asked() == {("701234567", "")}
    assert not give_number(anna, "+46 70 123 45 67")
    assert [number.raw for number in anna.numbers.all()] == ["+46701234567"]
    assert not give_number(anna, "nobody")


def test_a_number_that_one_keeps_alone_is_taken_from_the_others(tenant: Tenant) -> None:
    anna, bo = make_contact(tenant, "+46701234567"), make_contact(tenant, "0701234567", "+46709999999")
    elsewhere = make_contact(make_tenant(), "+46701234567")
    assert give_number(anna, "+46701234567", alone=True)
    assert [number.raw for number in bo.numbers.all()] == ["+46709999999"]
    assert anna.numbers.count() == elsewhere.numbers.count() == 1
    assert not give_number(anna, "+46701234567", alone=True)
