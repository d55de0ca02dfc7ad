"""Calls: logging, repeats, changes, erasing."""

from __future__ import annotations

import pytest

from calls.choices import EventKind, LegRole
from calls.drafts import LegDraft, PartyDraft
from calls.models import Call, CallEvent
from tenants.choices import Role, Scope
from tests.calls.api.client import BODY, ApiClient, faults_of
from tests.make import make_agent, make_call, make_center, make_company, make_contact, make_line


def test_logs_a_call_and_says_where_it_is(api):
    response = api.post("calls", BODY)
    call = response.json()
    assert response.status_code == 201
    assert response["Location"].endswith(f"/api/v1/calls/{call['id']}")
    assert response["ETag"] == '"1"'
    assert call["started_at"] == "2026-03-02T08:00:00Z"
    assert (call["duration"], call["ended_at"]) == (65.5, "2026-03-02T08:01:05.500000Z")
    assert call["caller"] == {"number": "+46 70-123 45 67", "e164": "+46701234567", "name": ""}
    assert (call["type"], call["state"], call["disposition"], call["source"]) == ("incoming", "ended", "answered", "api")
    assert api.get(f"calls/{call['id']}").json() == call


def test_reads_a_time_without_offset_in_the_tenants_zone(api):
    assert api.post("calls", {"started_at": "2026-07-01T12:00:00"}).json()["started_at"] == "2026-07-01T10:00:00Z"


def test_takes_both_sides_and_finds_the_direction_from_the_lines(api, tenant):
    line = make_line(tenant, "+46 46 12 34 56")
    contact = make_contact(tenant, "0701234567", company=make_company(tenant))
    body = {"started_at": "2026-03-02T09:00:00Z", "caller": "046123456", "callee": {"number": "+46701234567", "name": "Anna"}}
    call = api.post("calls", body).json()
    assert (call["direction"], call["line"]) == ("outbound", str(line.pk))
    assert (call["contact"], call["company"]) == (str(contact.pk), str(contact.company_id))
    assert call["remote"]["name"] == "Anna"
    assert call["match"] == {"state": "exact", "rule": "number", "candidates": []}


def test_keeps_everything_that_is_sent(api, tenant):
    agent, center = make_agent(tenant), make_center(tenant)
    body = {
        **BODY, "external_id": "x-1", "ring": 5, "hold": 2.25, "work": 30, "disposition": "answered", "hold_count": 2,
        "agent": str(agent.pk), "center": str(center.pk), "notes": "Å note", "outcome": "sold", "tags": ["a", "b"],
        "flagged": True, "flag_notes": "why", "screen_pop": "x", "completed_forms": ["f"],
        "recording_url": "https://example.com/a.mp3", "facts": {"server": {"name": "pbx"}},
        "legs": [{"role": "source", "number": "210", "disposition": "no_answer", "started_at": "2026-03-02T08:00:00Z"}],
        "interactions": [{"happened_at": "2026-03-02T08:00:01Z", "summary": "IVR", "description": "pressed 1"}],
    }  # fmt: skip
    created = api.post("calls", body).json()
    call = api.get(f"calls/{created['id']}?expand=legs,events").json()
    for name in ("external_id", "ring", "hold", "work", "hold_count", "agent", "center", "notes", "outcome", "flagged", "facts"):
        assert call[name] == body[name], name
    assert sorted(call["tags"]) == ["a", "b"]
    assert call["legs"][0]["number"] == "210"
    assert [event["kind"] for event in call["events"]] == ["call.interaction", "call.recorded"]
    assert call["has_recording"] is True


def test_a_repeat_is_the_same_call_and_says_so(api):
    first = api.post("calls", {**BODY, "external_id": "x", "tags": ["t"]})
    again = api.post("calls", {**BODY, "external_id": "x", "tags": ["t"]})
    assert (first.status_code, again.status_code) == (201, 200)
    assert "Callhub-Repeat" not in first
    assert again["Callhub-Repeat"] == "true"
    assert again.json() == first.json()
    assert Call.objects.count() == 1


def test_a_repeat_with_other_facts_names_them(api):
    api.post("calls", {**BODY, "external_id": "x"})
    response = api.post("calls", {**BODY, "external_id": "x", "duration": 67, "direction": "outbound"})
    assert response.status_code == 409
    assert {"/direction", "/duration"} <= faults_of(response)


def test_changes_what_may_be_changed_and_tells_it(api, tenant):
    call = make_call(tenant)
    contact = make_contact(tenant)
    body = {"notes": "n", "tags": ["b", "a"], "flagged": True, "outcome": "sold", "contact": str(contact.pk)}
    response = api.patch(f"calls/{call.pk}", body)
    changed = response.json()
    assert response["ETag"] == '"2"'
    assert (changed["notes"], changed["flagged"], changed["outcome"]) == ("n", True, "sold")
    assert (changed["contact"], changed["match"]["state"]) == (str(contact.pk), "chosen")
    assert sorted(changed["tags"]) == ["a", "b"]
    event = CallEvent.objects.get(call_id=call.pk, kind=EventKind.AMENDED)
    assert event.actor == api.user


def test_ends_a_call_that_goes_on(api, tenant):
    call = make_call(tenant, seconds=None)
    changed = api.patch(f"calls/{call.pk}", {"ended_at": "2026-03-02T09:02:00Z", "disposition": "answered"}).json()
    assert (changed["state"], changed["duration"]) == ("ended", 120)


def test_never_reopens_a_call(api, tenant):
    assert api.patch(f"calls/{make_call(tenant).pk}", {"ended_at": None}).status_code == 400


@pytest.mark.parametrize("name", ["id", "state", "tenant", "created_at", "talk_ms", "version", "source", "verified", "nonsense"])
def test_refuses_fields_nobody_may_write(api, tenant, name):
    call = make_call(tenant)
    for response in (api.patch(f"calls/{call.pk}", {name: "x"}), api.post("calls", {**BODY, name: "x"})):
        assert (response.status_code, faults_of(response)) == (400, {f"/{name}"})


def test_erases_a_call(api, tenant):
    call = make_call(tenant)
    assert api.delete(f"calls/{call.pk}").status_code == 204
    assert api.get(f"calls/{call.pk}").status_code == 404
    assert CallEvent.objects.get(kind=EventKind.REMOVED).actor == api.user


def test_lists_the_events_of_a_call(api, tenant):
    call = make_call(tenant)
    api.patch(f"calls/{call.pk}", {"notes": "n"})
    page = api.get(f"calls/{call.pk}/events").json()
    assert [event["kind"] for event in page["results"]] == ["call.recorded", "call.amended"]
    assert page["next"] is None


def test_shows_only_the_fields_asked_for(api, tenant):
    make_call(tenant)
    assert api.get("calls?fields=id,duration").json()["results"][0].keys() == {"id", "duration"}
    assert "document" in api.get("calls?fields=document").json()["results"][0]


def test_expands_ids_into_rows(api, tenant):
    contact = make_contact(tenant, "+46701234567", company=make_company(tenant))
    agent = make_agent(tenant)
    call = make_call(
        tenant,
        tags=("t",),
        legs=(LegDraft(role=LegRole.SOURCE, party=PartyDraft(number="210")),),
    )
    api.patch(f"calls/{call.pk}", {"notes": "x"})
    shown = api.get(f"calls/{call.pk}?expand=contact,company,agent,center,line,legs,events,tags").json()
    assert shown["contact"]["numbers"][0]["e164"] == "+46701234567"
    assert shown["company"]["id"] == str(contact.company_id)
    assert shown["agent"] is None
    assert agent.pk
    assert shown["tags"][0]["colour"]
    assert (len(shown["legs"]), len(shown["events"])) == (1, 2)


@pytest.mark.parametrize("role", [Role.VIEWER])
def test_viewers_only_look(tenant, role):
    viewer = ApiClient(tenant, role)
    call = make_call(tenant)
    assert viewer.get("calls").status_code == 200
    for response in (
        viewer.post("calls", BODY), viewer.patch(f"calls/{call.pk}", {"notes": "x"}), viewer.delete(f"calls/{call.pk}")
    ):  # fmt: skip
        assert response.status_code == 403
    assert Call.objects.get().notes == ""


def test_tokens_of_the_scope_read_only_look(tenant):
    reader = ApiClient(tenant, scope=Scope.READ)
    assert reader.post("calls", BODY).status_code == 403
    assert reader.get("calls").status_code == 200


def test_agents_log_and_change_but_do_not_erase(tenant):
    agent = ApiClient(tenant, Role.AGENT)
    created = agent.post("calls", BODY).json()
    assert agent.patch(f"calls/{created['id']}", {"notes": "x"}).status_code == 200
    assert agent.delete(f"calls/{created['id']}").status_code == 403


def test_a_party_limited_to_a_center_reaches_its_calls_only(tenant, api):
    mine, other = make_center(tenant), make_center(tenant)
    limited = ApiClient(tenant, Role.MANAGER, center=mine)
    foreign = api.post("calls", {**BODY, "center": str(other.pk), "external_id": "x"}).json()["id"]
    own = limited.post("calls", BODY).json()
    assert own["center"] == str(mine.pk)
    assert [call["id"] for call in limited.get("calls").json()["results"]] == [own["id"]]
    for response in (
        limited.get(f"calls/{foreign}"), limited.get(f"calls/{foreign}/events"), limited.delete(f"calls/{foreign}"),
        limited.patch(f"calls/{foreign}", {"notes": "x"}),
    ):  # fmt: skip
        assert response.status_code == 404
    assert faults_of(limited.post("calls", {**BODY, "center": str(other.pk)})) == {"/center"}
    repeat = limited.post("calls", {**BODY, "external_id": "x"})
    assert (repeat.status_code, "id" in repeat.json()) == (409, False)


def test_creating_a_call_takes_few_queries(api, django_assert_max_num_queries):
    api.post("calls", BODY)
    with django_assert_max_num_queries(7):
        assert api.post("calls", BODY).status_code == 201
