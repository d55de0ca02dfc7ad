"""What the vendor's page promises: spellings of a request, members of an item, other addresses."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine

from calls import dialer
from calls.choices import Direction, Disposition, LegRole, Source
from calls.dialer.samples import make_sample_lines
from calls.drafts import CallOrder, InteractionDraft, LegDraft, PartyDraft
from calls.models import Call, Line
from contacts.matching import AgentHint
from tests.calls.dialects.hostedsuite.asking import (
    CREDENTIALS,
    REPLY,
    SAMPLES,
    ask,
    ids,
    items,
    key,
    listed,
    refusal,
    sample,
)
from tests.make import (
    STARTED_AT,
    make_agent,
    make_call,
    make_center,
    make_company,
    make_contact,
)

pytestmark = pytest.mark.django_db

TALKS_ON = "+46702000201"  # answers after a second, talks until somebody hangs up


def test_lower_case_keys_forms_and_queries_all_work(client, five):
    expected = listed(client, {"ItemsPerPage": 2})
    lower = {name.lower(): value for name, value in {**CREDENTIALS, "ItemsPerPage": 2}.items()}
    as_json = client.post("/api/calls", lower, content_type="application/json")
    as_form = client.post("/api/calls", "&".join(f"{k}={v}" for k, v in lower.items()), "application/x-www-form-urlencoded")
    as_query = client.post("/api/calls", b"", "application/json", query_params=lower)
    mixed = client.post("/api/calls?ITEMSPERPAGE=2", CREDENTIALS, content_type="application/json")
    json_as_form = client.post("/api/calls", json.dumps(lower), "application/x-www-form-urlencoded")
    for response in (as_json, as_form, as_query, mixed, json_as_form):
        assert response.json() == expected


def test_the_query_wins_over_the_body(client, five):
    response = ask(client, {"ItemsPerPage": 2}, "/api/calls?itemsperpage=1")
    assert len(response.json()["Items"]) == 1


def test_one_field_in_two_spellings_is_refused(client, ann):
    assert refusal(ask(client, {"Page": 1, "page": 2}), 400)["ErrorCode"] == "SerializationException"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/calls.json", {}),
        ("/api/calls?format=json", {}),
        ("/api/calls?format=xml", {}),
        ("/api/calls", {"accept": "application/json"}),
        ("/api/calls", {"accept": "text/html"}),
        ("/api/calls/", {}),
        ("/hostedsuite/api/calls.json", {}),
    ],
)
def test_every_way_to_ask_for_json_gives_the_same_body(client, five, path, headers):
    response = ask(client, path=path, headers=headers)
    assert response.json() == listed(client)
    assert response["Content-Type"] == "application/json; charset=utf-8"


def test_unknown_text_is_left_out_and_numbers_are_numbers(client, acme, ann):
    make_call(acme, seconds=90, disposition=Disposition.ANSWERED)
    [item] = items(client)
    assert set(item) == {
        "Id", "StartTime", "CallerNumber", "Notes", "DurationInSeconds", "RingTimeInSeconds", "HoldTimeInSeconds", "HoldCount",
        "TalkTimeInSeconds", "TransferTimeInSeconds", "Flagged", "Type", "WorkTimeInSeconds",
    }  # fmt: skip
    assert all(type(item[name]) in (int, float) for name in item if name.endswith("InSeconds"))
    assert item["Flagged"] is False
    assert item["StartTime"] == "2026-03-02 10:00:00"  # Stockholm


def test_an_item_has_the_vendors_names_in_the_vendors_order(client, acme, ann):
    center = make_center(acme)
    company = make_company(acme, name="Client Ltd")
    make_contact(acme, "+46701234567", name="Erik", company=company)
    agent = make_agent(acme, name="Bo", external_id="bo")
    make_call(
        acme,
        seconds=100,
        caller=PartyDraft(number="070-123 45 67"),
        remote=PartyDraft(),
        callee=PartyDraft(number="+4685550000", name="Reception"),
        agent=AgentHint(external_id="bo"),
        center_id=str(center.pk),
        ring_ms=5_250,
        hold_ms=10_000,
        hold_count=2,
        transfer_ms=4_000,
        work_ms=7_000,
        notes="Rang",
        is_flagged=True,
        flag_notes="Angry",
        screen_pop="Say hello",
        facts={"server": "pbx-1"},
        completed_forms=("form-1",),
        interactions=(InteractionDraft(happened_at=STARTED_AT, summary="Hold", description="Looking it up"),),
    )
    [item] = items(client)
    assert [name for name in item if name not in ("Interactions", "CompletedFormIds")] == list(
        sample("list-response")["Items"][0]
    )
    assert item == {
        "Id": str(Call.objects.get().pk),
        "ClientId": str(company.pk),
        "ClientName": "Client Ltd",
        "CenterId": str(center.pk),
        "StartTime": "2026-03-02 10:00:00",
        "CallerName": "Erik",
        "CallerNumber": "+46701234567",
        "TransferToName": "Reception",
        "TransferToNumber": "+4685550000",
        "Notes": "Rang",
        "DurationInSeconds": 100,
        "RingTimeInSeconds": 5.25,
        "HoldTimeInSeconds": 10,
        "HoldCount": 2,
        "Interactions": [{"StartTime": "2026-03-02 10:00:00", "Type": "Hold", "Description": "Looking it up"}],
        "AnsweredBy": "Bo",
        "Server": "pbx-1",
        "TalkTimeInSeconds": 80.75,
        "TransferTimeInSeconds": 4,
        "ScreenPop": "Say hello",
        "CompletedFormIds": ["form-1"],
        "Flagged": True,
        "FlagNotes": "Angry",
        "Type": "Incoming",
        "WorkTimeInSeconds": 7,
    }
    assert agent.name == item["AnsweredBy"]


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        (Direction.INBOUND, {"CallerNumber": "+46701234567", "CallerName": "Erik", "Type": "Incoming"}),
        (Direction.OUTBOUND, {"TransferToNumber": "+46701234567", "TransferToName": "Erik", "Type": "Outgoing"}),
        (Direction.UNKNOWN, {"CallerNumber": "+46701234567", "CallerName": "Erik", "Type": "Incoming"}),
    ],
)
def test_the_one_known_party_stands_where_the_direction_puts_it(client, acme, ann, direction, expected):
    make_contact(acme, "+46701234567", name="Erik")
    make_call(acme, "070-123 45 67", direction=direction)
    [item] = items(client)
    shown = ("CallerNumber", "CallerName", "TransferToNumber", "TransferToName", "Type")
    assert {name: item[name] for name in shown if name in item} == expected


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("disposition", [each for each in Disposition if each not in (Disposition.ANSWERED, Disposition.UNKNOWN)])
def test_a_call_that_was_not_answered_has_no_answerer(client, acme, ann, direction, disposition):
    make_call(acme, direction=direction, disposition=disposition, agent=AgentHint(name="Bo"))
    assert "AnsweredBy" not in items(client)[0]


@pytest.mark.parametrize("direction", list(Direction))
def test_the_agent_answered_an_answered_call(client, acme, ann, direction):
    make_call(acme, direction=direction, disposition=Disposition.ANSWERED, agent=AgentHint(name="Bo"))
    assert items(client)[0]["AnsweredBy"] == "Bo"


def test_the_number_an_incoming_call_came_in_by_is_no_transfer_target(client, acme, ann):
    called = PartyDraft(number="+4685550000", name="Reception")
    make_call(acme, caller=PartyDraft(number="+46701234567"), callee=called, remote=PartyDraft())
    assert not {"TransferToName", "TransferToNumber"} & set(items(client)[0])


def test_a_transferred_call_tells_where_to_and_how_long_that_took(client, acme, ann):
    handed_at = STARTED_AT + timedelta(seconds=20)
    to = PartyDraft(number="212", name="Bo")
    leg = LegDraft(role=LegRole.TRANSFER, party=to, started_at=handed_at, answered_at=handed_at + timedelta(seconds=5))
    make_call(acme, seconds=60, ring_ms=10_000, disposition=Disposition.ANSWERED, legs=(leg,))
    [item] = items(client)
    assert (item["TransferToName"], item["TransferToNumber"]) == ("Bo", "212")
    assert (item["TransferTimeInSeconds"], item["TalkTimeInSeconds"]) == (5, 45)
    assert item["Interactions"] == [{"StartTime": "2026-03-02 10:00:20", "Type": "Transfer", "Description": "212"}]


@pytest.mark.django_db(transaction=True)
def test_interactions_are_what_an_exchange_reported(client, acme, ann):
    make_sample_lines(acme, ann)
    line = Line.objects.get(number="210")
    with time_machine.travel(STARTED_AT, tick=False) as clock:
        order = CallOrder(door=Source.API, line=line, sources=("210",), destination=TALKS_ON)
        row = dialer.place(acme, order, actor=ann)
        clock.shift(10)
        dialer.hold(dialer.refresh(row))
        clock.shift(5)
        dialer.unhold(row)
        dialer.transfer(row, "0003*211")
        clock.shift(10)
        dialer.hang_up(dialer.refresh(row))
        [item] = items(client)
    types = [one["Type"] for one in item["Interactions"]]
    assert [kind for kind in types if kind in ("Hold", "Resume", "Transfer", "End")] == ["Hold", "Resume", "Transfer", "End"]
    assert types[0] == "Ring"
    assert item["TransferToNumber"] == "0003*211"
    assert item["TransferTimeInSeconds"] > 0


def test_interactions_are_there_only_when_there_are_some_in_their_order(client, acme, ann):
    make_call(acme)
    later, sooner = STARTED_AT + timedelta(seconds=9), STARTED_AT + timedelta(seconds=3)
    told = (InteractionDraft(happened_at=later, summary="Talk"), InteractionDraft(happened_at=sooner, summary="Ring"))
    make_call(acme, interactions=told)
    plain, talkative = items(client)
    assert "Interactions" not in plain
    assert talkative["Interactions"] == [
        {"StartTime": "2026-03-02 10:00:03", "Type": "Ring", "Description": ""},
        {"StartTime": "2026-03-02 10:00:09", "Type": "Talk", "Description": ""},
    ]


def test_get_is_refused_in_the_envelope(client, ann):
    for method in ("get", "head", "put", "patch", "delete", "options"):
        response = getattr(client, method)("/api/calls")
        assert response.status_code == 405
        assert response["Allow"] == "POST"
    assert refusal(client.get("/api/calls"), 405)["ErrorCode"] == "MethodNotAllowed"


def test_the_next_generations_sign_in_is_not_found(client, ann):
    status = refusal(client.get("/api/auth/info"), 404)
    assert status["ErrorCode"] == "NotFound"


def test_authenticate_tells_who_one_is(client, ann, acme):
    answer = ask(client, path="/api/authenticate").json()
    assert answer == {
        "Authenticated": True,
        "UserType": "Owner",
        "Name": "ann",
        "CompanyName": "Acme Reception AB",
        "UserId": str(ann.pk),
    }
    assert set(answer) <= set(sample("authenticate-response"))


def test_authenticate_refuses_wrong_credentials(client, ann):
    assert refusal(ask(client, {"Password": "wrong"}, "/api/authenticate"), 401)["ErrorCode"] == "Unauthorized"


def test_the_reply_address_answers_alike_by_post_and_get(client, five):
    expected = listed(client, {"ItemsPerPage": 2})
    fields = {**CREDENTIALS, "ItemsPerPage": 2}
    assert client.post(REPLY, fields, content_type="application/json").json() == expected
    assert client.get(REPLY, query_params=fields).json() == expected
    assert client.get(f"/hostedsuite{REPLY}/", query_params=fields).json() == expected


def test_a_call_logged_by_planhats_own_sample_appears_with_mapped_fields(client, acme, ann):
    contact = make_contact(acme, "+4670123456", name="Max", company=make_company(acme, name="Client Ltd"))
    document = json.loads((SAMPLES.parent / "planhat" / "page_example.json").read_text("utf-8"))
    assert client.post("/acme/calls", document, content_type="application/json").status_code == 200
    [item] = items(client)
    assert item == {
        "Id": key(Call.objects.get()),
        "ClientId": key(contact.company),
        "ClientName": "Client Ltd",
        "StartTime": "2016-10-17 16:00:00",
        "CallerName": "Max",
        "CallerNumber": "+4670123456",
        "Notes": "",
        "DurationInSeconds": 120,
        "RingTimeInSeconds": 10,
        "HoldTimeInSeconds": 0,
        "HoldCount": 0,
        "TalkTimeInSeconds": 110,
        "TransferTimeInSeconds": 0,
        "Flagged": False,
        "Type": "Incoming",
        "WorkTimeInSeconds": 0,
    }


@pytest.mark.parametrize("source", [Source.PLANHAT, Source.CALLN, Source.FONESTORM, Source.VOIPNOW, Source.PBX])
def test_calls_of_every_other_door_appear_here(client, acme, ann, source):
    call = make_call(acme, source=source, external_id=f"{source}-1")
    assert ids(client) == [str(call.pk)]
