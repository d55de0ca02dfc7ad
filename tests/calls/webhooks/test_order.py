"""Messages of one call to one endpoint go one after the other, delivered or not; those of other calls go on."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from calls import ledger, webhooks
from calls.choices import DeliveryState
from calls.drafts import CallChanges
from calls.models import Delivery, WebhookEndpoint
from calls.webhooks import clock, turns
from tests.calls.webhooks.receiver import Got
from tests.calls.webhooks.telling import tell
from tests.make import make_call, make_endpoint

pytestmark = pytest.mark.django_db(transaction=True)


def place_of(got: Got) -> tuple[str, int]:
    document = json.loads(got.body)
    return document["data"]["call"]["id"], document["sequence"]


def places(hook) -> list[tuple[str, int]]:
    """Call and number of each message, as they came."""
    return [place_of(got) for got in hook.got]


def trusted(tenant, hook, **fields) -> WebhookEndpoint:
    """One that answered well, so that several lanes lead to it."""
    return make_endpoint(tenant, hook.url, succeeded_at=timezone.now(), in_flight_limit=10, **fields)


def refuses_first(hook, call) -> None:
    """The receiver refuses the first message of this call, and takes all others."""
    hook.answer = lambda got: (500 if place_of(got) == (str(call.pk), 1) else 200, {}, b"")


def test_later_messages_wait_for_one_that_failed_and_other_calls_go_on(tenant, hook):
    trusted(tenant, hook)
    ill, well = make_call(tenant), make_call(tenant)
    refuses_first(hook, ill)
    tell(tenant)
    webhooks.deliver()
    assert places(hook) == [(str(ill.pk), 1), (str(well.pk), 1), (str(well.pk), 2)]
    hook.says(200)
    with clock.at(timezone.now() + timedelta(seconds=6)):
        webhooks.deliver()
    assert places(hook)[3:] == [(str(ill.pk), 1), (str(ill.pk), 2)]


def test_messages_made_while_an_earlier_one_waits_wait_with_it(tenant, hook):
    trusted(tenant, hook)
    call = make_call(tenant)
    hook.says(500)
    tell(tenant)
    ledger.amend(call, CallChanges(notes="Call back"))
    hook.says(200)
    tell(tenant)
    assert places(hook) == [(str(call.pk), 1)]
    with clock.at(timezone.now() + timedelta(seconds=6)):
        webhooks.deliver()
    assert places(hook) == [(str(call.pk), number) for number in (1, 1, 2, 3)]


def test_later_messages_go_on_once_an_earlier_one_is_given_up(tenant, hook):
    trusted(tenant, hook)
    call = make_call(tenant)
    refuses_first(hook, call)
    tell(tenant)
    Delivery.objects.filter(sequence=1).update(attempts=9, due_at=timezone.now())
    Delivery.objects.filter(sequence=2).update(due_at=timezone.now())
    webhooks.deliver()
    assert places(hook)[-2:] == [(str(call.pk), 1), (str(call.pk), 2)]
    assert list(Delivery.objects.order_by("sequence").values_list("state", flat=True)) == ["failed", "delivered"]


def test_what_comes_after_a_failure_is_not_looked_at_again_and_again(tenant, hook):
    endpoint = trusted(tenant, hook)
    make_call(tenant)
    hook.says(500)
    tell(tenant)
    assert len(set(Delivery.objects.values_list("due_at", flat=True))) == 1
    assert not turns.is_anything_due()
    assert turns.claim(endpoint) == []


def test_replays_and_tests_wait_for_none_and_hold_none_up(tenant, hook):
    endpoint = trusted(tenant, hook)
    call = make_call(tenant)
    tell(tenant)
    refuses_first(hook, call)
    webhooks.replay(Delivery.objects.get(sequence=1))
    webhooks.deliver()
    ledger.amend(call, CallChanges(notes="Call back"))
    webhooks.replay(Delivery.objects.get(sequence=2))
    webhooks.fire_test(endpoint)
    del hook.got[:]
    tell(tenant)
    assert sorted(json.loads(got.body)["type"] for got in hook.got) == ["call.ended", "call.updated", "webhook.test"]


def test_one_that_is_on_its_way_holds_the_next_back_from_every_other_lane(tenant, hook):
    endpoint = trusted(tenant, hook)
    make_call(tenant)
    other = make_call(tenant)
    webhooks.fan_out(tenant.pk)
    first = Delivery.objects.order_by("created_at", "sequence").first()
    Delivery.objects.filter(pk=first.pk).update(lease_until=timezone.now() + timedelta(seconds=40))
    assert {row.call_id for row in turns.claim(endpoint)} == {other.pk}


def test_claim_that_lost_an_earlier_message_to_another_worker_gives_the_later_back(tenant, hook, monkeypatch):
    endpoint = trusted(tenant, hook)
    make_call(tenant)
    webhooks.fan_out(tenant.pk)
    taken = Delivery.objects.filter(sequence=1)
    in_order = turns._in_order

    def beaten(*given):
        rows = in_order(*given)
        taken.update(lease_until=timezone.now() + timedelta(seconds=40))
        return rows

    monkeypatch.setattr(turns, "_in_order", beaten)
    assert turns.claim(endpoint) == []
    assert Delivery.objects.get(sequence=2).lease_until is None


def test_the_earliest_goes_first_however_late_it_is_due(tenant, hook):
    endpoint = trusted(tenant, hook)
    make_call(tenant)
    webhooks.fan_out(tenant.pk)
    Delivery.objects.filter(sequence=2).update(due_at=timezone.now() - timedelta(minutes=5))
    assert [row.sequence for row in turns.claim(endpoint)] == [1, 2]


def test_many_workers_and_a_failing_receiver_keep_the_order_of_each_call(tenant, hook, settings):
    settings.CALLHUB_WEBHOOK_SENDERS = 8
    trusted(tenant, hook)
    calls = [make_call(tenant) for _ in range(12)]
    for call in calls:
        ledger.amend(call, CallChanges(notes="Call back"))
    webhooks.fan_out(tenant.pk)
    lock, taken, refused = threading.Lock(), [], set()

    def answer(got: Got):
        place = place_of(got)
        with lock:
            if place[0][-1] in "02468ace" and place not in refused:
                refused.add(place)
                return 503, {}, b""
            taken.append(place)
        return 200, {}, b""

    hook.answer = answer

    def work():
        try:
            webhooks.deliver(seconds=20)
        finally:
            connection.close()

    while Delivery.objects.pending().exists():
        Delivery.objects.pending().update(due_at=timezone.now())
        WebhookEndpoint.objects.update(failures=0)
        with ThreadPoolExecutor(4) as pool:
            for task in [pool.submit(work) for _ in range(4)]:
                task.result()
    assert len(taken) == 36
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.DELIVERED}
    for call in calls:
        assert [number for key, number in taken if key == str(call.pk)] == [1, 2, 3]


def test_looking_for_earlier_messages_uses_an_index(tenant, hook):
    endpoint = trusted(tenant, hook)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        due = Delivery.objects.due(timezone.now()).filter(endpoint=endpoint).in_turn(timezone.now())
        plan = due.order_by("due_at", "id").explain()
    assert "delivery_due" in plan
    assert "delivery_in_turn" in plan
