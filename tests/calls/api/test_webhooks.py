"""Webhooks over the API: kept, tested, paused, rotated; what was sent, and sending it again."""

from __future__ import annotations

import json

import pytest
from standardwebhooks import Webhook

from calls import ledger, webhooks
from calls.choices import DeliveryState, EndpointKind
from calls.models import Delivery, Tag, WebhookEndpoint
from tenants.choices import Role, Scope
from tests.calls.api.client import ApiClient, faults_of
from tests.calls.webhooks.receiver import receiver
from tests.make import make_agent, make_call, make_center, make_company, make_endpoint, make_line, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)

URL = "https://hooks.example.com/in"


@pytest.fixture
def hook(settings):
    settings.CALLHUB_OUTBOUND_ALLOW = ["127.0.0.0/8"]
    settings.CALLHUB_OUTBOUND_PORTS = ["1-65535"]
    with receiver() as kept:
        yield kept


def tell(tenant):
    webhooks.fan_out(tenant.pk)
    webhooks.deliver()


def test_makes_one_whose_secret_is_told_once_and_verifies(api, tenant, hook):
    made = api.post("webhooks", {"url": hook.url, "name": "CRM"})
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert made["Location"].endswith(f"/webhooks/{made.json()['id']}")
    assert "secret" not in api.get(f"webhooks/{made.json()['id']}").json()
    make_call(tenant)
    tell(tenant)
    assert Webhook(secret).verify(hook.got[0].body, hook.got[0].headers)["type"] == "call.created"


def test_the_same_key_again_makes_no_second_one_and_tells_no_secret(api):
    first = api.post("webhooks", {"url": URL}, Idempotency_Key="one")
    again = api.post("webhooks", {"url": URL}, Idempotency_Key="one")
    assert (again.json()["id"], again.json()["secret"]) == (first.json()["id"], None)
    assert WebhookEndpoint.objects.count() == 1


def test_everything_it_is_told_it_tells_again(api, tenant):
    told = {
        "url": URL,
        "name": "CRM",
        "format": "native",
        "thin": True,
        "username": "ann",
        "events": ["call.ended", "recording.stored"],
        "directions": ["inbound"],
        "dispositions": ["no_answer"],
        "lines": [str(make_line(tenant, "210").pk)],
        "agents": [str(make_agent(tenant).pk)],
        "companies": [str(make_company(tenant).pk)],
        "tags": [str(Tag.objects.create(tenant=tenant, name="sales").pk)],
        "min_duration": 1.5,
        "at_once": 1,
    }
    row = api.post("webhooks", told).json()
    assert row.items() >= told.items()
    assert row["state"] == "active"
    shown = api.get(f"webhooks/{row['id']}").json()
    assert shown.items() >= told.items()
    changed = api.patch(f"webhooks/{row['id']}", {"events": [], "min_duration": None, "thin": False}).json()
    assert (changed["events"], changed["min_duration"], changed["thin"]) == ([], None, False)
    assert api.delete(f"webhooks/{row['id']}").status_code == 204
    assert api.get(f"webhooks/{row['id']}").status_code == 404


def test_what_is_secret_is_never_told(api, tenant, hook):
    secrets = {"headers": {"X-Key": "s3cr3t-header"}, "username": "ann", "password": "s3cr3t-word"}
    row = api.post("webhooks", {"url": hook.url, **secrets}).json()
    assert row["header_names"] == ["X-Key"]
    make_call(tenant)
    tell(tenant)
    assert hook.got[0].headers["x-key"] == "s3cr3t-header"
    answers = [row, api.get("webhooks").json(), api.get("deliveries?expand=log,body").json()]
    assert "s3cr3t" not in json.dumps(answers)
    assert "s3cr3t" not in str(WebhookEndpoint.objects.values().get())
    assert api.patch(f"webhooks/{row['id']}", {"headers": {}}).json()["header_names"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"url": 5}, "/url"),
        ({"url": "ftp://hooks.example.com"}, "/url"),
        ({"url": "http://127.0.0.1/"}, "/url"),
        ({"url": "http://[::ffff:10.0.0.1]/"}, "/url"),
        ({"url": "https://u:p@hooks.example.com/"}, "/url"),
        ({"url": f"{URL}?x={{{{nothing}}}}", "format": "fonestorm_get"}, "/url"),
        ({"url": f"{URL}?x={{{{to}}}}"}, "/url"),
        ({"url": "https://{{to}}.example.com/", "format": "fonestorm_get"}, "/url"),
        ({"url": URL, "events": ["call.eaten"]}, "/events/0"),
        ({"url": URL, "events": ["webhook.test"]}, "/events/0"),
        ({"url": URL, "directions": "inbound"}, "/directions"),
        ({"url": URL, "lines": ["0195a3c2-6f00-7000-8000-000000000001"]}, "/lines"),
        ({"url": URL, "agents": ["x"]}, "/agents/0"),
        ({"url": URL, "at_once": 11}, "/at_once"),
        ({"url": URL, "min_duration": -1}, "/min_duration"),
        ({"url": URL, "template": "{"}, "/template"),
        ({"url": URL, "template": '{"a": "{{nothing}}"}'}, "/template"),
        ({"url": URL, "template": "{}", "thin": True}, "/template"),
        ({"url": URL, "headers": {"webhook-id": "x"}}, "/headers"),
        ({"url": URL, "headers": {"X-A": "b\r\nX-C: d"}}, "/headers"),
        ({"url": URL, "headers": {"Host": "x"}}, "/headers"),
        ({"url": URL, "username": "a", "headers": {"Authorization": "x"}}, "/headers"),
        ({"url": URL, "secret": "whsec_x"}, "/secret"),
        ({"url": URL, "state": "paused"}, "/state"),
        ({"url": URL, "kind": "send_callback"}, "/kind"),
    ],
)
def test_what_cannot_be_is_refused_by_name(api, body, pointer):
    answer = api.post("webhooks", body)
    assert answer.status_code == 400
    assert faults_of(answer) == {pointer}
    assert not WebhookEndpoint.objects.exists()


def test_a_change_is_held_to_the_same_rules(api):
    row = api.post("webhooks", {"url": URL}).json()
    assert faults_of(api.patch(f"webhooks/{row['id']}", {"url": "http://10.0.0.1/"})) == {"/url"}
    assert api.get(f"webhooks/{row['id']}").json()["url"] == URL


def test_pauses_and_resumes(api, tenant, hook):
    row = api.post("webhooks", {"url": hook.url}).json()
    assert api.post(f"webhooks/{row['id']}/pause").json()["state"] == "paused"
    assert api.post(f"webhooks/{row['id']}/pause").status_code == 200
    make_call(tenant)
    tell(tenant)
    assert hook.got == []
    assert api.post(f"webhooks/{row['id']}/resume").json()["state"] == "active"
    tell(tenant)
    assert len(hook.got) == 2


def test_both_secrets_sign_after_a_renewal(api, tenant, hook):
    row = api.post("webhooks", {"url": hook.url}).json()
    fresh = api.post(f"webhooks/{row['id']}/rotate").json()
    assert fresh["secret"] != row["secret"]
    assert fresh["former_secret_until"] == api.get(f"webhooks/{row['id']}").json()["former_secret_until"]
    make_call(tenant)
    tell(tenant)
    for secret in (row["secret"], fresh["secret"]):
        Webhook(secret).verify(hook.got[0].body, hook.got[0].headers)


@pytest.mark.parametrize("event", ["webhook.test", "call.ended", "recording.stored"])
def test_sends_an_example(api, hook, event):
    row = api.post("webhooks", {"url": hook.url, "events": ["call.deleted"]}).json()
    answer = api.post(f"webhooks/{row['id']}/test", {"event": event})
    assert answer.status_code == 202
    webhooks.deliver()
    assert json.loads(hook.got[0].body)["type"] == event
    delivery = api.get(f"deliveries/{answer.json()['id']}?expand=log,body").json()
    assert (delivery["state"], delivery["event"], delivery["log"][0]["status"]) == ("delivered", event, 200)
    assert delivery["body"].encode() == hook.got[0].body
    assert hook.got[0].id == delivery["id"]


def test_of_what_a_format_has_no_words_for_there_is_no_example(api):
    row = api.post("webhooks", {"url": URL, "format": "fonestorm_json"}).json()
    assert faults_of(api.post(f"webhooks/{row['id']}/test", {"event": "recording.stored"})) == {"/event"}
    api.post(f"webhooks/{row['id']}/pause")
    assert api.post(f"webhooks/{row['id']}/test").json()["code"] == "endpoint_not_active"


def failed_deliveries(api, tenant, hook):
    """An endpoint with messages of two calls that were given up."""
    row = api.post("webhooks", {"url": hook.url, "events": ["call.ended"]}).json()
    hook.says(500, {}, b"broken")
    for _ in range(2):
        make_call(tenant)
    tell(tenant)
    Delivery.objects.update(state=DeliveryState.FAILED)
    hook.says(200)
    return row, list(hook.got)


@pytest.mark.parametrize("body", [{"failed": True}, {"since": "2020-01-01T00:00:00Z"}, {"until": "2099-01-01T00:00:00Z"}])
def test_sends_many_again_with_the_same_ids_and_bytes(api, tenant, hook, body):
    row, before = failed_deliveries(api, tenant, hook)
    answer = api.post(f"webhooks/{row['id']}/replay", body)
    assert (answer.status_code, answer.json()) == (202, {"count": 2})
    webhooks.deliver()
    again = hook.got[len(before) :]
    assert sorted((got.id, got.body) for got in again) == sorted((got.id, got.body) for got in before)


def test_sends_a_selection_or_one_again(api, tenant, hook):
    row, before = failed_deliveries(api, tenant, hook)
    [first, second] = [delivery["id"] for delivery in api.get("deliveries?state=failed").json()["results"]]
    assert api.post(f"webhooks/{row['id']}/replay", {"deliveries": [first]}).json() == {"count": 1}
    assert api.post(f"deliveries/{second}/replay").status_code == 202
    webhooks.deliver()
    assert {got.id for got in hook.got[len(before) :]} == {first, second}
    log = api.get(f"deliveries/{first}?expand=log").json()["log"]
    assert [(attempt["status"], attempt["answer"]) for attempt in log] == [(500, "broken"), (200, "")]


def test_nothing_is_sent_again_unasked(api, tenant, hook):
    row, _ = failed_deliveries(api, tenant, hook)
    assert api.post(f"webhooks/{row['id']}/replay", {}).status_code == 400
    assert api.post(f"webhooks/{row['id']}/replay", {"since": "2099-01-01T00:00:00Z"}).json() == {"count": 0}


def test_what_an_erased_call_told_is_not_sent_again(api, tenant, hook):
    api.post("webhooks", {"url": hook.url})
    call = make_call(tenant)
    tell(tenant)
    ledger.remove(call)
    tell(tenant)
    [delivery] = Delivery.objects.filter(event_type="call.ended")
    assert api.post(f"deliveries/{delivery.pk}/replay").json()["code"] == "erased"


@pytest.mark.parametrize("query", ["state=failed", "event=call.ended", "webhook={webhook}", "call={call}", "sort=created_at"])
def test_deliveries_are_found(api, tenant, hook, query):
    row, _ = failed_deliveries(api, tenant, hook)
    make_endpoint(make_tenant(), hook.url)
    query = query.format(webhook=row["id"], call=Delivery.objects.first().call_id)
    found = api.get(f"deliveries?{query}").json()["results"]
    assert len(found) == (1 if "call=" in query else 2)  # two calls, each with its end
    assert "body" not in found[0]


def test_a_numbers_callbacks_are_no_webhooks_but_their_messages_are_shown(api, tenant, hook):
    line = make_line(tenant, "3215551081")
    endpoint = webhooks.set_callback(line, EndpointKind.SEND_CALLBACK, format="fonestorm_json", url=hook.url)
    webhooks.fire_test(endpoint)
    assert api.get("webhooks").json()["results"] == []
    assert api.get(f"webhooks/{endpoint.pk}").status_code == 404
    assert len(api.get("deliveries").json()["results"]) == 1


def test_samples_of_every_message(api):
    samples = api.get("webhooks/samples").json()
    assert set(webhooks.SUBSCRIBABLE) < samples.keys()
    assert samples["call.ended"]["full"]["type"] == "call.ended"
    assert samples["call.ended"]["fonestorm_json"]["status"] == "END"


@pytest.mark.parametrize(
    ("role", "center", "scope"),
    [(Role.AGENT, False, Scope.MANAGE), (Role.VIEWER, False, Scope.MANAGE), (Role.MANAGER, True, Scope.MANAGE)],
)
def test_only_managers_of_the_whole_tenant_see_and_change_them(api, tenant, role, center, scope):
    row = api.post("webhooks", {"url": URL}).json()
    other = ApiClient(tenant, role, scope, center=make_center(tenant) if center else None)
    for path in ("webhooks", f"webhooks/{row['id']}", "deliveries"):
        assert other.get(path).status_code == 403
    assert other.post("webhooks", {"url": URL}).status_code == 403
    assert other.post(f"webhooks/{row['id']}/pause").status_code == 403


def test_a_reading_token_reads_only(api, tenant):
    row = api.post("webhooks", {"url": URL}).json()
    reader = ApiClient(tenant, Role.OWNER, Scope.READ)
    assert reader.get(f"webhooks/{row['id']}").status_code == 200
    assert reader.post(f"webhooks/{row['id']}/rotate").status_code == 403


def test_another_tenants_are_not_there(api, tenant, stranger, hook):
    row, _ = failed_deliveries(api, tenant, hook)
    delivery = Delivery.objects.first()
    for path in (f"webhooks/{row['id']}", f"deliveries/{delivery.pk}"):
        assert stranger.get(path).status_code == 404
    for verb in ("pause", "resume", "rotate", "test", "replay"):
        assert stranger.post(f"webhooks/{row['id']}/{verb}", {"failed": True} if verb == "replay" else None).status_code == 404
    assert stranger.post(f"deliveries/{delivery.pk}/replay").status_code == 404
    own = stranger.post("webhooks", {"url": URL}).json()
    answer = stranger.post(f"webhooks/{own['id']}/replay", {"deliveries": [str(delivery.pk)]})
    assert answer.json() == {"count": 0}
