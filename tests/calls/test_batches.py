"""Batches: each call changed once whoever works and however often, by the ledger, and undone where nothing happened since."""

from __future__ import annotations

import multiprocessing
import signal
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from calls import batches, ledger
from calls.batches import working
from calls.choices import EventKind, MatchState, RecordingState
from calls.drafts import CallChanges
from calls.models import BatchItem, Call, CallBatch, CallEvent
from calls.models.batch import BatchAct, BatchState, ItemState
from calls.tasks import sweep_batches
from tests.asterisk.lab import end_with_parent
from tests.make import make_call, make_contact, make_recording, make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_bell(monkeypatch):
    """Every message of the broker is lost: tests say themselves who works."""
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)


@pytest.fixture
def tenant():
    return make_tenant()


@pytest.fixture
def user(tenant):
    return make_user(tenant)


def begun(tenant, user, calls, act, **value):
    batch = batches.draft(tenant, [call.pk for call in calls], act=act, user=user)
    batches.begin(batch, value)
    return batch


def done(*args, **value):
    batch = begun(*args, **value)
    assert batches.work(batch.pk, seconds=60)
    batch.refresh_from_db()
    return batch


def undone(batch):
    batches.undo(batch)
    assert batches.work(batch.pk, seconds=60)
    batch.refresh_from_db()
    assert batch.state == BatchState.UNDONE
    return batches.tally(batch)


def fresh(call):
    return Call.objects.get(pk=call.pk)


def names(call):
    return sorted(tag.name for tag in call.tags.all())


ACTS = {
    BatchAct.TAG: ({"tag": "offer"}, lambda call: "offer" in names(call)),
    BatchAct.UNTAG: ({"tag": "old"}, lambda call: names(call) == []),
    BatchAct.FLAG: ({"note": "look"}, lambda call: call.is_flagged and call.flag_notes == "look"),
    BatchAct.UNFLAG: ({}, lambda call: not call.is_flagged),
    BatchAct.OUTCOME: ({"outcome": "sold"}, lambda call: call.outcome == "sold"),
}
LOOKS = ("is_flagged", "flag_notes", "outcome", "contact_id", "company_id", "match_state", "match_rule")


def look(call):
    return [getattr(call, name) for name in LOOKS], names(call)


@pytest.mark.parametrize("act", ACTS)
def test_does_it_by_the_ledger_and_undoes_it(tenant, user, act):
    value, is_so = ACTS[act]
    flagged = {"is_flagged": act != BatchAct.FLAG, "flag_notes": "before", "tags": ("old",), "outcome": "lost"}
    calls = [make_call(tenant, **flagged), make_call(tenant, f"+4670{1:07}", **flagged)]
    before = [look(fresh(call)) for call in calls]
    batch = done(tenant, user, calls, act, **value)
    assert batch.state == BatchState.DONE
    assert batches.tally(batch)["done"] == 2
    assert all(is_so(fresh(call)) for call in calls)
    for call in calls:
        event = call.events.last()
        assert (event.kind, event.actor) == (EventKind.AMENDED, user)
    assert undone(batch)["undone"] == 2
    assert [look(fresh(call)) for call in calls] == before
    assert CallEvent.objects.filter(kind=EventKind.AMENDED).count() == 4


def test_flags_taken_off_together_tell_how_they_were_solved(tenant, user):
    call = make_call(tenant, is_flagged=True, flag_notes="Unhappy about the bill")
    done(tenant, user, [call], BatchAct.UNFLAG, resolution="Credited 200 kr")
    assert call.events.last().data["changed"]["flag_resolution"] == ["", "Credited 200 kr"]


def test_a_contact_is_assigned_and_what_was_found_before_found_again(tenant, user):
    found, other = make_contact(tenant, "+46701234567"), make_contact(tenant)
    matched, nobody, chosen = (
        make_call(tenant, "+46701234567"),
        make_call(tenant, "+46709999999"),
        make_call(tenant, "+46701234567"),
    )
    ledger.amend(chosen, CallChanges(chosen_contact=None), actor=user)
    calls = [matched, nobody, chosen]
    before = [look(fresh(call)) for call in calls]
    batch = done(tenant, user, calls, BatchAct.CONTACT, contact=str(other.pk))
    assert {fresh(call).contact for call in calls} == {other}
    assert {fresh(call).match_state for call in calls} == {MatchState.CHOSEN}
    assert undone(batch)["undone"] == 3
    assert [look(fresh(call)) for call in calls] == before
    assert fresh(matched).contact == found


def test_audio_is_erased_for_good_but_not_where_it_is_held(tenant, user):
    with_audio, held, silent = (make_call(tenant) for _ in range(3))
    gone, kept = make_recording(with_audio), make_recording(held, is_on_hold=True)
    batch = done(tenant, user, [with_audio, held, silent], BatchAct.ERASE_AUDIO)
    tally = batches.tally(batch)
    assert (tally["done"], tally["failed"], tally["unchanged"]) == (1, 1, 1)
    gone.refresh_from_db()
    kept.refresh_from_db()
    assert (gone.state, kept.state) == (RecordingState.DELETED, RecordingState.STORED)
    assert "legal hold" in batch.items.get(call=held.pk).why
    assert not batch.may_be_undone
    with pytest.raises(batches.BatchRefused, match="not_undoable"):
        batches.undo(batch)


def test_what_was_so_already_is_counted_and_not_undone(tenant, user):
    tagged, plain = make_call(tenant, tags=("Offer",)), make_call(tenant, "+46709999999")
    batch = done(tenant, user, [tagged, plain], BatchAct.TAG, tag="offer")
    assert batches.tally(batch)["unchanged"] == 1
    assert fresh(tagged).version == 1
    undone(batch)
    assert (names(fresh(tagged)), names(fresh(plain))) == (["Offer"], [])


def test_undoing_leaves_calls_that_were_changed_since(tenant, user):
    calls = [make_call(tenant, f"+4670{n:07}") for n in range(3)]
    batch = done(tenant, user, calls, BatchAct.OUTCOME, outcome="sold")
    ledger.amend(calls[0], CallChanges(notes="said later"), actor=user)
    ledger.remove(calls[1], actor=user)
    tally = undone(batch)
    assert (tally["undone"], tally["kept"]) == (1, 2)
    assert (fresh(calls[0]).outcome, fresh(calls[2]).outcome) == ("sold", "")


def test_a_call_that_is_gone_or_anothers_is_left_alone(tenant, user):
    theirs, call = make_call(make_tenant()), make_call(tenant)
    batch = batches.draft(tenant, [theirs.pk, uuid4(), call.pk], act=BatchAct.FLAG, user=user)
    batches.begin(batch, {"note": ""})
    batches.work(batch.pk, seconds=60)
    assert (batches.tally(batch)["failed"], batches.tally(batch)["done"]) == (2, 1)
    assert not fresh(theirs).is_flagged


def test_a_batch_is_begun_once_and_undone_once(tenant, user):
    batch = done(tenant, user, [make_call(tenant)], BatchAct.FLAG, note="")
    with pytest.raises(batches.BatchRefused, match="begun"):
        batches.begin(batch, {"note": "again"})
    undone(batch)
    with pytest.raises(batches.BatchRefused, match="not_undoable"):
        batches.undo(batch)


def test_it_can_be_undone_for_a_week(tenant, user):
    batch = done(tenant, user, [make_call(tenant)], BatchAct.FLAG, note="")
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1), tick=False):
        assert not batch.may_be_undone
        with pytest.raises(batches.BatchRefused, match="not_undoable"):
            batches.undo(batch)


@pytest.mark.parametrize(("count", "code"), [(0, "empty"), (4, "too_many")])
def test_a_batch_has_its_bounds(tenant, user, monkeypatch, count, code):
    monkeypatch.setattr("calls.batches.orders.MOST", 3)
    with pytest.raises(batches.BatchRefused, match=code):
        batches.draft(tenant, [uuid4() for _ in range(count)], act=BatchAct.FLAG, user=user)
    assert not CallBatch.objects.exists()


def test_a_turn_ends_in_time_and_the_sweeper_goes_on(tenant, user):
    calls = [make_call(tenant, f"+4670{n:07}") for n in range(3)]
    batch = begun(tenant, user, calls, BatchAct.FLAG, note="")
    assert batches.work(batch.pk, seconds=0) is False
    assert batches.tally(batch)["done"] == 1
    assert batches.waiting() == [str(batch.pk)]
    sweep_batches()
    for key in batches.waiting():  # where tasks are not run at once
        batches.work(key, seconds=60)
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE
    assert [fresh(call).version for call in calls] == [2, 2, 2]


def test_two_workers_change_each_call_once(tenant, user, monkeypatch):
    calls = [make_call(tenant, f"+4670{n:07}") for n in range(4)]
    batch = begun(tenant, user, calls, BatchAct.OUTCOME, outcome="sold")
    one, turns = working._one, []

    def twin_in_between(row, item):
        if not turns:
            turns.append(True)
            CallBatch.objects.filter(pk=batch.pk).update(claimed_until=None)  # as if the first one's time were over
            batches.work(batch.pk, seconds=60)
        one(row, item)

    monkeypatch.setattr(working, "_one", twin_in_between)
    batches.work(batch.pk, seconds=60)
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE
    assert [fresh(call).version for call in calls] == [2] * 4
    assert batches.tally(batch)["done"] == 4


def test_nobody_works_on_what_another_works_on(tenant, user):
    batch = begun(tenant, user, [make_call(tenant)], BatchAct.FLAG, note="")
    CallBatch.objects.filter(pk=batch.pk).update(claimed_until=timezone.now() + timedelta(minutes=1))
    assert batches.waiting() == []
    assert batches.work(batch.pk, seconds=60) is True
    assert batches.tally(batch)["waiting"] == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        assert batches.waiting() == [str(batch.pk)]


def test_old_batches_and_forgotten_drafts_go(tenant, user):
    call = make_call(tenant)
    over = done(tenant, user, [call], BatchAct.FLAG, note="")
    batches.draft(tenant, [call.pk], act=BatchAct.FLAG, user=user)
    unfinished = begun(tenant, user, [call], BatchAct.UNFLAG)
    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        batches.forget_old()
        assert set(CallBatch.objects.all()) == {over, unfinished}
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        batches.forget_old()
        assert set(CallBatch.objects.all()) == {unfinished}
    assert set(BatchItem.objects.values_list("batch", flat=True)) == {unfinished.pk}


def _worker(batch_id):
    end_with_parent()
    with override_settings(CALLHUB_FAILPOINT="batch.item:kill"):
        batches.work(batch_id, seconds=60)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_loses_and_repeats_nothing(tenant, user):
    calls = [make_call(tenant, f"+4670{n:07}") for n in range(3)]
    batch = begun(tenant, user, calls, BatchAct.OUTCOME, outcome="sold")
    connection.close()
    worker = multiprocessing.get_context("fork").Process(target=_worker, args=(str(batch.pk),))
    worker.start()
    worker.join(60)
    assert worker.exitcode == -signal.SIGKILL
    assert batches.tally(batch)["done"] == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
        for key in batches.waiting():
            batches.work(key, seconds=60)
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE
    assert batch.items.filter(state=ItemState.DONE).count() == 3
    assert [fresh(call).version for call in calls] == [2, 2, 2]
    assert CallEvent.objects.filter(kind=EventKind.AMENDED).count() == 3
