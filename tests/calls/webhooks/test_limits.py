"""What webhooks may send in a minute: to one host, over all tenants, and by one tenant. The rest is late, never lost."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls import webhooks
from calls.choices import DeliveryState
from calls.models import Attempt, Call, Delivery, WebhookEndpoint
from calls.outbound import Answer
from calls.webhooks import clock, turns
from tests.calls.api.client import BODY, ApiClient
from tests.calls.webhooks.telling import tell
from tests.make import make_endpoint, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def at_minute(monkeypatch):
    """A block within the minute of this number, for budgets and for what is due."""
    began = timezone.now() + timedelta(seconds=30)

    @contextmanager
    def at(number):
        monkeypatch.setattr("tenants.budget.time", SimpleNamespace(time=lambda: 60.0 * number))
        with clock.at(began + timedelta(minutes=number)):
            yield

    return at


@pytest.fixture
def sent(monkeypatch):
    """The addresses of what is sent; whatever the address, the receiver takes it."""
    addresses = []

    def send(request):
        addresses.append(request.url)
        return Answer(status=200, headers={}, body=b"", is_cut=False, size=0, took_ms=1)

    monkeypatch.setattr("calls.outbound.send", send)
    return addresses


def queued(count, url="https://busy.example/a", tenant=None):
    """An endpoint that answered well, with so many messages that are due."""
    endpoint = make_endpoint(tenant or make_tenant(), url, succeeded_at=timezone.now(), in_flight_limit=10)
    for _ in range(count):
        webhooks.fire_test(endpoint)
    return endpoint


def limit(settings, *, host=0, tenant=0):
    settings.CALLHUB_WEBHOOKS_PER_HOST_PER_MINUTE = host
    settings.CALLHUB_WEBHOOKS_PER_TENANT_PER_MINUTE = tenant


def test_a_relay_that_takes_the_loop_mark_off_goes_round_at_the_limit_only(tenant, hook, settings, at_minute):
    limit(settings, host=10)
    make_endpoint(tenant, hook.url, succeeded_at=timezone.now())
    api = ApiClient(tenant)

    def log_a_call(got=None):
        try:
            return (200 if api.post("calls", BODY).status_code == 201 else 500), {}, b""
        finally:
            connection.close()

    hook.answer = log_a_call
    log_a_call()
    for minute in range(3):
        with at_minute(minute):
            for _ in range(20):
                tell(tenant)
        assert len(hook.got) == 10 * (minute + 1)
    assert Call.objects.count() == 1 + len(hook.got)


def test_all_tenants_together_send_a_host_its_limit_and_other_hosts_go_on(settings, at_minute, sent):
    limit(settings, host=30)
    queued(20, "https://busy.example/a")
    queued(20, "https://BUSY.example:8443/b?c=d")
    queued(20, "https://idle.example/a")
    with at_minute(0):
        assert webhooks.deliver() == 50
        assert [url for url in sent if "idle" in url] == ["https://idle.example/a"] * 20
        assert webhooks.deliver() == 0
    with at_minute(1):
        assert webhooks.deliver() == 10


def test_a_tenant_sends_its_limit_to_all_hosts_together_and_other_tenants_go_on(tenant, settings, at_minute, sent):
    limit(settings, tenant=30)
    queued(20, "https://one.example/", tenant)
    queued(20, "https://two.example/", tenant)
    queued(20, "https://one.example/other")
    with at_minute(0):
        assert webhooks.deliver() == 50
        assert sent.count("https://one.example/other") == 20
    with at_minute(1):
        assert webhooks.deliver() == 10


def test_what_waits_is_not_attempted_and_goes_in_its_order(settings, at_minute, sent):
    limit(settings, host=2)
    endpoint = queued(5)
    with at_minute(0):
        assert (webhooks.deliver(), turns.is_anything_due()) == (2, False)
    waiting = Delivery.objects.pending().order_by("due_at")
    assert set(waiting.values_list("attempts", "lease_until", "reason")) == {(0, None, "")}
    assert Attempt.objects.count() == 2
    with at_minute(1):
        webhooks.deliver()
    assert list(waiting) == list(Delivery.objects.order_by("due_at"))[4:]
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.state) == (0, "active")
    with at_minute(2):
        webhooks.deliver()
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.DELIVERED}


def test_who_got_nothing_comes_first_in_the_next_minute(settings, at_minute, sent):
    limit(settings, host=50)
    for number in range(4):
        queued(100, f"https://busy.example/{number}")
    with at_minute(0):
        webhooks.deliver()
        first = set(sent)
    sent.clear()
    with at_minute(1):
        webhooks.deliver()
    assert len(first | set(sent)) == 4


def test_many_endpoints_at_their_limit_delay_no_other_host(settings, at_minute, sent):
    limit(settings, host=1)
    for number in range(turns.LOOKED_AT + 5):
        queued(1, f"https://busy.example/{number}")
    queued(1, "https://idle.example/")
    with at_minute(0):
        webhooks.deliver()
    assert sorted(url.partition("e/")[0] for url in sent) == ["https://busy.exampl", "https://idle.exampl"]


def test_messages_claimed_and_not_sent_count_for_nothing(hook, settings, at_minute):
    """Three failures end a turn of 25; only these three are counted."""
    limit(settings, host=10, tenant=10)
    endpoint = queued(25, hook.url)
    hook.says(500)
    with at_minute(0):
        assert webhooks.deliver() == 10
    endpoint.refresh_from_db()
    assert (endpoint.failures, len(hook.got)) == (10, 10)


def test_a_host_at_its_limit_takes_nothing_of_what_its_tenant_may_send(tenant, settings, at_minute, sent):
    limit(settings, host=5, tenant=30)
    queued(25, "https://busy.example/", tenant)
    for number in range(5):
        queued(5, f"https://idle{number}.example/", tenant)
    with at_minute(0):
        assert webhooks.deliver() == 30


def test_zero_is_no_limit(settings, at_minute, sent):
    limit(settings)
    queued(60)
    with at_minute(0):
        assert webhooks.deliver() == 60


def test_limits_cost_no_query_while_they_hold(settings, at_minute, sent):
    def queries_of_a_turn():
        endpoint = queued(5)
        with at_minute(0), CaptureQueriesContext(connection) as queries:
            webhooks.deliver()
        WebhookEndpoint.objects.filter(pk=endpoint.pk).delete()
        return len(queries)

    limit(settings)
    free = queries_of_a_turn()
    limit(settings, host=100, tenant=100)
    assert queries_of_a_turn() == free
