"""Clients: the tenant's companies."""

from __future__ import annotations

import pytest

from tests.calls.dialects.hostedsuite.asking import (
    ask,
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


@pytest.mark.parametrize("path", ["/api/call-allowance/balance", "/api/clients/1/caller"])
def test_what_is_not_offered_says_so(client, ann, path):
    assert refusal(ask(client, path=path), 501)["ErrorCode"] == "NotImplementedException"
