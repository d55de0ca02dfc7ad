"""From events to deliveries: each settled event once for each endpoint that wants it, whatever breaks off."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection, transaction

from calls import ledger, webhooks
from calls.choices import Direction, Disposition, EndpointKind, EventKind, PayloadFormat, Source, State
from calls.drafts import CallChanges, CallDraft, CallProgress, PartyDraft
from calls.models import Call, CallEvent, Delivery, Tag, WebhookCursor
from calls.webhooks import fanout
from calls.webhooks.vocabulary import messages_of
from contacts.matching import AgentHint
from tests.calls.uploads.server import killed_at
from tests.make import STARTED_AT, make_agent, make_call, make_company, make_contact, make_endpoint, make_line, make_tenant
from tests.twins import elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


def told(tenant, endpoint=None):
    """The messages that were made, in the order they are sent."""
    webhooks.fan_out(tenant.pk)
    rows = Delivery.objects.filter(endpoint=endpoint) if endpoint else Delivery.objects.filter(tenant=tenant)
    return list(rows.order_by("id").values_list("event_type", flat=True))


def draft(**facts):
    return CallDraft(source=Source.API, started_at=STARTED_AT, **facts)


def progress(call, state, what, **facts):
    ledger.progress(call.pk, CallProgress(state=state, what=what, happened_at=STARTED_AT + timedelta(seconds=5), **facts))


def test_a_live_call_is_told_step_by_step(tenant):
    make_endpoint(tenant)
    call = ledger.open_call(tenant, draft(remote=PartyDraft(number="+46701234567")))
    progress(call, State.RINGING, "ringing")
    progress(call, State.IN_PROGRESS, "answered", answered_at=STARTED_AT + timedelta(seconds=5))
    progress(call, State.IN_PROGRESS, "held")
    progress(call, State.ENDED, "over", disposition=Disposition.ANSWERED)
    assert told(tenant) == ["call.created", "call.ringing", "call.answered", "call.updated", "call.ended"]
    assert list(Delivery.objects.order_by("id").values_list("sequence", flat=True)) == [1, 2, 3, 4, 5]


def test_a_call_that_gets_its_end_by_an_edit_is_told_to_have_ended(tenant):
    make_endpoint(tenant)
    call = make_call(tenant, seconds=None)
    assert told(tenant) == ["call.created"]
    ledger.amend(call, CallChanges(ended_at=STARTED_AT + timedelta(seconds=9)))
    assert told(tenant) == ["call.created", "call.updated", "call.ended"]
    ledger.amend(call, CallChanges(notes="x"))
    assert told(tenant)[3:] == ["call.updated"]


def test_every_kind_of_event_has_its_message_or_is_not_told_on_purpose():
    untold = {EventKind.RECORDING_PLAYED, EventKind.RECORDING_DOWNLOADED}
    for kind in EventKind:
        messages = messages_of([CallEvent(pk=1, kind=kind, data={})], has_ended=False)
        assert bool(messages[1]) is (kind not in untold), kind


def test_an_endpoint_gets_what_its_filter_lets_through(tenant):
    agent, company = make_agent(tenant, name="Ann", external_id="ann"), make_company(tenant)
    make_contact(tenant, "+46701234567", company=company)
    tag = Tag.objects.create(tenant=tenant, name="sales")
    yes = {
        "directions": ["inbound"], "dispositions": ["answered"], "agent_ids": [str(agent.pk)], "company_ids": [str(company.pk)],
        "tag_ids": [str(tag.pk)], "least_duration_ms": 60_000,
    }  # fmt: skip
    no = {
        "directions": ["outbound"], "dispositions": ["busy"], "agent_ids": [str(make_agent(tenant).pk)],
        "company_ids": [str(make_company(tenant).pk)], "tag_ids": [str(Tag.objects.create(tenant=tenant, name="x").pk)],
        "least_duration_ms": 60_001, "line_ids": [str(make_line(tenant, "210").pk)],
    }  # fmt: skip
    wanting = [make_endpoint(tenant, **{name: value}) for name, value in yes.items()] + [make_endpoint(tenant, **yes)]
    others = [make_endpoint(tenant, **{**yes, name: value}) for name, value in no.items()]
    make_call(tenant, disposition=Disposition.ANSWERED, agent=AgentHint(id=str(agent.pk)), tags=("sales",))
    make_endpoint(make_tenant())
    assert [told(tenant, endpoint) for endpoint in wanting] == [["call.created", "call.ended"]] * len(wanting)
    assert [told(tenant, endpoint) for endpoint in others] == [[]] * len(others)


def test_an_endpoint_gets_the_types_it_wants(tenant):
    endpoint = make_endpoint(tenant, event_types=["call.ended", "call.deleted"])
    ledger.remove(make_call(tenant))
    call = make_call(tenant)
    assert told(tenant, endpoint) == ["call.deleted", "call.ended"]
    assert call.pk


def test_only_who_was_told_of_a_call_is_told_that_it_is_gone(tenant):
    inbound, outbound = (make_endpoint(tenant, directions=[way]) for way in ("inbound", "outbound"))
    call = make_call(tenant)
    assert told(tenant, inbound) == ["call.created", "call.ended"]
    ledger.remove(call)
    assert told(tenant, inbound)[2:] == ["call.deleted"]
    assert told(tenant, outbound) == []


def test_what_had_not_arrived_of_an_erased_call_never_will(tenant):
    endpoint = make_endpoint(tenant)
    call = make_call(tenant, "+46701234567", notes="canary")
    told(tenant)
    ledger.remove(call)
    told(tenant)
    rows = Delivery.objects.filter(endpoint=endpoint).order_by("id").values_list("event_type", "state", "is_erased")
    assert list(rows) == [
        ("call.created", "cancelled", True), ("call.ended", "cancelled", True), ("call.deleted", "pending", False),
    ]  # fmt: skip
    assert not [body for body in Delivery.objects.values_list("body", flat=True) if b"canary" in bytes(body)]
    assert webhooks.replay_all(Delivery.objects.lost()) == 0


def test_a_number_is_told_of_its_calls_by_their_way(tenant):
    line = make_line(tenant, "+13215551081")
    make_line(tenant, "+13215551111")
    facts = {"format": PayloadFormat.FONESTORM_JSON, "line": line}
    send = make_endpoint(tenant, kind=EndpointKind.SEND_CALLBACK, **facts)
    receive = make_endpoint(tenant, kind=EndpointKind.RECEIVE_CALLBACK, **facts)
    ours, other, outside = (PartyDraft(number=each) for each in ("+13215551081", "+13215551111", "+13215551801"))
    for caller, callee, way in ((ours, outside, "outbound"), (outside, other, "inbound"), (outside, ours, "inbound")):
        ledger.record(
            tenant, draft(caller=caller, callee=callee, direction=Direction(way), ended_at=STARTED_AT + timedelta(seconds=61))
        )
    assert told(tenant, send) == told(tenant, receive) == ["call.created", "call.ended"]
    calls = {
        Call.objects.get(pk=key).direction for key in Delivery.objects.filter(endpoint=send).values_list("call_id", flat=True)
    }
    assert calls == {"outbound"}


def test_nothing_is_lost_or_doubled_by_a_worker_that_dies_over_it(tenant):
    make_endpoint(tenant)
    make_call(tenant)
    killed_at("webhook.fanned_out", lambda: webhooks.fan_out(tenant.pk))
    assert Delivery.objects.count() == 0
    assert told(tenant) == ["call.created", "call.ended"]
    assert told(tenant) == ["call.created", "call.ended"]


def test_batches_follow_each_other_without_a_gap(tenant, monkeypatch):
    monkeypatch.setattr(fanout, "AT_ONCE", 3)
    make_endpoint(tenant)
    for _ in range(7):
        make_call(tenant)
    assert webhooks.fan_out(tenant.pk) == 14
    assert CallEvent.objects.count() == 7
    assert Delivery.objects.values("event").distinct().count() == 7


def test_two_who_fan_out_at_once_make_each_message_once(tenant):
    make_endpoint(tenant)
    for _ in range(30):
        make_call(tenant)

    def work():
        try:
            return webhooks.fan_out(tenant.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: work(), range(4))) == 60
    assert Delivery.objects.count() == 60


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_what_commits_late_is_told_and_in_its_order(tenant):
    make_endpoint(tenant)
    written, go_on = Event(), Event()

    def slow():
        try:
            with transaction.atomic():
                ledger.record(tenant, draft(external_id="slow"))
                written.set()
                assert go_on.wait(60)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(slow)
        assert written.wait(60)
        ledger.record(tenant, draft(external_id="quick"))
        assert told(tenant) == []
        go_on.set()
        late.result(60)
    assert told(tenant) == ["call.created"] * 2
    names = dict(Call.objects.values_list("pk", "external_id"))
    assert [names[key] for key in Delivery.objects.order_by("id").values_list("call_id", flat=True)] == ["slow", "quick"]


def test_nothing_is_lost_while_writers_commit_out_of_order(tenant):
    """Six write and edit, in transactions that overlap, while two fan out: in the end each event has its messages, once."""
    make_endpoint(tenant)
    done = Event()

    def write(number):
        try:
            for place in range(10):
                with transaction.atomic():
                    call = ledger.record(tenant, draft(external_id=f"{number}-{place}")).call
                    if place % 2:
                        ledger.amend(call, CallChanges(notes="x"))
        finally:
            connection.close()

    def follow():
        try:
            while not done.is_set():
                webhooks.fan_out(tenant.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        followers = [pool.submit(follow) for _ in range(2)]
        for writer in [pool.submit(write, number) for number in range(6)]:
            writer.result(100)
        done.set()
        for follower in followers:
            follower.result(100)
    assert sorted(told(tenant)) == ["call.created"] * 60 + ["call.updated"] * 30
    assert Delivery.objects.values("event").distinct().count() == CallEvent.objects.count() == 90


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_an_endpoint_made_while_somebody_waits_for_their_turn_is_told(tenant, monkeypatch):
    make_endpoint(tenant)
    locked, late = WebhookCursor.locked, []

    def waited(tenant_id):
        late.append(elsewhere(lambda: make_endpoint(tenant)))
        elsewhere(lambda: make_call(tenant))
        return locked(tenant_id)

    monkeypatch.setattr(WebhookCursor, "locked", waited)
    webhooks.fan_out(tenant.pk)
    events = Delivery.objects.filter(endpoint=late[0]).order_by("sequence").values_list("event_type", flat=True)
    assert list(events) == ["call.created", "call.ended"]


@pytest.mark.parametrize(("count", "most"), [(2, 13), (50, 16)])
def test_fanning_out_costs_few_queries_however_many_events(tenant, django_assert_max_num_queries, count, most):
    """SQLite takes the rows of one statement in parts."""
    make_endpoint(tenant)
    make_endpoint(tenant, directions=["outbound"])
    for number in range(count):
        make_call(tenant, f"+467012345{number:02}", tags=("a",))
    webhooks.waiting()
    with django_assert_max_num_queries(most):
        assert webhooks.fan_out(tenant.pk) == 2 * count
