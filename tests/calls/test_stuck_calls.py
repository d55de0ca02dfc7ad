"""Calls that ring or go on for ever are ended as unknown, once, and their true end corrects that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from calls import ledger
from calls.admin.timeline import events_of, timeline
from calls.choices import Disposition, EventKind, OriginationState, Source, State
from calls.drafts import CallChanges, CallProgress
from calls.models import Call, Origination, RetentionRule
from calls.tasks import end_stuck_calls
from calls.webhooks.vocabulary import messages_of
from tests.make import STARTED_AT, make_call, make_recording, make_tenant

pytestmark = pytest.mark.django_db
ANSWERED_AT = STARTED_AT + timedelta(seconds=10)


@pytest.fixture
def tenant():
    return make_tenant()


def live(tenant, state=State.IN_PROGRESS, *, silent=timedelta(hours=13), **draft):
    """A call that has not ended and of which nothing was heard for so long."""
    call = make_call(tenant, seconds=None, begun=state, **draft)
    Call.objects.filter(pk=call.pk).update(updated_at=timezone.now() - silent)
    return call


def told(state, **facts):
    return CallProgress(state=state, what=str(state), happened_at=facts.get("ended_at", ANSWERED_AT), **facts)


@pytest.mark.parametrize(
    ("state", "silent", "is_stuck"),
    [
        (State.RINGING, timedelta(minutes=59), False),
        (State.RINGING, timedelta(minutes=61), True),
        (State.QUEUED, timedelta(minutes=61), True),
        (State.IN_PROGRESS, timedelta(hours=11), False),
        (State.IN_PROGRESS, timedelta(hours=13), True),
    ],
)
def test_ends_what_nothing_was_heard_of_for_too_long(tenant, state, silent, is_stuck):
    call = live(tenant, state, silent=silent)
    end_stuck_calls()
    call.refresh_from_db()
    assert (call.state == State.ENDED) is is_stuck
    assert call.events.filter(kind=EventKind.GIVEN_UP).count() == is_stuck


def test_the_settings_say_how_long_is_too_long(tenant, settings):
    settings.CALLHUB_STUCK_RINGING_MINUTES = 5
    call = live(tenant, State.RINGING, silent=timedelta(minutes=6))
    assert ledger.stuck_calls() == [call.pk]


def test_a_stuck_call_is_unknown_says_so_and_is_billed_to_nobody(tenant):
    call = live(tenant, answered_at=ANSWERED_AT)
    end_stuck_calls()
    call.refresh_from_db()
    assert (call.state, call.disposition, call.disposition_detail) == (State.ENDED, Disposition.UNKNOWN, "no_sign")
    assert (call.ended_at, call.talk_ms, call.ring_ms, call.duration_ms) == (ANSWERED_AT, 0, 10_000, 10_000)
    entry = timeline(call, events_of(call))[-1]
    assert entry.text == "Ended by callhub: nothing was heard of it any more"
    assert "The last sign of it came" in entry.details


def test_twice_is_once(tenant):
    call = live(tenant)
    assert [ledger.give_up(call.pk), ledger.give_up(call.pk)] == [True, False]
    assert call.events.filter(kind=EventKind.GIVEN_UP).count() == 1


def test_a_sign_in_the_last_moment_counts(tenant):
    call = live(tenant, State.RINGING)
    [found] = ledger.stuck_calls()
    ledger.progress(call.pk, told(State.IN_PROGRESS, answered_at=ANSWERED_AT))
    assert not ledger.give_up(found)


def test_the_true_end_corrects_it(tenant):
    call = live(tenant, answered_at=ANSWERED_AT)
    ledger.give_up(call.pk)
    ended_at = ANSWERED_AT + timedelta(hours=14)
    ledger.progress(call.pk, told(State.ENDED, disposition=Disposition.ANSWERED, ended_at=ended_at))
    call.refresh_from_db()
    assert (call.disposition, call.disposition_detail, call.ended_at) == (Disposition.ANSWERED, "", ended_at)
    assert (call.talk_ms, call.duration_ms) == (14 * 3_600_000, 14 * 3_600_000 + 10_000)
    ledger.progress(call.pk, told(State.ENDED, disposition=Disposition.BUSY))
    call.refresh_from_db()
    assert call.disposition == Disposition.ANSWERED  # a true end is final


def test_an_end_without_an_answer_corrects_it_too(tenant):
    call = live(tenant, State.RINGING)
    ledger.give_up(call.pk)
    ended_at = STARTED_AT + timedelta(seconds=30)
    ledger.progress(call.pk, told(State.ENDED, disposition=Disposition.NO_ANSWER, ended_at=ended_at))
    call.refresh_from_db()
    assert (call.disposition, call.ended_at, call.talk_ms, call.type) == (Disposition.NO_ANSWER, ended_at, 0, "missed")


def test_a_sign_that_is_no_end_changes_nothing(tenant):
    call = live(tenant)
    ledger.give_up(call.pk)
    ledger.progress(call.pk, told(State.IN_PROGRESS))
    call.refresh_from_db()
    assert (call.state, call.disposition_detail) == (State.ENDED, "no_sign")


def test_an_edit_of_the_end_corrects_it(tenant):
    call = live(tenant, answered_at=ANSWERED_AT)
    ledger.give_up(call.pk)
    ledger.amend(call, CallChanges(ended_at=ANSWERED_AT + timedelta(seconds=50)))
    call.refresh_from_db()
    assert (call.disposition, call.disposition_detail, call.talk_ms) == (Disposition.ANSWERED, "", 50_000)


@pytest.mark.parametrize(("state", "is_left"), [(OriginationState.RINGING, True), (OriginationState.ENDED, False)])
def test_calls_we_make_are_left_to_their_own_sweeper(tenant, state, is_left):
    call = live(tenant)
    now = timezone.now()
    ended = {"disposition": Disposition.FAILED, "ended_at": now} if state == OriginationState.ENDED else {}
    Origination.objects.create(
        tenant=tenant, call=call, door=Source.API, backend="simulator", state=state, destination="+46700000000",
        wait_for_pickup_s=1, max_duration_s=1, order={}, due_at=now, reserved_on=now.date(), **ended,
    )  # fmt: skip
    assert (ledger.stuck_calls() == []) is is_left


def test_the_end_of_a_live_call_settles_how_long_its_audio_is_kept(tenant):
    RetentionRule.objects.create(tenant=tenant, kind="voicemail", days=1)
    call = make_call(tenant, seconds=None)
    recording = make_recording(call)
    assert recording.retain_until is None
    ended_at = STARTED_AT + timedelta(seconds=30)
    ledger.progress(call.pk, told(State.ENDED, disposition=Disposition.VOICEMAIL, ended_at=ended_at))
    recording.refresh_from_db()
    assert recording.retain_until == ledger.retain_until(Call.objects.get(pk=call.pk)) is not None


def test_webhooks_are_told_of_the_end_and_of_its_correction(tenant):
    call = live(tenant, answered_at=ANSWERED_AT)
    ledger.give_up(call.pk)
    ended_at = ANSWERED_AT + timedelta(hours=14)
    ledger.progress(call.pk, told(State.ENDED, disposition=Disposition.ANSWERED, ended_at=ended_at))
    history = list(call.events.order_by("pk"))
    messages = messages_of(history, has_ended=True)
    said = [(message.event_type, message.sequence) for event in history for message in messages[event.pk]]
    assert said == [("call.created", 1), ("call.ended", 2), ("call.updated", 3)]  # a call ends once
