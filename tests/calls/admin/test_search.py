"""The box that searches everything: what is found by which words, by whom, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls import ledger
from calls.admin.search import NEWEST, keys_of, marked, numbered, place_in
from calls.drafts import CallChanges, PartyDraft
from calls.models import Call
from tests.make import make_call, make_center, make_company, make_contact, make_line, make_operator, make_tenant, make_user
from tests.plans import prefer_indexes
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db

PAGE = "/admin/calls/call/search"


@pytest.fixture
def tenant():
    return make_tenant("lund", name="Lund AB")


@pytest.fixture
def client(tenant):
    return signed_in(staff(tenant, "viewer"))


def groups(client, words):
    answer = client.get(PAGE, {"q": words})
    assert answer.status_code == 200
    return {str(group.title): [str(hit.address) for hit in group.shown] for group in answer.context["groups"]}


def test_finds_people_companies_lines_calls_and_notes_by_a_word(client, tenant):
    company = make_company(tenant, name="Öberg Bygg")
    contact = make_contact(tenant, "+46701234567", name="Åsa Öberg", company=company)
    line = make_line(tenant, "+4640500600", name="Öberg's line")
    call = make_call(tenant, "+46709999999", remote=PartyDraft(number="+46709999999", name="Nils Öberg"))
    noted = make_call(tenant, "+46708888888", notes="Asks for Öberg on Monday")
    told = groups(client, "Öberg")
    assert [contact.pk.__str__() in told["Contacts"][0], str(company.pk) in told["Companies"][0]] == [True, True]
    assert str(line.pk) in told["Your own numbers"][0]
    assert any(str(call.pk) in address for address in told["Calls"])
    assert str(noted.pk) in told["Notes"][0]


@pytest.mark.parametrize(
    "words", ["+46701234567", "070-123 45 67", "0046 70 1234567", "(070) 123 4567", "070123", "+4670123", "70123"]
)
def test_finds_a_number_in_any_spelling_and_by_its_beginning(client, tenant, words):
    contact = make_contact(tenant, "+46701234567")
    call = make_call(tenant, "+46701234567")
    make_call(tenant, "+46311234567")
    told = groups(client, words)
    assert str(contact.pk) in told["Contacts"][0]
    assert [str(call.pk) in address for address in told["Calls"]] == [True]


def test_finds_a_company_by_its_phone(client, tenant):
    company = make_company(tenant, phone="08-465 004 00")
    make_company(tenant, phone="08-465 004 99")
    make_company(make_tenant(), phone="08-465 004 00")
    for words in ("+46846500400", "0046 8 465 004 00", "46500400"):
        assert [str(company.pk) in address for address in groups(client, words)["Companies"]] == [True]


def test_each_group_shows_few_and_leads_to_all(client, tenant):
    for number in range(8):
        make_contact(tenant, f"+4670123456{number}", name=f"Lund {number}")
    answer = client.get(PAGE, {"q": "Lund"})
    [group] = answer.context["groups"]
    assert (len(group.shown), group.has_more) == (5, True)
    assert "/admin/contacts/contact/?q=Lund" in answer.content.decode()


def test_the_place_in_a_note_is_marked_and_everything_else_escaped():
    text = "x" * 200 + " <b>calls</b> on MONDAY at nine " + "y" * 200
    told = place_in(text, "monday")
    assert "<mark>MONDAY</mark>" in told
    assert "<b>" not in told
    assert told.startswith("…")
    assert len(told) < 260
    assert marked("<i>Åsa</i>", "åsa") == "&lt;i&gt;<mark>Åsa</mark>&lt;/i&gt;"


@pytest.mark.parametrize("words", ["", "a", "\0", "%", "((", "+", "*#", "'; --", "0" * 300, "☎", "00", "999999999"])
def test_odd_words_break_nothing(client, tenant, words):
    make_call(tenant)
    groups(client, words)


def test_nobody_finds_what_is_another_tenants_or_centers(tenant):
    here, there, other = make_center(tenant), make_center(tenant), make_tenant("umea")
    make_contact(other, "+46701234567", name="Åsa Öberg", company=make_company(other, name="Öberg Bygg"))
    make_call(other, "+46701234567", notes="Öberg")
    hidden = make_call(tenant, "+46701234567", notes="Öberg", center_id=str(there.pk))
    limited = signed_in(staff(tenant, "agent", center=here))
    assert groups(limited, "Öberg") == groups(limited, "0701234567") == {}
    found = groups(signed_in(staff(tenant, "agent")), "0701234567")
    assert [str(hidden.pk) in address for address in found["Calls"]] == [True]
    everything = groups(signed_in(make_operator()), "Öberg")
    assert len(everything["Notes"]) == 2
    assert signed_in(make_user(is_staff=True)).get(PAGE, {"q": "Öberg"}).status_code == 403


def test_the_box_is_on_every_page(client, tenant):
    for page in ("/admin/", "/admin/calls/call/", PAGE):
        assert 'role="search"' in client.get(page).content.decode(), page


def test_every_entry_of_a_thread_of_notes_is_found(client, tenant):
    call = make_call(tenant, notes="Asked for a quote")
    for words in ("Sent the quote", "Wants it by Friday"):
        ledger.amend(call, CallChanges(note=words))
    for words in ("quote", "Asked", "friday"):
        assert call.get_absolute_url() in client.get(PAGE, {"q": words}).content.decode(), words


def test_two_rows_cost_what_fifty_cost(client, tenant):
    costs = []
    for count in (2, 48):
        for number in range(count):
            phone = f"+46701{count:02}{number:04}"
            make_contact(tenant, phone, name=f"Lund {number}", company=make_company(tenant, name=f"Lund {number}"))
            make_call(tenant, phone, notes="Lund", started_at=timezone.now() - timedelta(minutes=number))
        for words in ("Lund", "0701"):
            with CaptureQueriesContext(connection) as queries:
                client.get(PAGE, {"q": words})
            costs.append(len(queries))
    assert costs[:2] == costs[2:]
    assert max(costs) <= 12


def test_a_number_is_looked_up_in_its_index(tenant):
    prefer_indexes()
    for words in ("0701234567", "070123"):
        for key in keys_of(words, ["SE"]):
            assert "call_by_number" in numbered(Call.objects.for_tenant(tenant), key).explain(), words


def test_words_are_looked_for_among_the_newest_calls_alone(client, tenant):
    with CaptureQueriesContext(connection) as queries:
        client.get(PAGE, {"q": "Lund"})
    scans = [query["sql"] for query in queries if "LIKE" in query["sql"].upper() and '"calls_call"."notes"' in query["sql"]]
    assert scans
    assert all(f"LIMIT {NEWEST}" in sql for sql in scans)


@pytest.mark.parametrize("words", ["1234567", "123 45", "12-34", "+46 70 12", "46701", "0046701", "70 12", "567"])
def test_finds_a_number_by_any_part_of_it(client, tenant, words):
    contact, line = make_contact(tenant, "+46701234567"), make_line(tenant, "+46701234567")
    call = make_call(tenant, "+46701234567")
    make_call(tenant, "+46709999999")
    told = groups(client, words)
    assert str(contact.pk) in told["Contacts"][0]
    assert str(line.pk) in told["Your own numbers"][0]
    assert [str(call.pk) in address for address in told["Calls"]] == [True]


@pytest.mark.parametrize(
    ("name", "words"),
    [("Ida Björk", "bjork"), ("Ida Bjork", "Björk"), ("Søren Østergård", "soren ostergard"), ("Łukasz Strauß", "strauss")],
)
def test_accents_do_not_matter(client, tenant, name, words):
    contact = make_contact(tenant, name=name)
    call = make_call(tenant, remote=PartyDraft(number="+46709999999", name=name), notes=f"Ask {name}")
    told = groups(client, words)
    assert str(contact.pk) in told["Contacts"][0]
    assert str(call.pk) in told["Calls"][0]
    assert str(call.pk) in told["Notes"][0]


def test_the_place_of_a_word_is_marked_whatever_its_accents():
    assert marked("Ida Björk", "bjork") == "Ida <mark>Björk</mark>"
    assert marked("Gustav Strauß II", "strauss") == "Gustav <mark>Strauß</mark> II"


def test_the_newest_calls_alone_are_looked_through_for_a_part_of_a_number(client, tenant):
    with CaptureQueriesContext(connection) as queries:
        client.get(PAGE, {"q": "2345"})
    scans = [query["sql"] for query in queries if "LIKE" in query["sql"].upper() and '"calls_call"."number_text"' in query["sql"]]
    assert scans
    assert all(f"LIMIT {NEWEST}" in sql for sql in scans)
