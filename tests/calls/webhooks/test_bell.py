"""Who writes calls rings, at no cost where nobody listens; what no bell rang for is found."""

from __future__ import annotations

import time
from datetime import timedelta
from queue import Empty, Queue

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls import ledger, webhooks
from calls.drafts import CallChanges
from calls.models import Delivery, WebhookCursor
from calls.tasks import sweep_webhooks
from calls.webhooks import bell
from tests.calls.webhooks.telling import tell
from tests.make import make_call, make_endpoint, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rings(settings, monkeypatch):
    """The tenants whose bell was rung, by a process as they are in earnest."""
    rung: Queue = Queue()
    monkeypatch.setattr("calls.webhooks.bell._gatherer", None)
    monkeypatch.setattr("callhub.doorbell.ring", lambda task, *args: rung.put(args))
    settings.CELERY_TASK_ALWAYS_EAGER = False
    return rung


def test_every_change_of_a_tenant_with_an_endpoint_rings(rings, tenant):
    make_endpoint(tenant)
    call = make_call(tenant)
    assert rings.get(timeout=60) == (str(tenant.pk),)
    ledger.amend(call, CallChanges(notes="x"))
    assert rings.get(timeout=60) == (str(tenant.pk),)
    ledger.remove(call)
    assert rings.get(timeout=60) == (str(tenant.pk),)


def test_many_at_once_are_one_ring_that_comes_last(rings, tenant, monkeypatch):
    monkeypatch.setattr("calls.webhooks.bell.GATHERED_S", 1.0)  # a busy machine may need longer than usual for twenty
    make_endpoint(tenant)
    with transaction.atomic():
        for _ in range(20):
            make_call(tenant)
        time.sleep(0.3)
        assert rings.empty()  # not before the commit
    assert rings.get(timeout=60) == (str(tenant.pk),)
    with pytest.raises(Empty):
        rings.get(timeout=1.5)


def test_a_tenant_without_endpoints_rings_nobody_and_its_writers_ask_nothing(rings, tenant):
    other = make_tenant()
    make_endpoint(tenant)
    with CaptureQueriesContext(connection) as asked:
        call = make_call(other)
        ledger.amend(call, CallChanges(notes="x"))
        ledger.remove(call)
    assert not [query["sql"] for query in asked if "webhook" in query["sql"]]
    make_call(tenant)
    assert rings.get(timeout=60) == (str(tenant.pk),)
    assert rings.empty()


def test_the_sweeper_finds_what_no_bell_rang_for(tenant, hook):
    make_endpoint(tenant, hook.url)
    make_call(tenant)
    assert webhooks.waiting() == [str(tenant.pk)]
    sweep_webhooks()
    assert len(hook.got) == 2
    assert webhooks.waiting() == []


def test_nobody_looks_at_tenants_that_nobody_listens_to(tenant):
    endpoint = make_endpoint(tenant)
    make_call(tenant)
    webhooks.disable(endpoint)
    make_call(make_tenant())
    assert webhooks.waiting() == []
    assert tell(tenant) == 0
    assert Delivery.objects.count() == 0


def test_while_a_wake_up_waits_there_is_no_other(rings, tenant):
    WebhookCursor.objects.create(tenant=tenant)
    for _ in range(3):
        bell._ring(str(tenant.pk))
    assert rings.qsize() == 1


def test_after_an_answer_what_is_new_rings_again(rings, tenant):
    WebhookCursor.objects.create(tenant=tenant)
    bell._ring(str(tenant.pk))
    webhooks.answer(tenant.pk)
    bell._ring(str(tenant.pk))
    assert rings.qsize() == 2


def test_a_wake_up_that_was_lost_is_waited_for_a_minute(rings, tenant):
    lost_at = timezone.now() - timedelta(seconds=61)
    WebhookCursor.objects.create(tenant=tenant, wake_up_at=lost_at)
    bell._ring(str(tenant.pk))
    assert rings.qsize() == 1
