"""What is sent: our JSON thin and full, templates, FoneStorm's three forms, and an example of each."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from calls import ledger, webhooks
from calls.choices import Direction, Disposition, EndpointKind, PayloadFormat, Source, WebhookEvent
from calls.drafts import CallChanges, CallDraft, PartyDraft
from calls.models import Delivery
from calls.tokens import fill_address
from calls.webhooks.payloads import LIMIT
from tests.calls.webhooks.telling import documents, tell
from tests.make import STARTED_AT, make_call, make_endpoint, make_line, make_token

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_full_message_has_the_call_in_the_words_of_our_api(tenant, hook, client):
    make_endpoint(tenant, hook.url)
    call = make_call(tenant, "+46701234567", tags=("sales",), notes="Hej")
    tell(tenant)
    ours = client.get(f"/api/v1/calls/{call.pk}/", headers={"Authorization": f"Bearer {make_token(tenant)}"}).json()
    told = documents(hook)[0]["data"]["call"]
    assert set(told) <= set(ours)
    told.pop("match"), ours.pop("match")
    assert {name: value for name, value in told.items() if value != ours[name]} == {}


def test_a_thin_message_has_ids_alone(tenant, hook):
    make_endpoint(tenant, hook.url, is_thin=True)
    call = make_call(tenant, notes="secret")
    tell(tenant)
    assert [document["data"] for document in documents(hook)] == [{"call": {"id": str(call.pk)}}] * 2


@pytest.mark.parametrize(
    ("notes", "tags", "is_cut"),
    [
        ("ä" * 40_000, (), True),
        ("x", tuple(f"{n:03}" + "t" * 57 for n in range(400)), True),
        ("\\" * 30_000, ("a",), True),
        ("x", ("a",), False),
    ],
)
def test_no_message_is_ever_too_long(tenant, hook, notes, tags, is_cut):
    make_endpoint(tenant, hook.url)
    make_endpoint(tenant, hook.url, template='{"truncated": "{{truncated}}", "data": "{{data}}", "again": "{{data.call.notes}}"}')
    make_call(tenant, notes=notes, flag_notes=notes, tags=tags)
    tell(tenant)
    assert len(hook.got) == 4
    assert max(len(got.body) for got in hook.got) <= LIMIT
    assert {bool(document.get("truncated")) for document in documents(hook)} == {is_cut}
    assert {document["data"]["call"].get("notes", "")[:1] for document in documents(hook)} <= {notes[:1], ""}


def test_a_template_keeps_types_and_escapes_texts(tenant, hook):
    template = (
        '{"text": "{{data.call.notes}} ({{sequence}})", "call": "{{data.call.remote}}", "n": "{{data.call.duration}}", "x": [1]}'
    )
    make_endpoint(tenant, hook.url, template=template)
    make_call(tenant, "+46701234567", notes='"quoted" \\ and {{type}}')
    tell(tenant)
    told = documents(hook)[0]
    assert told["text"] == '"quoted" \\ and {{type}} (1)'
    assert (told["call"]["e164"], told["n"], told["x"]) == ("+46701234567", 60, [1])


def test_the_bytes_stay_as_they_were_made(tenant, hook):
    hook.says(500)
    make_endpoint(tenant, hook.url)
    call = make_call(tenant)
    tell(tenant)
    hook.says(200)
    ledger.amend(call, CallChanges(notes="changed since"))
    webhooks.replay_all(Delivery.objects.all())
    webhooks.deliver()
    bodies = {}
    for got in hook.got:
        bodies.setdefault(got.id, set()).add(got.body)
    assert [len(each) for each in bodies.values()] == [1, 1]


# FoneStorm


@pytest.fixture
def line(tenant):
    return make_line(tenant, "+13215551081")


def called(tenant, **facts):
    ours, outside = PartyDraft(number="+13215551081"), PartyDraft(number="+46 70-123 45 67")
    ended_at = STARTED_AT + timedelta(seconds=70)
    return ledger.record(
        tenant,
        CallDraft(
            **{
                "source": Source.PLANHAT, "started_at": STARTED_AT, "ended_at": ended_at, "ring_ms": 8500, "caller": ours,
                "callee": outside, "direction": Direction.OUTBOUND, "disposition": Disposition.ANSWERED, **facts,
            }
        ),
    ).call  # fmt: skip


def callback(line, url, format, kind=EndpointKind.SEND_CALLBACK, **facts):
    return webhooks.set_callback(line, kind, url=url, format=format, **facts)


def test_json_callbacks_tell_begin_and_end(tenant, line, hook):
    callback(line, hook.url, PayloadFormat.FONESTORM_JSON)
    call = called(tenant)
    tell(tenant)
    begin, end = documents(hook)
    assert begin == {
        "uid": str(call.pk), "account_code": tenant.slug, "direction": "OUTBOUND", "status": "BEGIN", "from": "3215551081",
        "to": "+46701234567", "type": "VOICE",
    }  # fmt: skip
    assert end == {**begin, "status": "END", "disposition": "ANSWERED", "billable_seconds": 62}
    assert {(got.method, got.headers["content-type"]) for got in hook.got} == {("POST", "application/json")}


def test_form_callbacks_are_forms(tenant, line, hook):
    callback(line, hook.url, PayloadFormat.FONESTORM_FORM, username="u", password="p")
    call = called(tenant, disposition=Disposition.BUSY, ring_ms=None)
    tell(tenant)
    got = hook.got[1]
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    assert got.headers["authorization"] == "Basic dTpw"
    form = dict(parse_qsl(got.body.decode(), strict_parsing=True))
    assert (form["uid"], form["disposition"], form["billable_seconds"]) == (str(call.pk), "BUSY", "0")


def test_get_callbacks_put_their_values_into_the_address_and_nowhere_else(tenant, line, hook):
    callback(
        line,
        f"{hook.url}/{{{{uid}}}}?to={{{{to}}}}&s={{{{status}}}}&d={{{{disposition}}}}&o={{{{odd}}}}",
        PayloadFormat.FONESTORM_GET,
    )
    call = called(tenant, callee=PartyDraft(number="a/../b?c=d&e#f"))
    tell(tenant)
    begin, end = hook.got
    assert (begin.method, begin.body, "content-type" in begin.headers) == ("GET", b"", False)
    assert urlsplit(begin.path).path == f"/hook/{call.pk}"
    query = parse_qs(urlsplit(begin.path).query, keep_blank_values=True, strict_parsing=True)
    assert query == {"to": ["a/../b?c=d&e#f"], "s": ["BEGIN"], "d": [""], "o": [""]}
    assert parse_qs(urlsplit(end.path).query)["d"] == ["ANSWERED"]
    assert begin.headers["webhook-id"] != end.headers["webhook-id"]


@pytest.mark.parametrize(
    ("disposition", "detail", "word"),
    [
        ("answered", "", "ANSWERED"), ("no_answer", "", "NO_ANSWER"), ("busy", "", "BUSY"), ("cancelled", "", "CANCEL"),
        ("rejected", "", "REJECTED"), ("failed", "404", "FAILED:404"), ("failed", "", "FAILED:000"),
    ],
)  # fmt: skip
def test_dispositions_have_the_vendors_words(tenant, line, hook, disposition, detail, word):
    callback(line, hook.url, PayloadFormat.FONESTORM_JSON)
    called(tenant, disposition=Disposition(disposition), disposition_detail=detail, ring_ms=None)
    tell(tenant)
    assert documents(hook)[1]["disposition"] == word


def test_received_calls_are_told_with_the_number_as_the_one_called(tenant, line, hook):
    callback(line, hook.url, PayloadFormat.FONESTORM_JSON, EndpointKind.RECEIVE_CALLBACK)
    called(
        tenant, direction=Direction.INBOUND, caller=PartyDraft(number="+13215551801"), callee=PartyDraft(number="+13215551081")
    )
    tell(tenant)
    told = documents(hook)[0]
    assert (told["direction"], told["from"], told["to"]) == ("INBOUND", "3215551801", "3215551081")


# Examples


def test_there_is_an_example_of_every_message_and_it_is_what_is_sent(tenant, hook):
    examples = webhooks.samples()
    assert set(examples) == set(WebhookEvent.values)
    endpoint = make_endpoint(tenant, hook.url)
    for event_type in WebhookEvent:
        webhooks.fire_test(endpoint, event_type)
    webhooks.deliver()
    for document in documents(hook):
        assert document == {**examples[document["type"]]["full"], "tenant": tenant.slug}
    assert json.loads(json.dumps(examples)) == examples


@pytest.mark.parametrize("value", [".", "..", "..."])
def test_no_value_leads_a_message_to_another_path(value):
    filled = fill_address("https://example.com/a/{{to}}/{{from}}?x={{to}}", {"to": value, "from": "1.5"})
    assert filled == "https://example.com/a//1.5?x="
