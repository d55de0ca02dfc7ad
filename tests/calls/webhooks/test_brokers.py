"""Every message arrives over each broker: workers killed around the sending, repeated messages, a broker that loses all."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from calls.choices import DeliveryState
from calls.models import Delivery, WebhookLane
from calls.webhooks import clock
from tests.children import PATIENCE_S, kept_worker, until, worker
from tests.make import make_call, make_endpoint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(300)]

MANY = 5000  # due at once, over the broker everybody has; the others get fewer
SENDS_WITHIN_S = 240.0


def become_due() -> None:
    """As if the time of who died were over."""
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.filter(state=DeliveryState.PENDING).update(due_at=past, lease_until=past)
    WebhookLane.objects.update(lease_until=past)


def delivered() -> int:
    return Delivery.objects.filter(state=DeliveryState.DELIVERED).count()


@pytest.mark.parametrize(("point", "doubled"), [("webhook.claimed", 0), ("webhook.sent", 1)])
def test_a_worker_killed_around_the_sending(broker, tenant, hook, point, doubled):
    make_endpoint(tenant, hook.url)
    make_call(tenant)
    for _ in range(3):
        broker.send("calls.tell_webhooks", tenant.pk)
    with worker(broker.url, failpoint=point) as killed:
        killed.join(PATIENCE_S)
        assert killed.exitcode == -signal.SIGKILL
    become_due()
    with worker(broker.url):
        for _ in range(3):
            broker.send("calls.sweep_webhooks")
            broker.send("calls.tell_webhooks", tenant.pk)
        until(lambda: delivered() == 2)
    copies = Counter((got.id, got.body) for got in hook.got)
    assert {key for key, _ in copies} == {str(key) for key in Delivery.objects.values_list("pk", flat=True)}
    assert len(copies) == 2
    assert sum(copies.values()) == 2 + doubled  # only what was on its way when the worker died comes again


def test_a_broker_that_loses_everything_with_thousands_due(broker, tenant, hook, settings):
    settings.CALLHUB_WEBHOOKS_PER_HOST_PER_MINUTE = settings.CALLHUB_WEBHOOKS_PER_TENANT_PER_MINUTE = 0
    endpoint = make_endpoint(tenant, hook.url, in_flight_limit=3, succeeded_at=timezone.now())
    count = MANY if broker.kind == "embedded" else MANY // 10
    facts = {"tenant": tenant, "endpoint": endpoint, "event_type": "webhook.test", "format": "native", "body": b"{}"}
    due_at = clock.reading()
    Delivery.objects.bulk_create((Delivery(**facts, due_at=due_at) for _ in range(count)), batch_size=500)
    broker.send("calls.sweep_webhooks")
    broker.wipe()
    with kept_worker(broker.url) as keep:
        broker.send("calls.sweep_webhooks")
        until(lambda: delivered() > count // 10)
        broker.wipe()
        until(lambda: _swept_and_delivered(broker, keep, count), SENDS_WITHIN_S)
    assert sorted(hook.ids()) == sorted(str(key) for key in Delivery.objects.values_list("pk", flat=True))


def _swept_and_delivered(broker, keep, count) -> bool:
    """The scheduler goes on ringing, whatever became of the broker, the worker and its connection."""
    keep()
    broker.send("calls.sweep_webhooks")
    return delivered() == count
