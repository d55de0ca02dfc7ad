"""Deliveries in the admin: what was sent to whom, each attempt beside the others, and sending it again with a count first."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from calls import webhooks
from calls.choices import DeliveryState, EndpointState, PayloadFormat
from calls.models import Delivery
from tests.make import make_call, make_endpoint, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
LIST = "/admin/calls/delivery/"


@pytest.fixture(autouse=True)
def _no_bell(monkeypatch):
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)


@pytest.fixture
def tenant():
    return make_tenant("lund", time_zone="Europe/Stockholm")


@pytest.fixture
def manager(tenant):
    return signed_in(staff(tenant, "manager"))


@pytest.fixture
def endpoint(tenant):
    return make_endpoint(tenant, name="Ours")


def delivery(endpoint, **fields):
    """A message made for an endpoint."""
    told = {"event_type": "call.ended", "body": b'{"a":1}', "due_at": timezone.now(), "state": DeliveryState.FAILED, **fields}
    return Delivery.objects.create(tenant=endpoint.tenant, endpoint=endpoint, **told)


def page(row, name="change"):
    return reverse(f"admin:calls_delivery_{name}", args=[row.pk])


def shown(client, **asked):
    answer = client.get(LIST, asked)
    assert answer.status_code == 200
    return {row.pk for row in answer.context["cl"].result_list}


def text_of(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def pending():
    return set(Delivery.objects.pending().values_list("pk", flat=True))


# The list


def test_each_filter_narrows(manager, tenant, endpoint):
    other = make_endpoint(tenant)
    call = make_call(tenant)
    first = delivery(endpoint, event_type="call.created", state=DeliveryState.DELIVERED, call_id=call.pk)
    second = delivery(other)
    Delivery.objects.filter(pk=second.pk).update(created_at="2026-03-02T09:00:00Z")
    narrowed = [
        ({}, {first, second}), ({"state__exact": "delivered"}, {first}), ({"event_type__exact": "call.ended"}, {second}),
        ({"endpoint__id__exact": str(other.pk)}, {second}), ({"call_id": str(call.pk)}, {first}), ({"q": str(call.pk)}, {first}),
        ({"q": str(second.pk)}, {second}), ({"q": "nobody"}, set()), ({"q": str(uuid4())}, set()),
        ({"made_from": "2026-03-02", "made_to": "2026-03-02"}, {second}), ({"made_from": "2026-03-03"}, {first}),
        ({"made_from": "x"}, {first, second}),
    ]  # fmt: skip
    for asked, rows in narrowed:
        assert shown(manager, **asked) == {row.pk for row in rows}, asked
    assert manager.get(LIST, {"call_id": "x"}).status_code == 302


def test_the_list_tells_state_and_reason(manager, endpoint):
    delivery(endpoint, reason="It answered <b>500</b>.", sequence=3, call_id=uuid4())
    text = text_of(manager, LIST)
    for words in ("Failed", "It answered &lt;b&gt;500&lt;/b&gt;.", "number 3 of its call", "Ours", "Its call"):
        assert words in text, words


# One delivery


def test_attempts_stand_side_by_side(manager, endpoint):
    row = delivery(endpoint)
    for number, (status, error) in enumerate([(500, "It answered 500."), (None, "It was not reached."), (200, "")], start=1):
        row.log.create(
            fence=number, started_at=timezone.now() + timedelta(seconds=number), took_ms=number * 250, status=status, error=error,
            answer=f"<b>answer {number}</b>", request_headers={"webhook-id": str(row.pk), "X-Key": "•••"},
        )  # fmt: skip
    text = text_of(manager, page(row))
    for words in (
        "It answered 500.", "It was not reached.", "No answer", "0.25 s", "0.75 s", "&lt;b&gt;answer 3&lt;/b&gt;",
        f"webhook-id: {row.pk}", "X-Key: •••",
    ):  # fmt: skip
        assert words in text, words
    assert text.index("0.25 s") < text.index("0.50 s") < text.index("0.75 s")


def test_only_the_last_attempts_are_shown(manager, endpoint):
    row = delivery(endpoint)
    for number in range(1, 23):
        row.log.create(fence=number, started_at=timezone.now(), took_ms=0, error=f"error-{number}.")
    text = text_of(manager, page(row))
    assert "The last 20 of them." in text
    assert "error-2." not in text
    assert "error-3." in text
    assert "error-22." in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"body": b'{"a":{"b":"<i>\xc3\x85sa</i>"}}'}, "&quot;b&quot;: &quot;&lt;i&gt;Åsa&lt;/i&gt;&quot;"),
        ({"body": b"\xff{"}, "{"),
        ({"body": b"uid=1&from=%2B46", "format": PayloadFormat.FONESTORM_FORM}, "from = +46"),
        ({"body": b"", "tokens": {"uid": "<u>"}, "format": PayloadFormat.FONESTORM_GET}, "&lt;u&gt;"),
        ({"body": b"", "is_erased": True}, "The call was removed"),
    ],
)
def test_the_body_is_readable(manager, endpoint, fields, words):
    assert words in text_of(manager, page(delivery(endpoint, **fields)))


def test_a_call_tells_who_was_told_of_it(manager, tenant, endpoint):
    call = make_call(tenant)
    address = reverse("admin:calls_call_change", args=[call.pk])
    assert "Who was told of it" not in text_of(manager, address)
    row = delivery(endpoint, call_id=call.pk)
    text = text_of(manager, address)
    assert "Who was told of it" in text
    assert page(row) in text
    assert f"{LIST}?call_id={call.pk}" in text
    assert "Who was told of it" not in text_of(signed_in(staff(tenant, "agent")), address)
    assert address in text_of(manager, page(row))


# Sending again


def test_a_selection_is_sent_again_after_its_count(manager, tenant, endpoint):
    chosen, other = [delivery(endpoint) for _ in range(2)], delivery(endpoint)
    erased = delivery(endpoint, is_erased=True, body=b"")
    off = delivery(make_endpoint(tenant, state=EndpointState.DISABLED))
    ids = [str(row.pk) for row in (*chosen, erased, off)]
    form = {"action": "replay", "_selected_action": ids}
    answer = manager.post(LIST, form)
    text = answer.content.decode()
    assert "2 messages are sent again." in text
    assert all(f'name="_selected_action" value="{key}"' in text for key in ids)
    assert pending() == set()
    answer = manager.post(LIST, {**form, "sure": "yes"}, follow=True)
    assert "2 messages are sent again now." in answer.content.decode()
    assert pending() == {row.pk for row in chosen}
    assert other.pk not in pending()


def test_all_that_a_filter_leaves_is_sent_again(manager, endpoint):
    lost = [delivery(endpoint) for _ in range(3)]
    delivery(endpoint, state=DeliveryState.DELIVERED)
    form = {"action": "replay", "_selected_action": [str(lost[0].pk)], "select_across": "1"}
    assert "3 messages are sent again." in manager.post(f"{LIST}?state__exact=failed", form).content.decode()
    manager.post(f"{LIST}?state__exact=failed", {**form, "sure": "yes"})
    assert pending() == {row.pk for row in lost}


def test_one_is_sent_again_after_asking(manager, endpoint):
    row = delivery(endpoint)
    assert "1 message is sent again." in text_of(manager, page(row, "replay_one"))
    assert pending() == set()
    assert manager.post(page(row, "replay_one")).status_code == 302
    assert pending() == {row.pk}


def test_what_cannot_be_sent_says_so(manager, endpoint):
    row = delivery(endpoint)
    webhooks.disable(endpoint)
    assert "There is nothing to send again" in text_of(manager, page(row, "replay_one"))
    answer = manager.post(page(row, "replay_one"), follow=True)
    assert "Its endpoint is disabled. Resume it first." in answer.content.decode()
    assert pending() == set()


def test_another_tenants_is_neither_seen_nor_sent(manager):
    row = delivery(make_endpoint(make_tenant("other"), name="Theirs"))
    assert shown(manager) == set()
    assert manager.get(page(row)).status_code == 302
    assert manager.post(page(row, "replay_one")).status_code == 403
    manager.post(LIST, {"action": "replay", "_selected_action": [str(row.pk)], "sure": "yes"})
    assert pending() == set()


def test_nobody_edits_adds_or_erases_one(manager, endpoint):
    row = delivery(endpoint)
    assert manager.get(f"{LIST}add/").status_code == 403
    assert manager.post(page(row), {"state": "delivered"}).status_code == 403
    assert manager.post(page(row, "delete"), {"post": "yes"}).status_code == 403
