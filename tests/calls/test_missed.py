"""The queue of missed calls: what the log makes of it, in whatever order it comes, and what people decide."""

from __future__ import annotations

import random
import threading
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls import ledger, missed, tasks
from calls.choices import Direction, Disposition, MissedState
from calls.drafts import CallChanges, PartyDraft
from calls.models import CallEvent, MissedCall, MissedCursor, MissedTry
from contacts.matching import AgentHint
from tests.make import STARTED_AT, make_agent, make_call, make_center, make_tenant, make_user

pytestmark = pytest.mark.django_db(transaction=True)

WHO, OTHER = "+46701234567", "+46709999999"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(STARTED_AT + timedelta(hours=8), tick=False):
        yield


@pytest.fixture
def tenant():
    return make_tenant("lund", name="Lund AB")


def at(minute: int) -> datetime:
    return STARTED_AT + timedelta(minutes=minute)


def miss(tenant, minute=0, number=WHO, **facts):
    return make_call(tenant, number, started_at=at(minute), disposition=Disposition.NO_ANSWER, **facts)


def talk(tenant, minute=10, number=WHO, **facts):
    return make_call(tenant, number, started_at=at(minute), disposition=Disposition.ANSWERED, **facts)


def ring_back(tenant, minute=5, number=WHO, **facts):
    return miss(tenant, minute, number, direction=Direction.OUTBOUND, **facts)


def queue(tenant):
    missed.follow(tenant.pk)
    return list(MissedCall.objects.for_tenant(tenant).order_by("first_at"))


def test_calls_missed_from_one_number_wait_as_one_with_how_often_they_rang(tenant):
    agent = make_agent(tenant)
    miss(tenant, 0)
    last = miss(tenant, 3, agent=AgentHint(id=str(agent.pk)))
    ring_back(tenant, 5)
    miss(tenant, 4, OTHER)
    one, other = queue(tenant)
    assert (one.number, one.state, one.tries, one.callbacks) == (WHO, MissedState.OPEN, 2, 1)
    assert (one.first_at, one.last_at, one.last_call_id, one.agent_id) == (at(0), at(3), last.pk, agent.pk)
    assert (other.number, other.tries) == (OTHER, 1)


def test_only_inbound_calls_nobody_took_are_missed(tenant):
    talk(tenant, 0)
    ring_back(tenant, 1)
    make_call(tenant, OTHER, disposition=Disposition.VOICEMAIL)
    make_call(tenant, "anonymous", disposition=Disposition.NO_ANSWER)
    make_call(tenant, "210", disposition=Disposition.NO_ANSWER, direction=Direction.INTERNAL)
    assert queue(tenant) == []


@pytest.mark.parametrize("direction", [Direction.INBOUND, Direction.OUTBOUND])
def test_a_later_answered_call_in_either_direction_returns_it_and_the_next_missed_one_begins_anew(tenant, direction):
    miss(tenant, 0)
    answer = talk(tenant, 10, direction=direction)
    miss(tenant, 20)
    first, second = queue(tenant)
    assert (first.state, first.returned_by_id, first.returned_at) == (MissedState.RETURNED, answer.pk, at(10))
    assert (second.state, second.returned_by_id, second.tries) == (MissedState.OPEN, None, 1)


def test_an_earlier_answered_call_returns_nothing_nor_does_one_with_another_number(tenant):
    talk(tenant, -5)
    miss(tenant, 0)
    talk(tenant, 5, OTHER)
    [row] = queue(tenant)
    assert row.state == MissedState.OPEN


def test_it_does_not_matter_in_which_order_calls_come(tenant):
    for minute, make in ((20, miss), (10, talk), (0, miss), (5, miss)):
        make(tenant, minute)
        told = [(row.first_at, row.tries, row.state) for row in queue(tenant)]
    assert told == [(at(0), 2, MissedState.RETURNED), (at(20), 1, MissedState.OPEN)]


def test_a_call_that_was_answered_after_all_leaves_the_queue(tenant):
    call = miss(tenant, 0)
    assert len(queue(tenant)) == 1
    ledger.amend(call, CallChanges(disposition=Disposition.ANSWERED))
    assert queue(tenant) == []
    assert not MissedTry.objects.exists()


def test_a_return_that_is_taken_back_opens_it_again(tenant):
    miss(tenant, 0)
    answer = talk(tenant, 10)
    assert queue(tenant)[0].state == MissedState.RETURNED
    ledger.amend(answer, CallChanges(disposition=Disposition.NO_ANSWER, direction=Direction.OUTBOUND))
    [row] = queue(tenant)
    assert (row.state, row.returned_by_id, row.callbacks) == (MissedState.OPEN, None, 1)


def test_removed_calls_count_no_more_on_either_side(tenant):
    calls = [miss(tenant, 0), miss(tenant, 1)]
    answer = talk(tenant, 10)
    assert queue(tenant)[0].state == MissedState.RETURNED
    ledger.remove(answer)
    assert queue(tenant)[0].state == MissedState.OPEN
    ledger.remove(calls[1])
    [row] = queue(tenant)
    assert (row.tries, row.last_call_id) == (1, calls[0].pk)
    ledger.remove(calls[0])
    assert queue(tenant) == []


def test_a_call_whose_number_is_corrected_moves_to_the_other_number(tenant):
    call = miss(tenant, 0)
    miss(tenant, 1)
    queue(tenant)
    ledger.amend(call, CallChanges(remote=PartyDraft(number=OTHER)))
    assert {(row.number, row.tries) for row in queue(tenant)} == {(OTHER, 1), (WHO, 1)}


def test_who_returns_it_stays_with_the_number_that_has_calls_left(tenant):
    user = make_user(tenant)
    call = miss(tenant, 0)
    miss(tenant, 1)
    queue(tenant)
    missed.assign(MissedCall.objects.all(), user)
    ledger.amend(call, CallChanges(remote=PartyDraft(number=OTHER)))
    assert {(row.number, row.assigned_to) for row in queue(tenant)} == {(OTHER, None), (WHO, user)}


def test_what_people_decided_stays_while_the_log_changes(tenant):
    user = make_user(tenant)
    miss(tenant, 5)
    [row] = queue(tenant)
    rows = MissedCall.objects.filter(pk=row.pk)
    assert missed.assign(rows, user) == 1
    assert missed.snooze(rows, timezone.now() + timedelta(hours=1)) == 1
    miss(tenant, 0)
    [same] = queue(tenant)
    assert (same.pk, same.assigned_to_id, same.tries) == (row.pk, user.pk, 2)
    assert same.snoozed_until is None, "they called again"


def test_after_it_is_done_with_a_later_call_begins_anew_and_an_earlier_one_does_not(tenant):
    miss(tenant, 5)
    [row] = queue(tenant)
    assert missed.finish(MissedCall.objects.all(), "Wrote a mail", actor=None) == 1
    miss(tenant, 2)
    miss(tenant, 9)
    talk(tenant, 12)
    first, second = queue(tenant)
    assert (first.pk, first.state, first.tries, first.outcome) == (row.pk, MissedState.DONE, 2, "Wrote a mail")
    assert (second.state, second.tries) == (MissedState.RETURNED, 1)


def test_what_is_not_open_cannot_be_acted_on(tenant):
    miss(tenant, 0)
    talk(tenant, 5)
    queue(tenant)
    rows = MissedCall.objects.all()
    acts = [missed.assign(rows, None), missed.snooze(rows, None), missed.finish(rows, "", actor=None)]
    assert acts == [0, 0, 0]


def test_each_center_has_its_own_row_and_an_answer_anywhere_returns_both(tenant):
    here, there = make_center(tenant), make_center(tenant)
    miss(tenant, 0, center_id=str(here.pk))
    miss(tenant, 1, center_id=str(there.pk))
    assert [row.center_id for row in queue(tenant)] == [here.pk, there.pk]
    talk(tenant, 5, center_id=str(here.pk))
    assert {row.state for row in queue(tenant)} == {MissedState.RETURNED}


def test_numbers_that_only_end_alike_are_two_callers(tenant):
    miss(tenant, 0, "+46701234567")
    talk(tenant, 5, "+420701234567")
    [row] = queue(tenant)
    assert row.state == MissedState.OPEN


def test_another_tenants_answer_returns_nothing(tenant):
    other = make_tenant("umea")
    miss(tenant, 0)
    talk(other, 5)
    missed.follow(other.pk)
    assert queue(tenant)[0].state == MissedState.OPEN


def test_the_last_agent_is_who_talked_to_them_before_where_nobody_has_since(tenant):
    agent = make_agent(tenant)
    talk(tenant, 0, agent=AgentHint(id=str(agent.pk)))
    queue(tenant)
    miss(tenant, 10)
    [row] = queue(tenant)
    assert row.agent == agent
    other = make_agent(tenant)
    ring_back(tenant, 12, agent=AgentHint(id=str(other.pk)))
    [row] = queue(tenant)
    assert (row.agent, row.callbacks) == (other, 1)


def test_one_that_was_done_with_may_be_returned_all_the_same(tenant):
    miss(tenant, 0)
    queue(tenant)
    missed.finish(MissedCall.objects.all(), "", actor=None)
    answer = talk(tenant, 5)
    [row] = queue(tenant)
    assert (row.state, row.returned_by_id) == (MissedState.DONE, answer.pk)


def snapshot(tenant):
    """The queue as the log makes it, whatever its rows are called."""
    missed.follow(tenant.pk)
    rows = MissedCall.objects.for_tenant(tenant).prefetch_related("calls")
    return sorted(
        (row.number, str(row.center_id), row.first_at, row.last_at, row.state, str(row.returned_by_id), row.tries)
        + tuple(sorted(str(each.call_id) for each in row.calls.all()))
        for row in rows
    )


@pytest.mark.parametrize("seed", range(4))
def test_followed_step_by_step_the_queue_is_what_the_whole_log_makes_of_it(tenant, seed, monkeypatch):
    monkeypatch.setattr("calls.missed.following.AT_ONCE", 3)
    chance = random.Random(seed)
    centers = [str(make_center(tenant).pk) for _ in range(2)]
    calls = []
    for _ in range(40):
        number, minute = chance.choice((WHO, OTHER)), chance.randrange(200)
        do = chance.choice(("miss", "miss", "talk", "ring_back", "edit", "move", "renumber", "remove", "follow", "follow"))
        if do in ("miss", "talk", "ring_back"):
            make = {"miss": miss, "talk": talk, "ring_back": ring_back}[do]
            calls.append(make(tenant, minute, number, center_id=chance.choice(centers)))
        elif do == "follow":
            missed.follow(tenant.pk, seconds=0)
        elif calls:
            call = chance.choice(calls)
            if do == "remove":
                calls.remove(call)
                ledger.remove(call)
            elif do == "edit":
                ledger.amend(call, CallChanges(disposition=chance.choice((Disposition.ANSWERED, Disposition.BUSY))))
            elif do == "move":
                ledger.amend(call, CallChanges(started_at=at(minute), ended_at=at(minute + 1)))
            else:
                ledger.amend(call, CallChanges(remote=PartyDraft(number=number)))
    followed = snapshot(tenant)
    MissedCall.objects.all().delete()
    MissedCursor.objects.all().delete()
    monkeypatch.undo()
    assert followed == snapshot(tenant)


def test_calls_of_long_ago_stay_out_and_what_waits_at_the_edge_keeps_its_earlier_calls(tenant):
    days = 24 * 60
    miss(tenant, -200 * days, OTHER)
    miss(tenant, -89 * days)
    miss(tenant, -80 * days)
    assert [row.tries for row in queue(tenant)] == [2]
    with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
        miss(tenant, 0)
        [row] = queue(tenant)
        assert (row.tries, row.first_at) == (3, at(-89 * days))


def test_reading_the_feed_again_from_its_beginning_changes_nothing(tenant):
    miss(tenant, 0)
    talk(tenant, 5)
    miss(tenant, 10)
    before = [(row.pk, row.updated_at) for row in queue(tenant)]
    MissedCursor.objects.update(transaction=0, event=0)
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        assert [(row.pk, row.updated_at) for row in queue(tenant)] == before


def test_the_sweeper_finds_tenants_that_are_behind_and_no_others(tenant):
    make_tenant("quiet")
    miss(tenant, 0)
    assert missed.waiting() == [str(tenant.pk)]
    tasks.sweep_missed()
    assert missed.waiting() == []
    assert MissedCall.objects.count() == 1
    talk(tenant, 5)
    assert missed.waiting() == [str(tenant.pk)]


def test_two_who_follow_at_once_make_one_row(tenant):
    for minute in range(30):
        miss(tenant, minute, f"+4670123{minute:04}")
    errors = []

    def run():
        try:
            missed.follow(tenant.pk)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert MissedCall.objects.count() == MissedTry.objects.count() == 30


def test_a_full_batch_costs_what_a_small_one_costs(tenant):
    costs = []
    for count in (2, 50):
        for number in range(count):
            miss(tenant, number, f"+46701{count:02}{number:04}")
        with CaptureQueriesContext(connection) as queries:
            missed.follow(tenant.pk)
        costs.append(len(queries))
    assert costs[1] <= costs[0] + 1, costs


def test_writers_of_calls_ask_nothing_more(tenant):
    miss(tenant, 0)
    queue(tenant)
    with CaptureQueriesContext(connection) as queries:
        talk(tenant, 10)
    assert not [query for query in queries if "missed" in query["sql"]]
    assert CallEvent.objects.count() == 2


def test_the_report_tells_what_waits_and_how_soon_calls_are_returned(tenant):
    miss(tenant, 0)
    talk(tenant, 20)
    miss(tenant, 30, OTHER)
    miss(tenant, 40, "+46708888888")
    queue(tenant)
    missed.finish(MissedCall.objects.filter(number=OTHER), "", actor=None)
    told = missed.figures_of(MissedCall.objects.for_tenant(tenant))
    assert (told.waiting, told.missed, told.returned, told.never_returned, told.share_returned) == (1, 3, 1, 2, 33)
    assert (told.usual_return, told.oldest_at) == (timedelta(minutes=20), at(40))


@pytest.mark.parametrize(
    ("missed_from", "rung_back"), [("+54 9 11 2345-6789", "+54 11 2345-6789"), ("+55 11 8765-4321", "+55 11 98765-4321")]
)
def test_a_call_back_to_the_other_way_of_writing_a_number_returns_it(tenant, missed_from, rung_back):
    miss(tenant, 0, missed_from)
    talk(tenant, 10, rung_back, direction=Direction.OUTBOUND)
    [row] = queue(tenant)
    assert row.state == MissedState.RETURNED


def test_callers_who_hide_their_number_wait_for_nothing_and_return_nothing(tenant):
    for minute, mark in enumerate(["Anonymous", "+266696687", "+7378742833", "sip:x@anonymous.invalid", "Restricted"]):
        miss(tenant, minute, mark)
    talk(tenant, 10, "+266696687")
    assert queue(tenant) == []


def test_a_number_that_is_not_sure_is_shown_as_it_came_and_never_as_its_key(tenant):
    miss(tenant, 0, "0577 770 002 1")
    [row] = queue(tenant)
    assert (row.shown_number, row.e164, str(row)) == ("0577 770 002 1", "", "0577 770 002 1")
    ledger.remove(row.last_call)
    assert MissedCall.objects.get().shown_number == ""
