"""What the vendor's page promises: who may edit notes, and who sees what."""

from __future__ import annotations

import pytest

from calls.choices import EventKind
from calls.models import CallEvent
from tenants.choices import Role, Scope
from tests.calls.dialects.hostedsuite.asking import (
    ask,
    ids,
    items,
    listed,
    refusal,
)
from tests.make import (
    make_call,
    make_center,
    make_company,
    make_contact,
    make_tenant,
    make_token,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("notes", ["Ring back at 5", "", "  two\nlines ", "ünïcödé 📞"])
def test_update_sets_the_notes_and_returns_the_record(client, acme, ann, notes):
    call = make_call(acme, notes="before")
    response = ask(client, {"Id": str(call.pk), "Notes": notes}, "/api/calls/update")
    assert response.status_code == 200
    assert response.json()["Notes"] == notes
    assert [response.json()] == items(client)
    call.refresh_from_db()
    assert call.notes == notes
    event = CallEvent.objects.get(call=call, kind=EventKind.AMENDED)
    assert (event.actor, event.data["changed"]["notes"]) == (ann, ["before", notes])


@pytest.mark.parametrize("fields", [{"Notes": None}, {}, {"Notes": []}, {"Notes": {"a": 1}}, {"Notes": True}])
def test_update_refuses_notes_that_are_null(client, acme, ann, fields):
    call = make_call(acme, notes="before")
    status = refusal(ask(client, {"Id": str(call.pk), **fields}, "/api/calls/update"), 400)
    assert status["Errors"][0]["FieldName"] == "Notes"
    call.refresh_from_db()
    assert call.notes == "before"


def test_update_does_not_find_unknown_ids_and_refuses_none(client, acme, ann):
    foreign = make_call(make_tenant("other"))
    for call_id in ("5d81eb28aeeafc7a74d8f999", "nonsense", str(foreign.pk), foreign.pk.hex[:24]):
        status = refusal(ask(client, {"Id": call_id, "Notes": "x"}, "/api/calls/update"), 404)
        assert status["ErrorCode"] == "NotFound"
    assert refusal(ask(client, {"Notes": "x"}, "/api/calls/update"), 400)["Errors"][0]["FieldName"] == "Id"
    foreign.refresh_from_db()
    assert foreign.notes == ""


def test_a_viewer_reads_but_does_not_update(client, acme):
    make_user(acme, Role.VIEWER, username="ann")
    call = make_call(acme)
    assert ids(client) == [str(call.pk)]
    assert refusal(ask(client, {"Id": str(call.pk), "Notes": "x"}, "/api/calls/update"), 403)["ErrorCode"] == "Forbidden"


def test_a_token_that_may_only_read_does_not_update(client, acme, ann):
    call = make_call(acme)
    token = make_token(acme, ann, Scope.READ)
    refusal(ask(client, {"Id": str(call.pk), "Notes": "x", "Password": token}, "/api/calls/update"), 403)


def test_a_member_limited_to_one_center_sees_only_that_center(client, acme):
    lund, malmo = make_center(acme, name="Lund"), make_center(acme, name="Malmö")
    make_user(acme, Role.AGENT, center=lund, username="ann")
    inside, outside, _ = (make_call(acme, center_id=str(key)) for key in (lund.pk, malmo.pk, ""))
    assert ids(client) == [str(inside.pk)]
    assert ids(client, {"CenterId": str(lund.pk)}) == [str(inside.pk)]
    assert listed(client, {"CenterId": str(malmo.pk)})["TotalCount"] == 0
    assert ids(client, {"CallRecordId": str(outside.pk)}) == []
    refusal(ask(client, {"Id": str(outside.pk), "Notes": "x"}, "/api/calls/update"), 404)


def test_client_and_center_filter_by_either_form_of_their_id(client, acme, ann):
    center, company = make_center(acme), make_company(acme)
    make_contact(acme, "+46701234567", company=company)
    make_call(acme, "+46709999999")
    call = make_call(acme, "+46701234567", center_id=str(center.pk))
    for name, row in (("CenterId", center), ("ClientId", company)):
        for text in (str(row.pk), row.pk.hex[:24]):
            assert ids(client, {name: text}) == [str(call.pk)], (name, text)
        assert ids(client, {name: "unknown"}) == []


def test_another_customers_records_never_appear(client, acme, ann):
    other = make_tenant("other")
    make_user(other, username="olga")
    company, center = make_company(other), make_center(other)
    foreign = make_call(other, center_id=str(center.pk))
    assert items(client) == []
    for name, row in (("CallRecordId", foreign), ("ClientId", company), ("CenterId", center)):
        assert listed(client, {name: str(row.pk)})["TotalCount"] == 0
