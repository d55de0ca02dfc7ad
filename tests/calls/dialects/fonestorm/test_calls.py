"""Calls: who is rung, where they show, what is refused, and repeats."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calls import dialer
from calls.models import Call, DialPlan, DoNotCall, Line, Origination
from tests.calls.dialects.fonestorm.asking import FONENUMBER, call, called, refusal, sample
from tests.make import PASSWORD, make_agent, make_contact, make_line, make_tenant, make_token

pytestmark = pytest.mark.django_db


def sources(made):
    return [tuple(source) for source in made.origination.order["sources"]]


@pytest.mark.django_db(transaction=True)
def test_a_message_is_spoken_to_who_answers_and_the_call_shows_at_every_door(client, acme, ann, clock):
    token = make_token(acme, ann)
    jane = make_contact(acme, "321-555-1801", name="Jane")
    made = called(client, token, sample("page_example"))
    clock.shift(timedelta(seconds=60))
    assert dialer.refresh(made.origination).state == "ended"
    ours = client.get(f"/api/v1/calls/{made.pk}/", headers={"Authorization": f"Bearer {token}"}).json()
    assert (ours["id"], ours["source"], ours["disposition"]) == (str(made.pk), "fonestorm", "answered")
    fields = {"CustomerName": "acme", "UserName": "ann", "Password": PASSWORD}
    [item] = client.post("/api/calls", fields, content_type="application/json").json()["Items"]
    assert (item["Id"], item["Type"], item["TransferToName"]) == (str(made.pk), "Outgoing", "Jane")
    made.refresh_from_db()
    assert made.contact == jane
    assert made.talk_ms > 0
    assert [leg.role for leg in made.legs.all()] == ["destination"]


def test_a_message_alone_rings_nobody_first(client, token, acme):
    make_line(acme, FONENUMBER, agent=make_agent(acme), is_phone_terminal=True)
    made = called(client, token, {"tts": "Hello"})
    assert sources(made) == []
    assert made.origination.order["shown_to_destination"][0].endswith(FONENUMBER)


def test_without_one_the_agents_telephone_is_rung_first(client, token, acme):
    agent = make_agent(acme, name="Ann")
    make_line(acme, FONENUMBER, agent=agent)
    make_line(acme, "209", agent=agent, is_phone_terminal=True, is_active=False)
    make_line(acme, "210", agent=agent, is_phone_terminal=True)
    make_line(acme, "211", is_phone_terminal=True)
    made = called(client, token)
    assert sources(made) == [("extension", "210")]
    assert made.agent == agent


def test_without_an_agents_telephone_the_number_itself_is(client, token, acme):
    make_line(acme, FONENUMBER, agent=make_agent(acme))
    assert sources(called(client, token)) == [("number", "+13215551081")]


def test_a_number_that_is_a_telephone_is_rung_itself(client, token, acme):
    agent = make_agent(acme)
    make_line(acme, FONENUMBER, agent=agent, is_phone_terminal=True)
    make_line(acme, "210", agent=agent, is_phone_terminal=True)
    assert sources(called(client, token)) == [("number", "+13215551081")]


def test_another_tenants_telephones_are_never_rung(client, token, acme, line):
    other = make_tenant("other", country="US")
    make_line(other, "210", agent=make_agent(other), is_phone_terminal=True)
    assert sources(called(client, token)) == [("number", "+13215551081")]


def test_only_spaces_are_no_message(client, token, line):
    assert sources(called(client, token, {"tts": " \n "})) != []


@pytest.mark.parametrize("tts", ["x" * 4001, [], {}, True, 1.5])
def test_refuses_what_is_no_message(client, token, line, tts):
    assert refusal(call(client, token, {"tts": tts}), 400).startswith("tts:")
    assert not Origination.objects.exists()


@pytest.mark.parametrize("to", ["+4", "00000000", "0000000000", "+999123456789", "2" * 15])
def test_refuses_what_cannot_be_dialled(client, token, line, to):
    assert refusal(call(client, token, {"to": to}), 400).startswith("to:")


@pytest.mark.parametrize("to", ["+46701234567", "9005551801", "1 900 555 1801"])
def test_refuses_what_the_tenant_does_not_call(client, token, line, to):
    assert refusal(call(client, token, {"to": to}), 403).startswith("to:")
    assert not Call.objects.exists()


def test_refuses_numbers_not_to_be_called(client, token, acme, line):
    DoNotCall.objects.create(tenant=acme, number="3215551801", e164="+13215551801", match_key="215551801")
    assert refusal(call(client, token), 403).startswith("to:")


@pytest.mark.parametrize(
    ("limit", "retry_after"),
    [
        ({"calls_per_second": 1}, 1),
        ({"concurrent_legs": 2}, 10),
        ({"minutes_per_day": 1}, 3600),
        ({"calls_per_destination": 1}, 3600),
    ],
)
def test_says_when_to_come_back_where_a_limit_is_reached(client, token, acme, line, clock, limit, retry_after):
    DialPlan.objects.filter(tenant=acme).update(**limit)
    called(client, token)
    answer = call(client, token)
    refusal(answer, 429)
    assert answer["Retry-After"] == str(retry_after)
    assert Call.objects.count() == 1


def test_says_that_its_exchange_is_not_there(client, token, line):
    Line.objects.update(backend="asterisk")
    assert refusal(call(client, token), 503).startswith("fonenumber:")


def test_the_same_key_is_the_same_call(client, token):
    headers = {"Idempotency-Key": "order-1"}
    assert called(client, token, headers=headers) == called(client, token, headers=headers)
    assert called(client, token, headers={"Idempotency-Key": "order-2"}).pk
    assert Call.objects.count() == 2


def test_the_same_key_for_another_call_is_refused(client, token, line):
    headers = {"Idempotency-Key": "order-1"}
    called(client, token, headers=headers)
    refusal(call(client, token, {"tts": "Hello"}, headers=headers), 422)


def test_a_key_is_free_again_where_the_call_was_refused(client, token, line):
    headers = {"Idempotency-Key": "order-1"}
    refusal(call(client, token, {"to": "9005551801"}, headers=headers), 403)
    called(client, token, headers=headers)


def test_one_tenants_key_is_not_anothers(client, token, line):
    headers = {"Idempotency-Key": "order-1"}
    other = make_tenant("other", country="US")
    make_line(other, "3215550000")
    mine = called(client, token, headers=headers)
    theirs = called(client, make_token(other), {"fonenumber": "3215550000"}, headers=headers)
    assert (mine.tenant.slug, theirs.tenant) == ("acme", other)


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "å"])
def test_refuses_what_is_no_key(client, token, line, key):
    assert refusal(call(client, token, headers={"Idempotency-Key": key}), 400).startswith("Idempotency-Key:")
