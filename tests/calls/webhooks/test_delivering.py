"""From a call to its receiver: what arrives, how it is signed, and what is kept of each attempt."""

from __future__ import annotations

import json

import pytest
from standardwebhooks import Webhook

from calls import ledger
from calls.choices import DeliveryState
from calls.drafts import CallChanges
from calls.models import Attempt, Delivery
from tests.calls.webhooks.telling import tell
from tests.make import make_call, make_endpoint

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_call_is_told_with_an_id_a_number_and_a_signature(tenant, hook):
    endpoint = make_endpoint(tenant, hook.url)
    call = make_call(tenant)
    assert tell(tenant) == 2
    created, ended = hook.got
    assert [json.loads(got.body)["type"] for got in hook.got] == ["call.created", "call.ended"]
    assert [json.loads(got.body)["sequence"] for got in hook.got] == [1, 2]
    assert json.loads(ended.body)["data"]["call"]["id"] == str(call.pk)
    assert created.id != ended.id
    [secret] = endpoint.live_secrets(call.created_at)
    assert Webhook(secret).verify(created.body, created.headers)["type"] == "call.created"
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.DELIVERED}
    assert tell(tenant) == 0


def told_by(hook):
    return [(each["type"], each["sequence"]) for each in (json.loads(got.body) for got in hook.got)]


def test_what_happens_later_is_told_in_its_order(tenant, hook):
    make_endpoint(tenant, hook.url)
    call = make_call(tenant)
    ledger.amend(call, CallChanges(notes="Call back", tags=("sales",)))
    tell(tenant)
    ledger.remove(call)
    tell(tenant)
    types = ["call.created", "call.ended", "call.updated", "call.deleted"]
    assert told_by(hook) == list(zip(types, [1, 2, 3, 4], strict=True))
    assert json.loads(hook.got[2].body)["data"]["changed"] == ["notes", "tags"]
    assert json.loads(hook.got[3].body)["data"] == {"call": {"id": str(call.pk)}}


def test_of_a_call_that_is_gone_by_then_the_id_alone_is_told(tenant, hook):
    make_endpoint(tenant, hook.url)
    ledger.remove(make_call(tenant))
    tell(tenant)
    assert told_by(hook) == [("call.created", 1), ("call.deleted", 2)]
    assert {tuple(json.loads(got.body)["data"]["call"]) for got in hook.got} == {("id",)}


def test_an_attempt_is_kept_without_secrets(tenant, hook):
    hook.says(500, body=b"out of \0 order")
    endpoint = make_endpoint(tenant, hook.url, username="ann", headers={"X-Key": "open-sesame"}, password="let-me-in")
    make_call(tenant)
    tell(tenant)
    attempt = Attempt.objects.first()
    assert (attempt.status, attempt.answer, attempt.error, attempt.code) == (500, "out of � order", "It answered 500.", "status")
    kept = json.dumps(attempt.request_headers)
    assert attempt.request_headers["X-Key"] == attempt.request_headers["Authorization"] == "•••"
    assert not [secret for secret in ("open-sesame", "let-me-in", *endpoint.live_secrets(attempt.started_at)) if secret in kept]
    assert hook.got[0].headers["x-key"] == "open-sesame"
    assert hook.got[0].headers["authorization"].startswith("Basic ")
