"""Workers that die, bells that are lost, messages that come three times, receivers that hang."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from calls import ledger, webhooks
from calls.choices import DeliveryState
from calls.models import Attempt, CallEvent, Delivery, WebhookEndpoint
from calls.tasks import deliver_webhooks, sweep_webhooks, tell_webhooks
from calls.webhooks import clock, delivery, turns
from tests.calls.uploads.server import killed_at
from tests.calls.webhooks.receiver import receiver
from tests.make import make_call, make_endpoint, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 90.0  # seconds; on an idle machine none of these takes one


def until(is_so, what="it"):
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if is_so():
            return
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come about")


def in_threads(work, count):
    """What each of so many threads gives."""

    def guarded(_):
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(guarded, range(count)))


def later(seconds=41):
    """The time when the leases of somebody who died are over."""
    return clock.at(clock.reading() + timedelta(seconds=seconds))


@pytest.mark.parametrize(("point", "doubled"), [("webhook.claimed", 0), ("webhook.sent", 1)])
def test_a_worker_killed_before_or_after_sending(tenant, hook, point, doubled):
    """Killed before, the message comes once; killed after, twice, with the same id and bytes: the kill explains it."""
    make_endpoint(tenant, hook.url)
    make_call(tenant)
    webhooks.fan_out(tenant.pk)
    killed_at(point, webhooks.deliver)
    assert len(hook.got) == doubled
    assert webhooks.deliver() == 0  # the one who died may be at work still
    with later():
        sweep_webhooks()
    assert Delivery.objects.filter(state=DeliveryState.DELIVERED).count() == 2
    ids = {str(key) for key in Delivery.objects.values_list("pk", flat=True)}
    assert (set(hook.ids()), len(hook.got)) == (ids, 2 + doubled)
    assert len({(got.id, got.body) for got in hook.got}) == 2


def test_orphaned_work_is_due_again_within_a_minute():
    assert turns.LEASE + timedelta(seconds=10) < timedelta(seconds=60)  # and the sweeper's pause
    assert turns.LEASE.total_seconds() > delivery.LATEST_START + 15  # nobody sends when somebody else may


def test_a_broker_that_was_wiped_loses_nothing(tenant, hook):
    """Hundreds are due and no message says so: sweeps alone send them all, once each."""
    endpoint = make_endpoint(tenant, hook.url, succeeded_at=clock.reading())
    for _ in range(10):
        make_call(tenant)
    facts = {"tenant": tenant, "endpoint": endpoint, "event_type": "webhook.test", "format": "native", "due_at": clock.reading()}
    Delivery.objects.bulk_create(Delivery(**facts, body=b"{}") for _ in range(130))
    for _ in range(20):
        sweep_webhooks()
    assert Delivery.objects.filter(state=DeliveryState.DELIVERED).count() == len(hook.got) == 150
    assert sorted(hook.ids()) == sorted(str(key) for key in Delivery.objects.values_list("pk", flat=True))


def test_messages_that_come_three_times_send_everything_once(tenant, hook, settings):
    settings.CALLHUB_WEBHOOK_SENDERS = 6
    make_endpoint(tenant, hook.url, in_flight_limit=3)
    for _ in range(20):
        make_call(tenant)

    def work():
        for _ in range(3):
            tell_webhooks(str(tenant.pk))
            deliver_webhooks()
            deliver_webhooks()

    in_threads(work, 4)
    webhooks.deliver()
    assert sorted(hook.ids()) == sorted(str(key) for key in Delivery.objects.values_list("pk", flat=True))
    assert Delivery.objects.count() == Attempt.objects.count() == 2 * CallEvent.objects.count() == 40


def test_an_endpoint_never_gets_more_at_once_than_its_limit(tenant, hook, settings):
    settings.CALLHUB_WEBHOOK_SENDERS = 8
    inside = threading.Semaphore(0)

    def slowly(got):
        inside.acquire(timeout=0.05)
        return 200, {}, b""

    hook.answer = slowly
    make_endpoint(tenant, hook.url, in_flight_limit=2, succeeded_at=clock.reading())
    for _ in range(20):
        make_call(tenant)
    webhooks.fan_out(tenant.pk)
    in_threads(webhooks.deliver, 6)
    webhooks.deliver()
    assert (len(hook.got), hook.most_at_once <= 2) == (40, True)


def test_a_receiver_that_hangs_holds_no_more_than_its_share(tenant, hook, settings):
    """Its lanes are in use, with many waiting; another tenant's calls are sent meanwhile, by the threads that are left."""
    settings.CALLHUB_WEBHOOK_SENDERS = 3
    go_on = threading.Event()

    def hangs(got):
        go_on.wait(PATIENCE)
        return 200, {}, b""

    other = make_tenant()
    with receiver() as hanging, ThreadPoolExecutor(4) as pool:
        settings.CALLHUB_OUTBOUND_SECONDS = PATIENCE
        hanging.answer = hangs
        make_endpoint(tenant, hanging.url, in_flight_limit=5, is_slow=True)
        make_endpoint(other, hook.url)
        for _ in range(20):
            make_call(tenant)
        webhooks.fan_out(tenant.pk)

        def work():
            try:
                return webhooks.deliver(seconds=30.0)
            finally:
                connection.close()

        try:
            held = [pool.submit(work) for _ in range(3)]
            until(lambda: hanging.got, "the first request to the hanging receiver")
            until(lambda: sum(each.done() for each in held) == 2, "the end of those who found nothing else")
            make_call(other)
            webhooks.fan_out(other.pk)
            assert pool.submit(work).result(PATIENCE) == len(hook.got) == 2
            assert len(hanging.got) == 1
        finally:
            go_on.set()
        for each in held:
            each.result(PATIENCE)


def test_a_trusted_receiver_that_begins_to_hang_leaves_a_thread_to_others(tenant, hook, settings):
    settings.CALLHUB_WEBHOOK_SENDERS = 3
    endpoint = make_endpoint(tenant, hook.url, in_flight_limit=2, succeeded_at=clock.reading())
    for _ in range(60):
        webhooks.fire_test(endpoint)
    with turns.next_turn() as first, turns.next_turn() as second, turns.next_turn() as third:
        assert (len(first.deliveries), len(second.deliveries), third) == (25, 25, None)
        other = make_endpoint(make_tenant(), hook.url)
        webhooks.fire_test(other)
        with turns.next_turn() as fourth:
            assert fourth.endpoint == other
    with turns.sender() as one, turns.sender() as two, turns.sender() as three, turns.sender() as four:
        assert (one, two, three, four) == (True, True, True, False)


def test_tenants_take_turns(hook):
    endpoints = [make_endpoint(make_tenant(), hook.url, succeeded_at=clock.reading()) for _ in range(3)]
    for endpoint in endpoints:
        for _ in range(40):
            webhooks.fire_test(endpoint)
    order = []
    for _ in range(6):
        with turns.next_turn() as turn:
            order.append(turn.endpoint.pk)
            Delivery.objects.filter(holder=turn.deliveries[0].holder).update(state=DeliveryState.DELIVERED)
    assert order[:3] == order[3:]
    assert set(order) == {endpoint.pk for endpoint in endpoints}


def test_a_turn_ends_with_the_third_failure_and_gives_back_the_rest(tenant, hook):
    hook.says(500)
    endpoint = make_endpoint(tenant, hook.url, succeeded_at=clock.reading())
    for _ in range(10):
        webhooks.fire_test(endpoint)
    with turns.next_turn() as turn:
        assert delivery._serve(turn) == 3
    assert Delivery.objects.filter(lease_until__isnull=True, holder__isnull=True).count() == 10
    assert not WebhookEndpoint.objects.get().is_trusted


def test_what_is_erased_while_it_is_sent_stays_erased(tenant, hook):
    endpoint = make_endpoint(tenant, hook.url)
    call = make_call(tenant)
    webhooks.fan_out(tenant.pk)
    [claimed] = turns.claim(endpoint)
    outcome = delivery.send(endpoint, claimed)
    ledger.remove(call)
    webhooks.fan_out(tenant.pk)
    assert delivery.write(endpoint, claimed, outcome) is False
    assert Delivery.objects.get(pk=claimed.pk).state == DeliveryState.CANCELLED
