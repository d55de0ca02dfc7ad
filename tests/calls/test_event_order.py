"""Events are followed in the order they became visible, whichever way they were written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, transaction

from calls import events, ledger
from calls.choices import EventKind, Source
from calls.drafts import CallDraft
from calls.models import Call, CallEvent
from tenants.commit_order import Position
from tests.make import STARTED_AT, make_call, make_tenant
from tests.plans import prefer_indexes

pytestmark = pytest.mark.django_db(transaction=True)


def draft(name):
    return CallDraft(source=Source.API, started_at=STARTED_AT, ended_at=STARTED_AT, external_id=name)


def settled(tenant, after=None):
    return list(CallEvent.objects.for_tenant(tenant).settled_after(after or Position()))


def test_each_way_of_writing_leaves_the_order_to_the_database():
    tenant = make_tenant()
    one = ledger.record(tenant, draft("one")).call
    many = [result.call for result in ledger.record_many(tenant, [draft("two"), draft("three")])]
    with transaction.atomic():
        events.event_of(one, EventKind.PROGRESSED).save(force_insert=True)
        CallEvent.objects.bulk_create([events.event_of(call, EventKind.MATCHED) for call in many])
    rows = settled(tenant)
    assert [row.call_id for row in rows] == [one.pk, *(call.pk for call in many), one.pk, *(call.pk for call in many)]
    assert [row.pk for row in rows] == sorted(row.pk for row in rows)
    if connection.vendor == "postgresql":
        assert [len({row.transaction for row in part}) for part in (rows, rows[1:3], rows[3:])] == [3, 1, 1]


def test_a_reader_goes_on_where_it_stood():
    tenant = make_tenant()
    first = ledger.record(tenant, draft("one")).call
    [read] = settled(tenant)
    second = ledger.record(tenant, draft("two")).call
    assert [row.call_id for row in settled(tenant, read.position)] == [second.pk]
    assert [row.call_id for row in settled(tenant)] == [first.pk, second.pk]


def test_the_removal_of_a_call_outlives_it():
    tenant = make_tenant()
    call = make_call(tenant)
    key = call.pk
    ledger.remove(call)
    assert not Call.objects.exists()
    assert [(row.call_id, row.kind) for row in settled(tenant)][-1] == (key, EventKind.REMOVED)


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_what_commits_late_is_neither_missed_nor_overtaken():
    """A transaction takes its ids, another commits after it began: nobody reads past the first while it is open."""
    tenant = make_tenant()
    written, go_on = Event(), Event()

    def slow():
        try:
            with transaction.atomic():
                ledger.record(tenant, draft("slow"))
                written.set()
                assert go_on.wait(60)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(slow)
        assert written.wait(60)
        ledger.record(tenant, draft("quick"))
        during = settled(tenant)
        go_on.set()
        late.result(60)
    names = dict(Call.objects.values_list("pk", "external_id"))
    assert during == []
    assert [names[row.call_id] for row in settled(tenant)] == ["slow", "quick"]


def test_the_feed_of_a_tenant_comes_in_order_from_its_index():
    tenant = make_tenant()
    with transaction.atomic():
        prefer_indexes()
        plan = CallEvent.objects.for_tenant(tenant).settled_after(Position(5, 7)).explain()
    assert "event_feed" in plan
    assert "SORT" not in plan.upper().replace("ENABLE_SORT", "")
