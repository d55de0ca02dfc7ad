"""Writers in any order, readers by token: each reader ends with exactly what the tables hold, in one order."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, transaction

from calls import ledger
from calls.choices import Source
from calls.drafts import CallChanges, CallDraft
from calls.feed.reading import NOT_TOLD
from calls.models import CallEvent
from contacts import book
from contacts.models import ContactEvent
from tests.calls.api.client import ApiClient
from tests.make import STARTED_AT, make_call, make_contact, make_tenant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

WRITERS, READERS, ROUNDS = 8, 3, 4
PATIENCE_S = 100


def write(tenant, number):
    """Calls and contacts made, changed and removed, alone and several in one transaction."""
    rng = random.Random(number)
    for turn in range(ROUNDS):
        call, contact = make_call(tenant), make_contact(tenant, f"+4670123{number:02}{turn:02}")
        ledger.amend(call, CallChanges(notes=f"{number} {turn}"))
        with transaction.atomic():
            drafts = [CallDraft(source=Source.API, started_at=STARTED_AT, external_id=f"{number}-{turn}-{n}") for n in range(3)]
            ledger.record_many(tenant, drafts)
            book.save_contact(contact)
            ledger.amend(make_call(tenant), CallChanges(is_flagged=True))
        if rng.random() < 0.5:
            ledger.remove(call)
            book.remove_contact(contact)


def write_slowly(tenant, others_wrote):
    """On PostgreSQL: takes its ids among the first and commits among the last."""
    with transaction.atomic():
        make_contact(tenant)
        make_call(tenant)
        assert others_wrote.wait(PATIENCE_S)
        make_contact(tenant)


def follow(api, number, is_over):
    """What a reader is told until the writers are done and nothing more waits, and how often it was told something."""
    found, since, limit, pages = [], "", 3 + 4 * number, 0
    while True:
        was_over = is_over.is_set()
        page = api.get(f"changes?limit={limit}{since}").json()
        found += [(change["kind"], change["id"], change["token"]) for change in page["results"]]
        pages += bool(page["results"])
        since = f"&since={page['next']}"
        if was_over and not page["has_more"]:
            return found, pages


def closing(work, *args):
    try:
        return work(*args)
    finally:
        connection.close()


@pytest.fixture(autouse=True)
def _be_patient(monkeypatch):
    """SQLite's writers take turns in no order, and on a busy machine one of eight may wait long."""
    if connection.vendor == "sqlite":
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", PATIENCE_S)


@pytest.mark.slow
def test_each_reader_ends_with_exactly_what_the_tables_hold(settings):
    settings.CALLHUB_API_REQUESTS_PER_MINUTE = 10**6
    tenant, is_over, others_wrote = make_tenant(), Event(), Event()
    clients = [ApiClient(tenant) for _ in range(READERS)]
    with ThreadPoolExecutor(WRITERS + READERS) as pool:
        readers = [pool.submit(closing, follow, api, number, is_over) for number, api in enumerate(clients)]
        writers = [pool.submit(closing, write, tenant, number) for number in range(WRITERS - 1)]
        if connection.vendor == "postgresql":  # elsewhere an open transaction holds the other writers up
            writers.append(pool.submit(closing, write_slowly, tenant, others_wrote))
        else:
            writers.append(pool.submit(closing, write, tenant, WRITERS))
        try:
            for writer in writers[:4]:
                writer.result(PATIENCE_S)
            others_wrote.set()
            for writer in writers:
                writer.result(PATIENCE_S)
        finally:
            others_wrote.set()
            is_over.set()
        told = [reader.result(PATIENCE_S)[0] for reader in readers]
    calls = CallEvent.objects.for_tenant(tenant).exclude(kind__in=NOT_TOLD).count()
    assert len(told[0]) == calls + ContactEvent.objects.for_tenant(tenant).count() > 7 * ROUNDS * 8
    assert len({token for _, _, token in told[0]}) == len(told[0])
    assert told[0] == told[1] == told[2]
    assert [(kind, key) for kind, key, _ in told[0]] == [(kind, key) for kind, key, _ in follow(clients[0], 9, is_over)[0]]


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_a_transaction_that_is_long_open_holds_the_feed_back_and_breaks_it_not():
    tenant, wrote, go_on = make_tenant(), Event(), Event()
    api = ApiClient(tenant)

    def slow():
        with transaction.atomic():
            make_contact(tenant)
            wrote.set()
            assert go_on.wait(PATIENCE_S)
            make_call(tenant)

    since = api.get("changes?since=now").json()["next"]
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(closing, slow)
        assert wrote.wait(PATIENCE_S)
        make_call(tenant)
        page = api.get(f"changes?since={since}").json()
        go_on.set()
        late.result(PATIENCE_S)
    assert page["results"] == []
    kinds = [change["kind"] for change in api.get(f"changes?since={page['next']}").json()["results"]]
    assert kinds == ["contact.created", "call.recorded", "call.recorded"]
