"""Legs of an answered call are no missed calls: the queue, figures and filters agree, whatever the order of logging."""

from __future__ import annotations

import importlib
import itertools
import random
from datetime import timedelta

import pytest
import time_machine
from django.apps import apps
from django.utils import timezone

from calls import ledger, missed, reports
from calls.choices import CallType, Direction, Disposition, EventKind, MissedState
from calls.drafts import CallChanges, CallDraft, PartyDraft
from calls.models import Call, CallEvent, MissedCall, MissedTry
from tests.calls.api.client import ApiClient
from tests.make import STARTED_AT, make_call, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db(transaction=True)

WHO, OTHER = "+46701234567", "+46709999999"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(STARTED_AT + timedelta(hours=8), tick=False):
        yield


@pytest.fixture
def tenant():
    return make_tenant("lund", name="Lund AB")


def ring(tenant, second=0, seconds=20, number=WHO, **facts):
    """An unanswered call of ``seconds``, ``second`` seconds after the usual start."""
    facts = {"disposition": Disposition.NO_ANSWER, "started_at": STARTED_AT + timedelta(seconds=second), **facts}
    return make_call(tenant, number, seconds=seconds, **facts)


def talk(tenant, second=0, seconds=60, number=WHO, **facts):
    return ring(tenant, second, seconds, number, **{"disposition": Disposition.ANSWERED, **facts})


def missed_ids():
    return set(Call.objects.missed().values_list("pk", flat=True))


def queue_of(tenant):
    missed.follow(tenant.pk)
    return list(MissedCall.objects.for_tenant(tenant).order_by("first_at"))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_ring_group_that_one_answers_is_not_missed_in_whichever_order_it_is_logged(tenant, order):
    makers = [talk, ring, ring]
    for place in order:
        makers[place](tenant)
        missed.follow(tenant.pk)
    assert (missed_ids(), queue_of(tenant)) == (set(), [])
    assert {call.type for call in Call.objects.all()} == {CallType.INCOMING}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_legs_logged_together_are_those_of_calls_logged_one_by_one(tenant, order):
    drafts = [
        ledger_draft(Disposition.ANSWERED, seconds=60),
        ledger_draft(Disposition.NO_ANSWER, seconds=20),
        ledger_draft(Disposition.BUSY, second=5, seconds=1),
    ]
    ledger.record_many(tenant, [drafts[place] for place in order])
    assert (missed_ids(), queue_of(tenant)) == (set(), [])
    assert not CallEvent.objects.exclude(kind=EventKind.RECORDED).exists()


def ledger_draft(disposition, *, second=0, seconds=20):
    started_at = STARTED_AT + timedelta(seconds=second)
    return CallDraft(
        source="api",
        direction=Direction.INBOUND,
        started_at=started_at,
        ended_at=started_at + timedelta(seconds=seconds),
        disposition=disposition,
        remote=PartyDraft(number=WHO),
    )


@pytest.mark.parametrize(
    ("second", "is_leg"),
    [(-20, False), (-1, False), (-0.6, True), (0, True), (30, True), (59.5, True), (60, False), (61, False)],
)
def test_a_leg_begins_to_ring_while_the_answered_call_rings_or_is_talked(tenant, second, is_leg):
    talk(tenant, 0, seconds=60)
    call = ring(tenant, second, seconds=15)
    assert (call.pk not in missed_ids()) == is_leg


def test_what_was_answered_for_no_time_at_all_has_the_legs_of_its_second(tenant):
    ring(tenant, 0)
    talk(tenant, 0, seconds=0)
    assert missed_ids() == set()


def test_calls_we_make_have_legs_as_those_we_get(tenant):
    ring(tenant, 5, seconds=1, disposition=Disposition.BUSY)
    talk(tenant, 0, direction=Direction.OUTBOUND)
    assert (missed_ids(), queue_of(tenant)) == (set(), [])


@pytest.mark.parametrize(
    "other",
    [
        {"number": OTHER},
        {"number": "+33701234567"},
        {"number": "anonymous"},
        {"direction": Direction.INTERNAL},
        {"disposition": Disposition.NO_ANSWER},
    ],
)
def test_only_an_answered_call_with_the_same_number_has_it_as_a_leg(tenant, other):
    call = ring(tenant, 5, seconds=10)
    talk(tenant, 0, **other)
    assert call.pk in missed_ids()


def test_another_tenants_answer_has_no_legs_here(tenant):
    talk(make_tenant("other"))
    call = ring(tenant)
    assert missed_ids() == {call.pk}


def test_withheld_numbers_are_not_one_number(tenant):
    talk(tenant, number="anonymous")
    call = ring(tenant, number="anonymous")
    assert missed_ids() == {call.pk}


def test_a_live_call_takes_its_legs_when_it_is_answered(tenant):
    live = make_call(tenant, WHO, seconds=None)
    call = ring(tenant, 5, seconds=10)
    assert missed_ids() == {call.pk}
    ledger.amend(live, CallChanges(ended_at=STARTED_AT + timedelta(minutes=2)))
    assert (missed_ids(), queue_of(tenant)) == (set(), [])


@pytest.mark.parametrize(
    "change",
    [
        CallChanges(disposition=Disposition.VOICEMAIL),
        CallChanges(started_at=STARTED_AT + timedelta(seconds=40)),
        CallChanges(ended_at=STARTED_AT + timedelta(seconds=3)),
        CallChanges(direction=Direction.INTERNAL),
        CallChanges(remote=PartyDraft(number=OTHER)),
    ],
)
def test_what_is_no_leg_any_more_is_missed_and_reported(tenant, change):
    answer = talk(tenant)
    call = ring(tenant, 5)
    assert queue_of(tenant) == []
    ledger.amend(answer, change)
    [row] = queue_of(tenant)
    event = CallEvent.objects.filter(call_id=call.pk, kind=EventKind.AMENDED).get()
    assert (missed_ids(), [each.call_id for each in row.calls.all()]) == ({call.pk}, [call.pk])
    assert event.data == {"changed": {"type": ["incoming", "missed"]}}
    assert Call.objects.get(pk=call.pk).version == 2


def test_a_removed_answer_leaves_its_legs_missed_and_an_amended_one_takes_them(tenant):
    answer, call = talk(tenant), ring(tenant, 5)
    ledger.remove(answer)
    assert ([row.state for row in queue_of(tenant)], missed_ids()) == ([MissedState.OPEN], {call.pk})
    other = ring(tenant, 0, seconds=30)
    ledger.amend(other, CallChanges(disposition=Disposition.ANSWERED))
    assert (queue_of(tenant), missed_ids()) == ([], set())
    assert not MissedTry.objects.exists()


def test_a_leg_that_is_itself_corrected_is_judged_again(tenant):
    talk(tenant)
    call = ring(tenant, 5)
    ledger.amend(call, CallChanges(remote=PartyDraft(number=OTHER)))
    assert ([row.number for row in queue_of(tenant)], missed_ids()) == ([OTHER], {call.pk})
    ledger.amend(call, CallChanges(remote=PartyDraft(number=WHO)))
    assert (queue_of(tenant), missed_ids()) == ([], set())


def test_who_follows_the_log_settles_what_two_writers_did_not_see_of_each_other(tenant):
    talk(tenant)
    call = ring(tenant, 5)
    Call.objects.filter(pk=call.pk).update(is_answered_elsewhere=False)  # as if both had been written at once
    assert queue_of(tenant) == []
    assert missed_ids() == set()


def test_a_call_that_was_not_answered_has_ended_even_without_a_stated_end(tenant):
    call = make_call(tenant, WHO, seconds=None, disposition=Disposition.NO_ANSWER, ring_ms=9000)
    [row] = queue_of(tenant)
    assert (row.last_call_id, call.state, call.duration_ms, call.talk_ms) == (call.pk, "ended", 9000, 0)


def in_queue_of(tenant, *, waiting=False):
    rows = [row for row in queue_of(tenant) if not (waiting and row.returned_by_id)]
    return {str(each.call_id) for row in rows for each in row.calls.all()}


def check_figures(tenant, missed, waiting):
    """Reports, the API's statistics and the dashboard count these."""
    total = reports.profile_of(Call.objects.for_tenant(tenant), reports.named("today", tenant.zone, timezone.now())).total
    told = ApiClient(tenant).get("statistics?period=today").json()["total"]
    tiles = signed_in(staff(tenant, "owner")).get("/admin/", {"period": "today"}).context["tiles"]
    on_dashboard = [tile.count for tile in tiles if "missed" in tile.address or "not_returned" in tile.address]
    assert (total.missed, total.not_returned) == (told["missed"], told["not_returned"]) == (len(missed), len(waiting))
    assert on_dashboard == [len(missed), len(waiting)]


def check_lists(tenant, missed, waiting):
    """The calls' own words, the API's filter and the list's hold these."""
    listed = ApiClient(tenant).get("calls?type=missed&page_size=100").json()["results"]
    page = signed_in(staff(tenant, "owner")).get("/admin/calls/call/?scope=missed&period=all").context["cl"]
    assert {row["id"] for row in listed} == {str(call.pk) for call in page.result_list} == missed
    assert {str(call.pk) for call in Call.objects.all() if call.type == CallType.MISSED} == missed
    assert {str(pk) for pk in Call.objects.not_returned().values_list("pk", flat=True)} == waiting


@pytest.mark.parametrize("seed", range(12))
def test_queue_figures_and_filters_agree_to_the_call(tenant, seed):
    chance = random.Random(seed)
    calls = []
    for _ in range(30):
        number = chance.choice((WHO, WHO, OTHER, "0709999999"))
        second, seconds = chance.randrange(0, 300, 10), chance.choice((None, 0, 5, 20, 60))
        do = chance.choice(("ring", "ring", "ring", "talk", "out", "edit", "move", "renumber", "remove", "follow"))
        if do in ("ring", "talk", "out"):
            facts = {"direction": Direction.OUTBOUND} if do == "out" else {}
            calls.append({"ring": ring, "talk": talk, "out": talk}[do](tenant, second, seconds, number, **facts))
        elif do == "follow":
            missed.follow(tenant.pk)
        elif calls:
            change(do, chance.choice(calls), calls, chance, number, second)
    missed_calls, waiting = in_queue_of(tenant), in_queue_of(tenant, waiting=True)
    check_figures(tenant, missed_calls, waiting)
    check_lists(tenant, missed_calls, waiting)


def change(do, call, calls, chance, number, second):
    if do == "remove":
        calls.remove(call)
        ledger.remove(call)
    elif do == "edit":
        ledger.amend(call, CallChanges(disposition=chance.choice((Disposition.ANSWERED, Disposition.BUSY))))
    elif do == "renumber":
        ledger.amend(call, CallChanges(remote=PartyDraft(number=number)))
    else:
        moved = STARTED_AT + timedelta(seconds=second)
        ledger.amend(call, CallChanges(started_at=moved, ended_at=moved + timedelta(seconds=30)))


def test_one_call_is_logged_with_one_question_more(tenant, django_assert_max_num_queries):
    ring(tenant)
    with django_assert_max_num_queries(8):
        talk(tenant, 600)


def test_legs_that_were_in_the_log_before_are_found_by_the_upgrade(tenant):
    talk(tenant)
    call, late = ring(tenant, 5), ring(tenant, 100)
    queue_of(tenant)
    Call.objects.update(is_answered_elsewhere=False)
    migration = importlib.import_module("calls.migrations.0036_legs_of_answered_calls")
    migration.settle(apps, None)
    assert set(Call.objects.filter(is_answered_elsewhere=True)) == {call}
    assert [row.last_call_id for row in queue_of(tenant)] == [late.pk]
