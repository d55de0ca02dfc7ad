"""A recording's row cannot say what is not so, and only moves forward."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from calls.choices import RECORDING_MOVES, AudioRefusal, RecordingKind, RecordingState
from calls.models import Recording
from calls.recordings.errors import AudioRefused
from tests.make import make_call, make_tenant

pytestmark = pytest.mark.django_db
_count = itertools.count()


def make(**fields) -> Recording:
    tenant = fields.pop("tenant", None) or make_tenant()
    stored = {
        "storage_key": f"{tenant.pk.hex}/00/{next(_count):032x}",
        "sha256": "0" * 64,
        "mime": "audio/wav",
        "size_bytes": 1,
        "stored_at": timezone.now(),
    }
    if fields.get("state") == RecordingState.STORED:
        fields = {**stored, **fields}
    return Recording.objects.create(tenant=tenant, **fields)


WRONG = {
    "recording_stored_audio_is_whole": {"state": "stored", "sha256": ""},
    "recording_link_has_an_address": {"kind": "link", "url": ""},
    "recording_refused_says_why": {"state": "refused"},
    "recording_deleted_has_no_object": {"state": "deleted", "storage_key": "a/b"},
    "recording_shares_are_between_0_and_1": {"silence_share": 1.5},
}


@pytest.mark.parametrize("name", WRONG)
def test_the_database_refuses_what_cannot_be(name):
    with pytest.raises(IntegrityError), transaction.atomic():
        make(**WRONG[name])


@pytest.mark.parametrize("name", WRONG)
def test_each_rule_says_what_is_wrong(name):
    constraint = next(one for one in Recording._meta.constraints if one.name == name)
    recording = Recording(tenant=make_tenant(), **WRONG[name])
    with pytest.raises(ValidationError, match=r"\w \w+"):
        constraint.validate(Recording, recording)


def test_stored_audio_needs_a_size():
    with pytest.raises(IntegrityError), transaction.atomic():
        make(state=RecordingState.STORED, size_bytes=None)


def test_an_object_has_one_row():
    first = make(state=RecordingState.STORED)
    with pytest.raises(IntegrityError), transaction.atomic():
        make(state=RecordingState.STORED, storage_key=first.storage_key)
    make()
    make()  # any number without an object


def test_moves_forward_only():
    facts = {
        RecordingState.STORED: {"storage_key": "a/b", "sha256": "0", "mime": "x", "size_bytes": 1, "stored_at": timezone.now()},
        RecordingState.REFUSED: {"refusal": AudioRefusal.NOT_AUDIO},
        RecordingState.DELETED: {"storage_key": ""},
    }
    for begin, to in itertools.product(RecordingState, RecordingState):
        recording = make(state=begin, refusal="not_audio")
        moved = Recording.objects.filter(pk=recording.pk).advance(to, **facts.get(to, {}))
        allowed = to in RECORDING_MOVES[begin]
        assert (moved == 1) is allowed is recording.may_become(to)
        recording.refresh_from_db()
        assert recording.state == (to if allowed else begin)
        Recording.objects.filter(storage_key="a/b").delete()


def test_no_move_ever_leads_back():
    def reachable(state):
        return set().union(*({to} | reachable(to) for to in RECORDING_MOVES[state]))

    assert all(state not in reachable(state) for state in RecordingState)
    assert set(RECORDING_MOVES) == set(RecordingState)


def test_a_legal_hold_keeps_audio_from_retention_and_deletion():
    past = timezone.now() - timedelta(days=1)
    due, held = (make(state=RecordingState.STORED, retain_until=past, is_on_hold=hold) for hold in (False, True))
    later = make(state=RecordingState.STORED, retain_until=timezone.now() + timedelta(days=1))
    assert set(Recording.objects.due_for_removal()) == {due}
    assert later in Recording.objects.playable()
    with pytest.raises(IntegrityError), transaction.atomic():
        Recording.objects.filter(pk=held.pk).advance(RecordingState.DELETED, storage_key="")


def test_lists_what_is_worth_a_look():
    tenant = make_tenant()
    waiting = make(tenant=tenant)
    refused = make(tenant=tenant, state=RecordingState.REFUSED, refusal="truncated")
    brief = make(tenant=tenant, state=RecordingState.STORED, duration_ms=900)
    quiet = make(tenant=tenant, state=RecordingState.STORED, duration_ms=60_000, silence_share=0.99)
    fine = make(tenant=tenant, state=RecordingState.STORED, duration_ms=60_000, silence_share=0.5, analysed_at=timezone.now())
    link = make(tenant=tenant, kind=RecordingKind.LINK, state=RecordingState.EXPECTED, url="https://example.com/a.mp3")
    mine = Recording.objects.for_tenant(tenant)
    assert set(mine.without_audio()) == {waiting}
    assert set(mine.refused()) == {refused}
    assert set(mine.too_short_to_be_speech()) == {brief, quiet}
    assert set(mine.unanalysed()) == {brief, quiet}
    assert set(mine.playable()) == {brief, quiet, fine}
    assert link not in mine.playable()


def test_lists_leave_the_waveform_out(django_assert_num_queries):
    make(peaks=[[1, 2]])
    with django_assert_num_queries(1):
        (recording,) = Recording.objects.for_lists()
    assert "peaks" in recording.get_deferred_fields()


def test_belongs_to_its_call_and_goes_with_it():
    tenant = make_tenant()
    call = make_call(tenant)
    recording = make(tenant=tenant, call=call)
    assert list(call.recordings.all()) == [recording]
    call.delete()
    assert not Recording.objects.filter(pk=recording.pk).exists()


def test_refusals_carry_a_code_of_the_vocabulary():
    refused = AudioRefused(AudioRefusal.QUOTA, "The month's uploads are used up.")
    assert (refused.code, refused.message) == ("quota", "The month's uploads are used up.")
