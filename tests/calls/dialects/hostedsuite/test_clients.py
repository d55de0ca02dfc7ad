"""Clients: the tenant's companies."""

from __future__ import annotations

import pytest

from calls.choices import Disposition
from tests.calls.dialects.hostedsuite.asking import (
    ask,
    ids,
    key,
    keys,
    refusal,
)
from tests.make import (
    make_call,
    make_center,
    make_company,
    make_contact,
    make_tenant,
    make_user,
)

pytestmark = pytest.mark.django_db

ALLOWANCE = "/api/call-allowance/balance"


def test_clients_are_the_companies_as_a_bare_array(client, acme, ann):
    company = make_company(acme, name="Client Ltd", external_id="c-1", notes="Since 2019")
    make_company(make_tenant("other"))
    for path in ("/api/clients", "/api/clients/names"):
        [row] = ask(client, path=path).json()
        assert row.pop("DateLastModified")
        assert row == {
            "Id": str(company.pk),
            "Name": "Client Ltd",
            "Information": "Since 2019",
            "ThirdPartyAccountId": "c-1",
        }


def test_clients_are_filtered_by_what_the_vendor_filters_by(client, acme, ann):
    first, second = make_company(acme, name="First", external_id="c-1"), make_company(acme, name="Second")
    for fields in ({"ClientId": str(first.pk)}, {"Name": "First"}, {"ThirdPartyAccountId": "c-1"}):
        assert [row["Id"] for row in ask(client, fields, "/api/clients").json()] == [str(first.pk)]
    assert [row["Id"] for row in ask(client, path="/api/clients").json()] == keys([first, second])
    assert ask(client, {"ClientId": "unknown"}, "/api/clients").json() == []


def test_a_member_of_one_center_sees_the_clients_of_its_calls_only(client, acme):
    lund, malmo = make_center(acme), make_center(acme)
    make_user(acme, center=lund, username="ann")
    ours, theirs = make_company(acme), make_company(acme)
    make_contact(acme, "+46701111111", company=ours)
    make_contact(acme, "+46702222222", company=theirs)
    make_call(acme, "+46701111111", center_id=str(lund.pk))
    make_call(acme, "+46702222222", center_id=str(malmo.pk))
    assert [row["Id"] for row in ask(client, path="/api/clients").json()] == [str(ours.pk)]
    assert ask(client, {"CenterId": str(malmo.pk)}, "/api/clients").json() == []
    assert ask(client, {"ClientId": str(theirs.pk)}, "/api/clients").json() == []


def test_centers_and_contacts_give_the_ids_that_filters_take(client, acme, ann):
    lund = make_center(acme, name="Lund", external_id="l-1")
    company = make_company(acme, name="Client Ltd")
    erik = make_contact(acme, "+46701234567", name="Erik Åberg", company=company, email="erik@example.com")
    call = make_call(acme, "+46701234567", center_id=key(lund))
    make_call(acme, "+46702222222")
    [center] = ask(client, path="/api/centers").json()
    [contact] = ask(client, path="/api/contacts").json()
    assert ids(client, {"CenterId": center["Id"]}) == ids(client, {"ClientId": contact["ClientId"]}) == [key(call)]
    assert (center["Name"], center["ThirdPartyAccountId"]) == ("Lund", "l-1")
    assert contact.pop("DateLastModified")
    assert contact == {
        "Id": key(erik),
        "ClientId": key(company),
        "ClientName": "Client Ltd",
        "FirstName": "Erik",
        "LastName": "Åberg",
        "Name": "Erik Åberg",
        "PhoneNumbers": [{"Number": "+46701234567"}],
        "EmailAddresses": [{"EmailAddress": "erik@example.com"}],
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"FirstName": "anna maria"}, ["Anna Maria Berg"]),
        ({"LastName": "Berg"}, ["Anna Maria Berg"]),
        ({"FirstName": "Bo"}, ["Bo"]),
        ({"EmailAddress": "BO@example.com"}, ["Bo"]),
        ({"PhoneNumber": "070-222"}, ["Bo"]),
        ({"PhoneNumber": "999"}, []),
        ({"ThirdPartyAccountId": "b-1"}, ["Bo"]),
        ({"ContactId": "unknown"}, []),
        ({"ClientId": "unknown"}, []),
        ({}, ["Anna Maria Berg", "Bo"]),
    ],
)
def test_contacts_are_filtered_by_what_the_vendor_filters_by(client, acme, ann, fields, expected):
    make_contact(acme, "+46701111111", name="Anna Maria Berg")
    make_contact(acme, "+46702222222", "+46702223333", name="Bo", email="bo@example.com", external_id="b-1")
    make_contact(make_tenant("other"), "+46702222222", name="Bo")
    assert [row["Name"] for row in ask(client, fields, "/api/contacts").json()] == expected


def test_a_member_of_one_center_sees_its_center_contacts_and_allowance_only(client, acme):
    lund, malmo = make_center(acme), make_center(acme)
    make_user(acme, center=lund, username="ann")
    for number, center in (("+46701111111", lund), ("+46702222222", malmo)):
        make_contact(acme, number, name=center.name, company=make_company(acme, name=center.name))
        make_call(acme, number, center_id=key(center))
    for path in ("/api/centers", "/api/contacts"):
        assert [row["Name"] for row in ask(client, path=path).json()] == [lund.name]
        assert [row["Name"] for row in ask(client, {"CenterId": key(malmo)}, path).json()] in ([lund.name], [])
    assert [row["ClientName"] for row in ask(client, path=ALLOWANCE).json()] == [lund.name]


def test_a_call_allowance_sums_what_is_billed_for_each_client(client, acme, ann):
    company = make_company(acme, name="Client Ltd")
    make_contact(acme, "+46701111111", company=company)
    lengths = {"ring_ms": 5_000, "hold_ms": 20_000}
    for _ in range(2):
        make_call(acme, "+46701111111", seconds=100, disposition=Disposition.ANSWERED, **lengths)
    make_call(acme, "+46702222222", seconds=100)

    def used(**fields):
        [row] = ask(client, fields, ALLOWANCE).json()
        assert (row["ClientId"], row["ClientName"], row["CallCount"]) == (key(company), "Client Ltd", 2)
        assert row["UsedMinutes"] == pytest.approx(row["UsedSeconds"] / 60, abs=0.005)
        return row["UsedSeconds"]

    assert used() == used(BillTalk=True, BillHold=False) == used(ClientId=key(company)) == 150
    assert used(BillTalk=True, BillHold=True, BillRing=True) == 200
    assert used(CallRounding="NextMinute") == 240
    assert used(CallRounding="Next30Seconds") == 180
    assert ask(client, {"EndDate": "2020-01-01"}, ALLOWANCE).json() == []
    assert refusal(ask(client, {"CallRounding": "Sideways"}, ALLOWANCE), 400)["Errors"][0]["FieldName"] == "CallRounding"


@pytest.mark.parametrize("path", ["/api/centers", "/api/contacts", "/api/clients", ALLOWANCE])
def test_lists_take_the_same_queries_however_long(client, acme, ann, path, django_assert_max_num_queries):
    for n in range(20):
        make_center(acme)
        make_contact(acme, f"+4670123{n:04}", company=make_company(acme))
        make_call(acme, f"+4670123{n:04}")
    ask(client, path=path)
    with django_assert_max_num_queries(5):
        assert len(ask(client, path=path).json()) == 20


def test_what_is_not_offered_says_so(client, ann):
    assert refusal(ask(client, path="/api/clients/1/caller"), 501)["ErrorCode"] == "NotImplementedException"
