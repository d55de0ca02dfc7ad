"""Answers stored for repeats go with the people they tell about."""

from __future__ import annotations

import json

import pytest

from calls.ledger.relinking import relink_waiting
from calls.models import Call, CallNote
from contacts.book import merge_contacts, remove_contact
from contacts.models import Contact
from tenants.models import IdempotencyKey
from tests.make import make_contact, make_tenant, make_token

pytestmark = pytest.mark.django_db
NUMBER, NAME = "+46701234567", "Zanzibar"
CALL = {"started_at": "2026-03-02T09:00:00Z", "remote": {"number": NUMBER, "name": NAME}}


@pytest.fixture
def tenant():
    return make_tenant("acme")


@pytest.fixture
def post(client, tenant):
    headers = {"HTTP_AUTHORIZATION": f"Bearer {make_token(tenant)}", "content_type": "application/json"}
    return lambda path, body, key: client.post(f"/api/v1/{path}", json.dumps(body), HTTP_IDEMPOTENCY_KEY=key, **headers)


@pytest.fixture
def delete(client, tenant):
    headers = {"HTTP_AUTHORIZATION": f"Bearer {make_token(tenant)}"}
    return lambda path: client.delete(f"/api/v1/{path}", **headers)


def stored():
    return json.dumps(list(IdempotencyKey.objects.values_list("body", flat=True)))


def test_a_calls_answer_goes_with_the_call_and_a_repeat_does_not_log_it_again(post, delete):
    made = post("calls", CALL, "once").json()
    assert NAME in stored()
    delete(f"calls/{made['id']}")
    assert NAME not in stored()
    assert NUMBER not in stored()
    repeat = post("calls", CALL, "once")
    assert (repeat.status_code, repeat.json()["code"]) == (410, "answer_erased")
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    ("path", "body"),
    [("contacts", {"name": NAME, "numbers": [NUMBER]}), ("companies", {"name": NAME}), ("agents", {"name": NAME})],
)
def test_a_persons_answer_goes_with_the_person(post, delete, path, body):
    made = post(path, body, "once").json()
    delete(f"{path}/{made['id']}")
    assert NAME not in stored()
    assert post(path, body, "once").status_code == 410


def test_bulk_answers_go_with_any_of_their_calls(post, delete):
    made = post("calls/bulk", [CALL], "many").json()
    [call] = Call.objects.all()
    delete(f"calls/{call.pk}")
    assert str(call.pk) not in stored(), made


def test_what_was_written_of_a_call_goes_with_it(post, delete):
    call = post("calls", CALL, "call").json()["id"]
    post(f"calls/{call}/notes", {"text": f"Call {NAME} back"}, "note")
    assert CallNote.objects.exists()
    delete(f"calls/{call}")
    assert NAME not in stored()


def test_a_call_that_names_several_contacts_loses_its_answer_with_one_of_them(post, tenant):
    first = make_contact(tenant, NUMBER, name=f"{NAME} One")
    make_contact(tenant, NUMBER, name="Two")
    post("calls", {"started_at": "2026-03-02T09:00:00Z", "number": NUMBER}, "several")
    assert NAME in stored()
    remove_contact(first)
    assert NAME not in stored()


def test_other_answers_stay(post, delete):
    first = post("calls", CALL, "first").json()["id"]
    second = post("calls", {**CALL, "external_id": "2"}, "second").json()
    delete(f"calls/{first}")
    repeat = post("calls", {**CALL, "external_id": "2"}, "second")
    assert (repeat.status_code, repeat.json()) == (201, second)


def test_a_contact_that_was_merged_into_another_loses_its_answer(post, tenant):
    gone = Contact.objects.get(pk=post("contacts", {"name": NAME}, "once").json()["id"])
    merge_contacts(make_contact(tenant, name="The one that stays"), gone)
    relink_waiting(seconds=60)
    assert not Contact.objects.filter(pk=gone.pk).exists()
    assert NAME not in stored()
