"""Reading calls back, changing and deleting them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calls import ledger
from calls.drafts import CallChanges
from calls.models import Call, CallEvent
from contacts.matching import AgentHint
from tenants.ids import short_id
from tests.calls.dialects.planhat.samples import LEAST, stored
from tests.make import make_agent, make_call, make_contact, make_tenant

pytestmark = pytest.mark.django_db


def test_shows_an_own_call_by_either_form_of_its_id(api, tenant):
    call = make_call(tenant)
    for call_id in (short_id(call.pk), str(call.pk), call.pk.hex):
        assert api("GET", f"/calls/{call_id}").json()["_id"] == short_id(call.pk)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
@pytest.mark.parametrize("call_id", ["foreign", "f" * 24, "x", "%00", "%ED%A0%80", "x" * 3000])
def test_knows_no_unknown_or_foreign_call(api, tenant, method, call_id):
    foreign = make_call(make_tenant())
    answer = api(method, f"/calls/{short_id(foreign.pk) if call_id == 'foreign' else call_id}", {} if method == "PUT" else None)
    assert answer.status_code == 404
    assert Call.objects.filter(pk=foreign.pk).exists()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_shows_and_changes_nothing_without_a_token(client, tenant, method):
    call = make_call(tenant)
    assert client.generic(method, f"/calls/{short_id(call.pk)}", b"{}").status_code == 401
    assert Call.objects.get() == call


def test_shows_calls_that_came_by_other_doors(api, tenant):
    contact = make_contact(tenant, "+46701234567", external_id="cust-7")
    call = make_call(tenant, document={"SecretOfAnotherVendor": 1})
    answer = api("GET", f"/calls/{short_id(call.pk)}").json()
    assert answer.items() >= {"nr": "+46701234567", "direction": "in", "userId": "cust-7"}.items()
    assert answer["phUserId"] == short_id(contact.pk)
    assert "SecretOfAnotherVendor" not in answer


def test_shows_what_was_edited_elsewhere(api, tenant):
    chosen = make_contact(tenant, external_id="chosen")
    agent = make_agent(tenant, name="Bo", external_id="bo")
    call = stored(api("POST", "/calls", {**LEAST, "userId": "told", "agentId": "told"}))
    changes = CallChanges(
        chosen_contact=str(chosen.pk),
        agent=AgentHint(id=str(agent.pk)),
        ended_at=datetime(2024, 2, 1, 8, 3, tzinfo=UTC),
        recording_url="https://rec.example/2",
    )
    ledger.amend(call, changes)
    answer = api("GET", f"/calls/{short_id(call.pk)}").json()
    assert answer.items() >= {"userId": "chosen", "agentId": "bo", "agentName": "Bo", "record": "https://rec.example/2"}.items()
    assert answer["end"] == "2024-02-01T08:03:00.000Z"


def test_answers_head_with_the_headers_of_get(api, tenant):
    call = make_call(tenant)
    answer = api("HEAD", f"/calls/{short_id(call.pk)}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer["Content-Length"]) > 0


def test_answers_options_with_the_methods(api):
    answer = api("OPTIONS", "/calls")
    assert answer.status_code == 200
    assert {"GET", "POST"} <= set(answer["Allow"].split(", "))


def test_changes_the_end_and_nothing_else(api):
    before = api("POST", "/calls", {**LEAST, "waiting": 10, "userId": "u", "agentId": "a", "custom": 1}).json()
    after = api("PUT", f"/calls/{before['_id']}", {"end": "2024-02-01T08:06:00.000Z"}).json()
    assert after == {**before, "end": "2024-02-01T08:06:00.000Z", "__v": 1}
    assert api("GET", f"/calls/{before['_id']}").json() == after


def test_refuses_a_change_that_would_end_the_call_before_its_start(api):
    before = api("POST", "/calls", LEAST).json()
    for change in ({"end": "2024-02-01T07:00:00Z"}, {"start": "2024-02-01T09:00:00Z"}):
        assert api("PUT", f"/calls/{before['_id']}", change).status_code == 400
    assert api("GET", f"/calls/{before['_id']}").json() == before


def test_does_not_change_the_id(api):
    before = api("POST", "/calls", LEAST).json()
    after = api("PUT", f"/calls/{before['_id']}", {"_id": "f" * 24, "__v": 9, "createDate": "1999-01-01T00:00:00Z"}).json()
    assert after == before


def test_an_empty_change_changes_nothing(api):
    before = api("POST", "/calls", LEAST).json()
    assert api("PUT", f"/calls/{before['_id']}", {}).json() == before
    assert CallEvent.objects.count() == 1


def test_sets_the_end_and_the_recording_of_a_call_that_went_on(api):
    going = api("POST", "/calls", {"nr": "+46701234567", "start": "2024-02-01T08:00:00Z"}).json()
    change = {"end": "2024-02-01T08:06:00.000Z", "record": "https://rec.example/2.mp3", "waiting": 6}
    assert api("PUT", f"/calls/{going['_id']}", change).json().items() >= change.items()
    call = Call.objects.get()
    assert (call.duration_ms, call.ring_ms, call.talk_ms) == (360_000, 6_000, 354_000)


def test_matches_anew_when_an_identifier_changes(api, tenant):
    one, other = make_contact(tenant, "+46701234567"), make_contact(tenant, "+46709999999", external_id="other")
    call = api("POST", "/calls", {**LEAST, "phUserId": short_id(one.pk)}).json()
    assert api("PUT", f"/calls/{call['_id']}", {"userId": "other"}).json()["phUserId"] == short_id(other.pk)
    assert api("PUT", f"/calls/{call['_id']}", {"userId": "nobody"}).json()["phUserId"] == short_id(one.pk)
    assert api("PUT", f"/calls/{call['_id']}", {"nr": "070-999 99 99"}).json()["phUserId"] == short_id(other.pk)


def test_a_newly_named_agent_replaces_the_one_before(api, tenant):
    one, other = make_agent(tenant), make_agent(tenant, external_id="other")
    call = api("POST", "/calls", {**LEAST, "phAgentId": short_id(one.pk)}).json()
    assert api("PUT", f"/calls/{call['_id']}", {"agentId": "other"}).json()["phAgentId"] == short_id(other.pk)


def test_deletes_once(api, tenant):
    path = f"/calls/{short_id(make_call(tenant).pk)}"
    answers = [api(method, path) for method in ("DELETE", "DELETE", "GET")]
    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert answers[0].json() == {"n": 1, "ok": 1, "deletedCount": 1}
