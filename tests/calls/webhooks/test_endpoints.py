"""Endpoints: what is refused at saving, secrets, what may be done to one."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from standardwebhooks import Webhook

from calls import webhooks
from calls.choices import DeliveryState, EndpointKind, EndpointState, PayloadFormat, WebhookEvent
from calls.models import Attempt, Delivery, Tag, WebhookEndpoint
from calls.webhooks import endpoints
from calls.webhooks.errors import EndpointNotActive
from tenants.sealing import Unreadable, seal, unseal
from tests.calls.webhooks.telling import documents, tell
from tests.make import make_agent, make_call, make_endpoint, make_line, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)


def refused(tenant, **fields):
    """The fields that are at fault."""
    headers = fields.pop("headers", {})
    endpoint = WebhookEndpoint(tenant=tenant, **{"url": "http://127.0.0.1:8001/hook", **fields})
    endpoint.headers = headers
    try:
        webhooks.check(endpoint)
    except ValidationError as error:
        return set(error.error_dict)
    return set()


@pytest.mark.parametrize(
    "url",
    [
        "", "hook", "ftp://example.com/", "https://", "https://ann:secret@example.com/", "https://exa mple.com/", "http://10.0.0.1/",
        "https://example.com/\n", "https://exämple.com/", "http://[::1", "http://2130706433/", "https://{{to}}.example.com/",
        "https://example.com/{{to}}", "http://169.254.169.254/latest/",
    ],
)  # fmt: skip
def test_refuses_addresses_that_cannot_be_called(tenant, url):
    assert refused(tenant, url=url) == {"url"}


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("http://127.0.0.1:8001/x?to={{to}}&from={{from}}", False),
        ("http://127.0.0.1:8001/{{uid}}/x", False),
        ("http://127.0.0.1:8001/x?who={{caller}}", True),
        ("http://127.0.0.1{{to}}/x", True),
        ("http://{{to}}@127.0.0.1:8001/x", True),
        ("http://127.0.0.1:8001/x?to={{to}", True),
        ("http://127.0.0.1:8001/x?to={{to/}}", True),
    ],
)
def test_tokens_of_addresses_are_known_and_cannot_lead_elsewhere(tenant, url, is_refused):
    assert refused(tenant, url=url, format=PayloadFormat.FONESTORM_GET) == ({"url"} if is_refused else set())


def test_the_name_of_a_token_that_is_not_known_is_told(tenant):
    endpoint = WebhookEndpoint(tenant=tenant, url="http://127.0.0.1:8001/{{caller}}", format=PayloadFormat.FONESTORM_FORM)
    with pytest.raises(ValidationError, match="“caller”"):
        webhooks.check(endpoint)
    with pytest.raises(ValidationError, match=r"“data\.call\.shoe_size”"):
        webhooks.check(WebhookEndpoint(tenant=tenant, url="http://127.0.0.1:8001", template='{"a": "{{data.call.shoe_size}}"}'))


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "x"}, {"content-length": "1"}, {"Webhook-Id": "x"}, {"Connection": "close"}, {"X Y": "1"}, {"X": "a\r\nB: c"},
        {"X": "é"}, {"X": 1}, {"X-A": "1", "x-a": "2"}, {f"X-{n}": "1" for n in range(21)}, {"X": "a" * 1001}, ["X"], {"": "x"},
    ],
)  # fmt: skip
def test_refuses_headers_that_are_not_the_owners_to_set(tenant, headers):
    assert refused(tenant, headers=headers) == {"headers"}


def test_takes_an_authorization_header_or_a_user_name(tenant):
    headers = {"Authorization": "Bearer abc", "X-Team": "sales"}
    assert refused(tenant, headers=headers) == set()
    assert refused(tenant, headers=headers, username="ann") == {"headers"}


@pytest.mark.parametrize(
    ("template", "is_refused"),
    [
        ('{"text": "Call from {{data.call.remote.e164}}", "call": "{{data.call}}", "n": "{{sequence}}"}', False),
        ("[1]", True),
        ("{", True),
        ('{"{{type}}": 1}', True),
        ('{"a": NaN}', True),
        ("[" * 3000, True),
        ('{"a":' * 40 + "1" + "}" * 40, True),
    ],
)
def test_templates_are_judged_when_they_are_saved(tenant, template, is_refused):
    assert refused(tenant, template=template) == ({"template"} if is_refused else set())


def test_filters_name_what_there_is_and_what_is_ours(tenant):
    other = make_tenant()
    theirs = str(make_agent(other).pk)
    assert refused(tenant, agent_ids=[theirs]) == {"agent_ids"}
    assert refused(tenant, line_ids=["x"], tag_ids="x", directions=["up"], event_types=["call.sung"]) == {
        "line_ids", "tag_ids", "directions", "event_types",
    }  # fmt: skip
    tag = Tag.objects.create(tenant=tenant, name="sales")
    assert refused(tenant, tag_ids=[str(tag.pk).upper()], directions=["inbound"], event_types=["call.ended"]) == set()


def test_a_callback_belongs_to_a_number_and_a_webhook_to_none(tenant):
    line = make_line(tenant, "+4685550000")
    for fields in ({"line": line}, {"kind": EndpointKind.SEND_CALLBACK, "format": PayloadFormat.FONESTORM_GET}):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_endpoint(tenant, **fields)


def test_the_secret_is_shown_once_and_not_in_the_database(tenant):
    endpoint = WebhookEndpoint(tenant=tenant, url="http://127.0.0.1:8001/hook")
    endpoint.password, endpoint.headers = "let-me-in", {"X-Key": "open-sesame"}
    secret = webhooks.keep(endpoint)
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret[6:])) == 32
    row = json.dumps(WebhookEndpoint.objects.values().get(), default=str)
    assert not [text for text in (secret, secret[6:], "let-me-in", "open-sesame") if text in row]
    fresh = WebhookEndpoint.objects.get()
    assert (fresh.live_secrets(timezone.now()), fresh.password, fresh.headers) == (
        [secret],
        "let-me-in",
        {"X-Key": "open-sesame"},
    )
    assert webhooks.keep(fresh) == ""
    assert fresh.live_secrets(timezone.now()) == [secret]


def test_what_was_sealed_under_the_former_key_can_be_opened_and_under_no_other(settings):
    sealed = seal("text")
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another key altogether"
    with pytest.raises(Unreadable):
        unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = [former]
    assert unseal(sealed) == "text"


def test_both_secrets_sign_for_a_day(tenant, hook):
    endpoint = make_endpoint(tenant, hook.url)
    [first] = endpoint.live_secrets(timezone.now())
    second = webhooks.rotate_secret(endpoint)
    make_call(tenant)
    tell(tenant)
    got = hook.got[0]
    assert len(got.headers["webhook-signature"].split()) == 2
    for secret in (first, second):
        Webhook(secret).verify(got.body, got.headers)
    kept = WebhookEndpoint.objects.get()
    assert kept.live_secrets(timezone.now() + timedelta(hours=23, minutes=59)) == [second, first]
    assert kept.live_secrets(timezone.now() + timedelta(hours=24, minutes=1)) == [second]


def test_a_secret_that_was_told_stays_good_where_somebody_renews_it_at_the_same_moment(tenant):
    endpoint = make_endpoint(tenant)
    both = [WebhookEndpoint.objects.get(pk=endpoint.pk) for _ in range(2)]
    told = [webhooks.rotate_secret(row) for row in both]
    endpoint.refresh_from_db()
    assert endpoint.live_secrets(timezone.now()) == told[::-1]


def test_no_verification_fails_while_secrets_are_renewed_all_the_time(tenant, hook):
    endpoint = make_endpoint(tenant, hook.url)
    known = endpoint.live_secrets(timezone.now())
    for _ in range(20):
        delivery = webhooks.fire_test(endpoint)
        webhooks.deliver()
        [got] = [got for got in hook.got if got.id == str(delivery.pk)]
        Webhook(known[-1]).verify(got.body, got.headers)
        known.append(webhooks.rotate_secret(endpoint))


def test_a_paused_endpoint_gets_what_happened_meanwhile(tenant, hook):
    endpoint = make_endpoint(tenant, hook.url)
    assert webhooks.pause(endpoint, reason="moving house")
    assert not webhooks.pause(endpoint)
    make_call(tenant)
    assert tell(tenant) == 0
    assert webhooks.resume(endpoint)
    assert webhooks.deliver() == 2


def test_a_disabled_endpoint_gets_nothing_of_what_happened_meanwhile(tenant, hook):
    endpoint = make_endpoint(tenant, hook.url)
    make_call(tenant)
    webhooks.fan_out(tenant.pk)
    assert webhooks.disable(endpoint, reason="not wanted")
    assert set(Delivery.objects.values_list("state", "reason")) == {(DeliveryState.CANCELLED, "The endpoint was disabled.")}
    make_call(tenant)
    assert tell(tenant) == 0
    assert webhooks.resume(endpoint)
    assert tell(tenant) == 0
    make_call(tenant)
    assert tell(tenant) == 2
    assert webhooks.replay_all(Delivery.objects.lost()) == 2


def test_a_new_endpoint_is_told_of_what_happens_from_now_on(tenant, hook):
    make_call(tenant)
    make_endpoint(tenant, hook.url)
    assert tell(tenant) == 0
    make_call(tenant)
    assert tell(tenant) == 2


def test_an_example_of_each_message_can_be_fired(tenant, hook):
    endpoint = make_endpoint(tenant, hook.url, event_types=["call.deleted"], directions=["inbound"])
    for event_type in WebhookEvent:
        webhooks.fire_test(endpoint, event_type)
    webhooks.deliver()
    assert {document["type"] for document in documents(hook)} == set(WebhookEvent.values)
    webhooks.pause(endpoint)
    with pytest.raises(EndpointNotActive):
        webhooks.fire_test(endpoint)


def test_a_number_has_one_callback_of_each_kind(tenant):
    line = make_line(tenant, "+13215551081")
    facts = {"format": PayloadFormat.FONESTORM_JSON, "username": "u", "password": "p"}
    first = webhooks.set_callback(line, EndpointKind.SEND_CALLBACK, url="http://127.0.0.1:8001/a", **facts)
    webhooks.set_callback(line, EndpointKind.RECEIVE_CALLBACK, url="http://127.0.0.1:8001/b", **facts)
    again = webhooks.set_callback(
        line, EndpointKind.SEND_CALLBACK, url="http://127.0.0.1:8001/c/{{odd}}", format=PayloadFormat.FONESTORM_GET
    )
    assert again.pk == first.pk
    assert (again.username, again.password) == ("", "")
    with pytest.raises(ValidationError):
        webhooks.set_callback(line, EndpointKind.SEND_CALLBACK, url="ftp://x", format=PayloadFormat.FONESTORM_GET)
    assert webhooks.callback_of(line, EndpointKind.SEND_CALLBACK).url == "http://127.0.0.1:8001/c/{{odd}}"
    assert webhooks.callback_of(line, EndpointKind.RECEIVE_CALLBACK).url == "http://127.0.0.1:8001/b"
    webhooks.remove_callback(line, EndpointKind.SEND_CALLBACK)
    assert webhooks.callback_of(line, EndpointKind.SEND_CALLBACK) is None
    assert EndpointState(again.state) == EndpointState.ACTIVE


def test_a_callback_somebody_else_has_just_set_is_replaced(tenant, monkeypatch):
    line, judged = make_line(tenant, "+13215551081"), endpoints.check
    facts = {"kind": EndpointKind.SEND_CALLBACK, "format": PayloadFormat.FONESTORM_JSON}

    def judging(endpoint):
        if not WebhookEndpoint.objects.exists():
            make_endpoint(tenant, "http://127.0.0.1:8001/theirs", line=line, **facts)
        judged(endpoint)

    monkeypatch.setattr(endpoints, "check", judging)
    webhooks.set_callback(line, url="http://127.0.0.1:8001/ours", **facts)
    assert WebhookEndpoint.objects.get().url == "http://127.0.0.1:8001/ours"


def test_an_endpoint_goes_with_all_that_was_made_for_it_and_nothing_else(tenant, hook, django_assert_max_num_queries):
    endpoint, other = make_endpoint(tenant, hook.url), make_endpoint(tenant, hook.url)
    for _ in range(20):
        make_call(tenant)
    tell(tenant)
    with django_assert_max_num_queries(12):
        webhooks.remove(endpoint)
    assert list(WebhookEndpoint.objects.all()) == [other]
    assert Delivery.objects.count() == Delivery.objects.filter(endpoint=other).count() == 40
    assert Attempt.objects.count() == 40
