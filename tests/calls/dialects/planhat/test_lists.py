"""The list of calls."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tenants.ids import short_id
from tests.make import make_call, make_company, make_contact, make_tenant

pytestmark = pytest.mark.django_db


def test_lists_a_bare_array_newest_first(api, tenant):
    calls = [make_call(tenant, started_at=datetime(2026, 1, day, tzinfo=UTC)) for day in (1, 3, 2)]
    make_call(make_tenant())
    ids = [short_id(call.pk) for call in calls]
    assert [call["_id"] for call in api("GET", "/calls").json()] == [ids[1], ids[2], ids[0]]
    assert [call["_id"] for call in api("GET", "/calls?sort=start&limit=1&offset=1").json()] == [ids[2]]
    assert [call["_id"] for call in api("GET", "/calls?sort=%2Bstart&limit=1").json()] == [ids[0]]


def test_lists_calls_of_one_company_by_any_of_its_ids(api, tenant):
    company = make_company(tenant, external_id="co", source_id="src")
    wanted = make_call(tenant, "+46701111111")
    make_contact(tenant, "+46702222222", company=company)
    wanted = make_call(tenant, "+46702222222")
    for name in (short_id(company.pk), str(company.pk), "extid-co", "srcid-src", "co"):
        assert [call["_id"] for call in api("GET", f"/calls?companyId={name}").json()] == [short_id(wanted.pk)]
    assert api("GET", "/calls?companyId=unknown").json() == []


def test_lists_only_the_selected_fields(api, tenant):
    make_call(tenant)
    assert [set(call) for call in api("GET", "/calls?select=nr,start,nothing").json()] == [{"_id", "nr", "start"}]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=5001", "limit"),
        ("limit=x", "limit"),
        ("limit=-1", "limit"),
        ("limit=9999999999999999999999", "limit"),
        ("offset=-1", "offset"),
        ("offset=9223372036854775808", "offset"),
        ("sort=tenant__slug", "sort"),
        ("sort=-", "sort"),
        ("sort=document__x", "sort"),
        ("sort=given_contact", "sort"),
    ],
)
def test_names_the_parameter_it_cannot_take(api, query, field):
    answer = api("GET", f"/calls?{query}")
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {field}


@pytest.mark.parametrize(
    "query", ["companyId=%00", "companyId=%ff", "companyId=%ed%a0%80", "sort=%00", "select=%00", "%00=1", "companyId=extid-"]
)
def test_refuses_queries_no_database_takes(api, query):
    answer = api("GET", f"/calls?{query}")
    assert answer.status_code == 400 or answer.json() == []


def test_lists_with_as_many_queries_for_twenty_calls_as_for_two(api, tenant, django_assert_max_num_queries):
    company = make_company(tenant)
    for number in range(20):
        make_contact(tenant, f"+467012345{number:02}", company=company)
        make_call(tenant, f"+467012345{number:02}")
    api("GET", "/calls")
    with django_assert_max_num_queries(3):  # token with membership, calls, recordings
        assert len(api("GET", "/calls").json()) == 20


LISTS = ("/calls", "/conversations", "/endusers", "/companies", "/users", "/leancompanies")


@pytest.mark.parametrize("path", LISTS)
def test_a_filter_it_does_not_know_is_named_and_not_ignored(api, path):
    answer = api("GET", f"{path}?segment=gold")
    assert answer.status_code == 400
    assert answer.json()["error"] == "unknown_filter"
    assert set(answer.json()["fields"]) == {"segment"}


def test_lists_the_end_users_of_a_company_below_it(api, tenant):
    company = make_company(tenant, external_id="co")
    contact = make_contact(tenant, "+46702222222", company=company)
    make_contact(tenant, "+46703333333")
    for name in (short_id(company.pk), "extid-co"):
        assert [one["_id"] for one in api("GET", f"/companies/{name}/endusers").json()] == [short_id(contact.pk)]
    elsewhere = make_company(make_tenant())
    assert api("GET", f"/companies/{short_id(elsewhere.pk)}/endusers").status_code == 404
    assert api("GET", "/companies/extid-co/endusers?segment=gold").status_code == 400


def test_a_call_is_a_conversation_of_type_call(api, tenant):
    company = make_company(tenant)
    contact = make_contact(tenant, "+46702222222", company=company)
    call = make_call(tenant, "+46702222222", notes="Wants an offer.")
    make_call(make_tenant())
    [listed] = api("GET", "/conversations?type=call").json()
    assert listed == api("GET", f"/conversations/{listed['_id']}").json()
    assert (listed["_id"], listed["type"], listed["description"]) == (short_id(call.pk), "call", "Wants an offer.")
    assert listed["endusers"] == [{"id": short_id(contact.pk), "name": contact.name}]
    assert listed["companyId"] == short_id(company.pk)


def test_conversations_are_filtered_by_type_and_company(api, tenant):
    company = make_company(tenant, external_id="co")
    make_contact(tenant, "+46702222222", company=company)
    wanted = make_call(tenant, "+46702222222")
    make_call(tenant, "+46703333333")
    assert [one["_id"] for one in api("GET", "/conversations?companyId=co").json()] == [short_id(wanted.pk)]
    assert api("GET", "/conversations?type=email").json() == []
    assert api("GET", "/conversations?companyId=unknown").json() == []


def test_anothers_conversation_is_none(api):
    foreign = make_call(make_tenant())
    assert api("GET", f"/conversations/{short_id(foreign.pk)}").status_code == 404


@pytest.mark.parametrize("count", [2, 20])
def test_conversations_take_the_same_queries_however_many(api, tenant, count, django_assert_max_num_queries):
    for n in range(count):
        make_contact(tenant, f"+4670222{n:04}", company=make_company(tenant))
        make_call(tenant, f"+4670222{n:04}")
    api("GET", "/conversations")
    with django_assert_max_num_queries(3):
        assert len(api("GET", "/conversations").json()) == count
