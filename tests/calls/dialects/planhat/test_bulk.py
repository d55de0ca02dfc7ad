"""Bulk upserts: an array put to the collection."""

from __future__ import annotations

import json

import pytest

from calls.dialects.planhat.bulk import _Bulk
from contacts.models import Company, Contact
from tenants.ids import short_id
from tests.make import make_company, make_contact, make_tenant

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["endusers", "companies", "users"])
def test_makes_and_changes_in_one_request(api, kind):
    rows = [{"name": "One", "externalId": "1"}, {"name": "Two", "sourceId": "2"}, {"name": "Three"}]
    first = api("PUT", f"/{kind}", rows)
    assert first.status_code == 200
    assert (first.json()["created"], first.json()["updated"]) == (3, 0)
    ids = [key["_id"] for key in first.json()["insertsKeys"]]
    changed = [{"name": "Uno", "externalId": "1"}, {"name": "Dos", "sourceId": "2"}, {"name": "Tres", "_id": ids[2]}]
    second = api("PUT", f"/{kind}", changed).json()
    assert (second["created"], second["updated"], second["modified"]) == (0, 3, ids)
    assert sorted(row["name"] for row in api("GET", f"/{kind}").json()) == ["Dos", "Tres", "Uno"]


def test_matches_by_our_id_then_source_id_then_external_id(api, tenant):
    by_id, by_source = make_company(tenant), make_company(tenant, source_id="s")
    by_external = make_company(tenant, external_id="e")
    rows = [{"_id": short_id(by_id.pk), "name": "1"}, {"sourceId": "s", "name": "2"}, {"externalId": "e", "name": "3"}]
    rows.append({"sourceId": "s", "externalId": "e", "name": "conflict"})
    answer = api("PUT", "/companies", rows)
    assert answer.status_code == 206
    assert [error["index"] for error in answer.json()["updatedErrors"]] == [3]
    for row, name in ((by_id, "1"), (by_source, "2"), (by_external, "3")):
        row.refresh_from_db()
        assert row.name == name


def test_one_bad_row_stays_alone(api):
    rows = [
        {"name": "Good"},
        {"name": "x" * 201},
        5,
        {"_id": "f" * 24, "name": "?"},
        {"name": "Max", "email": "no"},
        {"name": "Last"},
    ]
    answer = api("PUT", "/endusers", rows)
    assert answer.status_code == 206
    assert [error["index"] for error in answer.json()["createdErrors"]] == [1, 2, 3, 4]
    assert answer.json()["createdErrors"][0]["fields"].keys() == {"name"}
    assert sorted(Contact.objects.values_list("name", flat=True)) == ["Good", "Last"]


def test_a_row_may_name_what_a_row_before_it_made(api):
    rows = [{"externalId": "1", "name": "First"}, {"externalId": "1", "name": "Second", "phone": "0701234567"}]
    answer = api("PUT", "/endusers", rows).json()
    assert (answer["created"], answer["updated"]) == (1, 1)
    assert Contact.objects.get().name == "Second"


def test_a_failed_row_leaves_nothing_for_the_next_one(api, tenant):
    make_company(tenant, external_id="1", name="Before")
    rows = [{"externalId": "1", "name": "x" * 201, "custom": 1}, {"externalId": "1", "phone": "08"}]
    assert api("PUT", "/companies", rows).status_code == 206
    company = Company.objects.get()
    assert (company.name, company.phone, company.extra) == ("Before", "08", {})


def test_counts_rows_that_tell_nothing_new_and_writes_none(api, tenant, django_assert_max_num_queries):
    rows = [{"externalId": str(n), "name": f"Name {n}", "phone": f"070{n:07}", "custom": {"n": n}} for n in range(30)]
    api("PUT", "/endusers", rows)
    with django_assert_max_num_queries(4):
        assert api("PUT", "/endusers", rows).json()["nonupdates"] == 30


def test_never_touches_another_tenants_rows(api):
    theirs = make_company(make_tenant(), external_id="e", source_id="s", name="Theirs")
    rows = [{"_id": short_id(theirs.pk), "name": "1"}, {"externalId": "e", "name": "2"}, {"sourceId": "s", "name": "3"}]
    answer = api("PUT", "/companies", rows).json()
    assert (answer["created"], len(answer["createdErrors"])) == (2, 1)
    theirs.refresh_from_db()
    assert theirs.name == "Theirs"


def test_takes_5000_rows_and_no_more(api):
    rows = [{"externalId": str(n), "name": "x"} for n in range(5001)]
    refused = api("PUT", "/companies", rows)
    assert (refused.status_code, Company.objects.count()) == (400, 0)
    assert api("PUT", "/companies", rows[:5000]).json()["created"] == 5000


def test_takes_one_object_for_an_array_of_one(api, tenant):
    contact = make_contact(tenant, external_id="e")
    assert api("PUT", "/endusers", {"externalId": "e", "name": "Max"}).json()["modified"] == [short_id(contact.pk)]


@pytest.mark.parametrize("body", ["", "{}", '"x"', "1", "null"])
def test_refuses_what_is_no_array_of_objects(api, client, token, body):
    answer = client.generic(
        "PUT", "/endusers", body.encode(), content_type="application/json", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 400


def test_an_empty_array_changes_nothing(api):
    assert api("PUT", "/endusers", []).json()["created"] == 0


def test_refuses_more_than_eight_megabytes(client, token):
    body = json.dumps([{"name": "x" * 100, "note": "y" * (9 * 1024 * 1024)}]).encode()
    answer = client.generic(
        "PUT", "/endusers", body, content_type="application/json", headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, Contact.objects.count()) == (413, 0)


def test_odd_ids_name_nobody(api, tenant):
    make_company(tenant)
    rows = [{"externalId": odd, "name": "x"} for odd in ({}, [], True, "x" * 300)] + [{"externalId": None, "name": "ok"}]
    answer = api("PUT", "/companies", rows)
    assert (answer.json()["created"], len(answer.json()["createdErrors"])) == (1, 4)


def test_rows_that_were_changed_since_all_were_read_keep_those_changes(api, tenant, monkeypatch):
    for number in range(3):
        make_contact(tenant, name="Before", external_id=str(number), notes="")
    match = _Bulk.match

    def matched(self, row):
        Contact.objects.update(notes="Theirs")
        Contact.objects.filter(external_id="2").delete()
        return match(self, row)

    monkeypatch.setattr(_Bulk, "match", matched)
    answer = api("PUT", "/endusers", [{"externalId": str(number), "name": "Ours"} for number in range(3)])
    assert (answer.status_code, answer.json()["updated"]) == (206, 2)
    assert [error["index"] for error in answer.json()["updatedErrors"]] == [2]
    assert set(Contact.objects.values_list("name", "notes", "external_id")) == {("Ours", "Theirs", "0"), ("Ours", "Theirs", "1")}
