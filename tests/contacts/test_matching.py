"""Who was it: every rule, and never a guess between two."""

from __future__ import annotations

import pytest

from contacts.matching import AgentHint, ContactHint, find_agent, find_agents, find_contact, find_contacts
from contacts.models import AgentExtension
from contacts.phone import Number, read_number
from tenants.models import Tenant
from tests.make import make_agent, make_company, make_contact, make_tenant, make_user

pytestmark = pytest.mark.django_db

NOBODY = Number()


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def number(text: str) -> Number:
    return read_number(text, "SE")


def test_our_own_id_comes_first(tenant: Tenant) -> None:
    anna, bo = make_contact(tenant, "+46701234567", external_id="b"), make_contact(tenant, external_id="bo")
    match = find_contact(tenant, number("+46701234567"), ContactHint(id=str(bo.pk), external_id="b"))
    assert (match.contact, match.rule, match.state, match.confidence) == (bo, "id", "exact", 1.0)
    assert find_contact(tenant, NOBODY, ContactHint(id=anna.pk.hex[:24])).contact == anna


def test_the_tenants_own_id_comes_before_the_number(tenant: Tenant) -> None:
    make_contact(tenant, "+46701234567")
    bo = make_contact(tenant, external_id="bo")
    match = find_contact(tenant, number("+46701234567"), ContactHint(external_id="bo"))
    assert (match.contact, match.rule, match.confidence) == (bo, "external_id", 1.0)


@pytest.mark.parametrize("hint", [ContactHint(id="nonsense"), ContactHint(id="\x00" * 40), ContactHint(external_id="nobody")])
def test_an_id_that_fits_nothing_falls_through_to_the_number(tenant: Tenant, hint: ContactHint) -> None:
    anna = make_contact(tenant, "070-123 45 67", company=make_company(tenant))
    match = find_contact(tenant, number("+46701234567"), hint)
    assert (match.contact, match.company, match.rule, match.state) == (anna, anna.company, "number", "exact")


def test_equal_endings_are_a_guess_only_where_one_number_is_not_full(tenant: Tenant) -> None:
    anna = make_contact(tenant, "5551081")
    match = find_contact(tenant, Number(raw="5551081", key="5551081"))
    assert (match.contact, match.rule, match.state, match.confidence) == (anna, "number_ending", "guess", 0.6)


def test_full_numbers_of_two_countries_are_two_people(tenant: Tenant) -> None:
    make_contact(tenant, "+49701234567")
    assert find_contact(tenant, number("+46701234567")).state == "none"


def test_of_several_none_is_taken_and_all_are_named(tenant: Tenant) -> None:
    twins = [make_contact(tenant, "+46701234567", name=name) for name in ("Anna", "Bo")]
    match = find_contact(tenant, number("0701234567"))
    assert (match.contact, match.state) == (None, "several")
    assert match.candidates == [{"contact": str(twin.pk), "name": twin.name} for twin in twins]


def test_one_contact_who_has_the_number_in_two_spellings_is_one(tenant: Tenant) -> None:
    anna = make_contact(tenant, "+46701234567", "070-123 45 67")
    assert find_contact(tenant, number("0046701234567")).contact == anna


def test_the_very_number_wins_over_any_number_of_equal_endings(tenant: Tenant) -> None:
    for _ in range(25):
        make_contact(tenant, "+49701234567")
    anna = make_contact(tenant, "+46701234567")
    assert find_contact(tenant, number("+46701234567")).contact == anna


def test_a_company_is_known_even_where_the_person_is_not(tenant: Tenant) -> None:
    company = make_company(tenant, external_id="acme")
    for hint in (ContactHint(company_external_id="acme"), ContactHint(company_id=str(company.pk))):
        match = find_contact(tenant, number("+46701234567"), hint)
        assert (match.contact, match.company, match.rule, match.state) == (None, company, "company", "none")


@pytest.mark.parametrize(("phone", "state", "confidence"), [("08-465 004 00", "exact", 0.95), ("46500400", "guess", 0.6)])
def test_a_companys_phone_finds_the_company_where_no_contact_has_it(tenant, phone, state, confidence) -> None:
    company = make_company(tenant, phone="0", name="Not a number")
    company = make_company(tenant, phone=phone)
    found = Number(raw="46500400", key="46500400") if state == "guess" else number("+46846500400")
    match = find_contact(tenant, found)
    assert (match.contact, match.company, match.rule) == (None, company, "company_number")
    assert (match.state, match.confidence) == (state, confidence)


def test_a_contact_with_the_number_goes_before_the_company_with_it(tenant: Tenant) -> None:
    make_company(tenant, phone="+46846500400")
    anna = make_contact(tenant, "+46846500400")
    match = find_contact(tenant, number("+46846500400"))
    assert (match.contact, match.company, match.rule) == (anna, None, "number")
    make_contact(tenant, "+46846500400")
    match = find_contact(tenant, number("+46846500400"))
    assert (match.company, match.state) == (None, "several")


def test_a_company_that_is_named_goes_before_another_with_the_number(tenant: Tenant) -> None:
    numbered = make_company(tenant, phone="+46846500400", external_id="its own")
    named = make_company(tenant, external_id="acme")
    match = find_contact(tenant, number("+46846500400"), ContactHint(company_external_id="acme"))
    assert (match.company, match.rule, match.state) == (named, "company", "none")
    match = find_contact(tenant, number("+46846500400"), ContactHint(company_external_id="its own"))
    assert (match.company, match.rule, match.state) == (numbered, "company_number", "exact")


def test_of_several_companies_with_a_number_none_is_taken(tenant: Tenant) -> None:
    for _ in range(2):
        make_company(tenant, phone="+46846500400")
    make_company(make_tenant(), phone="+46846500401")
    for text in ("+46846500400", "+46846500401"):
        match = find_contact(tenant, number(text))
        assert (match.company, match.state, match.rule, match.candidates) == (None, "none", "", [])


def test_never_leaves_the_tenant(tenant: Tenant) -> None:
    other = make_tenant()
    stranger = make_contact(other, "+46701234567", external_id="x", company=make_company(other, external_id="acme"))
    hint = ContactHint(id=str(stranger.pk), external_id="x", company_id=str(stranger.company.pk), company_external_id="acme")
    match = find_contact(tenant, number("+46701234567"), hint)
    assert (match.contact, match.company, match.state, match.candidates) == (None, None, "none", [])


def test_many_at_once_find_what_each_would_find_alone(tenant: Tenant, django_assert_max_num_queries) -> None:
    anna, bo = make_contact(tenant, "+46701234567", external_id="anna"), make_contact(tenant, "+46701234568")
    make_company(tenant, external_id="acme")
    berg = make_company(tenant, phone="+46701234569")
    asked = [
        (number("+46701234569"), ContactHint()),
        (number("+46701234567"), ContactHint()),
        (number("+46701234568"), ContactHint(external_id="anna")),
        (NOBODY, ContactHint(id=str(bo.pk))),
        (number("+46709999999"), ContactHint(id="nonsense", company_external_id="acme")),
        (number("+46701234568"), ContactHint(external_id="nobody")),
        (NOBODY, ContactHint()),
    ]
    with django_assert_max_num_queries(1):
        together = find_contacts(tenant, asked)
    assert together == [find_contact(tenant, *one) for one in asked]
    assert [match.contact for match in together] == [None, anna, anna, bo, None, bo, None]
    assert together[0].company == berg


def test_an_agent_is_found_by_id_external_id_extension_and_log_in(tenant: Tenant) -> None:
    user = make_user(tenant)
    agent = make_agent(tenant, external_id="ag", user=user)
    AgentExtension.objects.create(tenant=tenant, agent=agent, number="210")
    hints = [AgentHint(id=str(agent.pk)), AgentHint(external_id="ag"), AgentHint(extension="210"), AgentHint(user=user)]
    assert [find_agent(tenant, hint) for hint in hints] == [agent] * 4
    assert find_agents(tenant, hints) == [agent] * 4


def test_who_logged_the_call_is_not_its_agent_where_another_is_named(tenant: Tenant) -> None:
    user = make_user(tenant)
    make_agent(tenant, user=user)
    assert find_agent(tenant, AgentHint(user=user, name="Somebody else")) is None


def test_agents_never_leave_the_tenant(tenant: Tenant) -> None:
    other = make_tenant()
    stranger = make_agent(other, external_id="ag", user=make_user(other))
    AgentExtension.objects.create(tenant=other, agent=stranger, number="210")
    hints = [
        AgentHint(id=str(stranger.pk)),
        AgentHint(external_id="ag"),
        AgentHint(extension="210"),
        AgentHint(user=stranger.user),
    ]
    assert find_agents(tenant, hints) == [None] * 4


def test_two_ways_of_writing_one_subscriber_link_as_a_guess(tenant: Tenant) -> None:
    anna = make_contact(tenant, "+54 9 11 2345-6789")
    match = find_contact(tenant, number("+54 11 2345-6789"))
    assert (match.contact, match.state, match.rule, match.confidence) == (anna, "guess", "number_ending", 0.6)


def test_the_very_number_comes_before_another_way_of_writing_it(tenant: Tenant) -> None:
    make_contact(tenant, "+54 9 11 2345-6789")
    bo = make_contact(tenant, "+54 11 2345-6789")
    match = find_contact(tenant, number("+54 11 2345-6789"))
    assert (match.contact, match.state) == (bo, "exact")


def test_a_local_number_links_as_a_guess_where_the_area_code_is_stated() -> None:
    tenant = make_tenant(area_code="31")
    anna = make_contact(tenant, "+46 31 12 34 56")
    match = find_contact(tenant, read_number("12 34 56", tenant.place))
    assert (match.contact, match.state) == (anna, "guess")
    assert find_contact(tenant, number("12 34 56")).contact is None


@pytest.mark.parametrize("text", ["4731234567", "47 31 23 45 67", "0047 31234567"])
def test_an_international_number_without_its_sign_links_for_sure(tenant: Tenant, text: str) -> None:
    nora = make_contact(tenant, "+47 31 23 45 67")
    assert (find_contact(tenant, number(text)).contact, find_contact(tenant, number(text)).state) == (nora, "exact")
