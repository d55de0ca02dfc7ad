"""A ticket takes audio in three ways, refuses what is no good, stays usable, and files the call once it is whole."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from calls import uploads
from calls.choices import Disposition, EventKind, RecordingState, UploadMode, UploadState
from calls.errors import CallConflict, InvalidCall
from calls.models import Call, Recording, Upload
from calls.recordings import storage
from calls.recordings.errors import AudioRefused, NoRoom, StorageTrouble
from calls.uploads import TicketNotFound, Told
from tests.calls.uploads.sending import (
    a_draft,
    fresh,
    object_keys,
    open_ticket,
    send,
    speech,
    spool_names,
)
from tests.make import STARTED_AT, make_call, make_center

pytestmark = pytest.mark.django_db

AUDIO, OTHER = speech(), speech(hertz=880.0)


def test_the_call_does_not_exist_before_its_audio_is_whole(tenant):
    ticket = open_ticket(tenant)
    assert not Call.objects.exists()
    assert ticket.recording.state == RecordingState.EXPECTED
    kept = send(ticket, AUDIO)
    assert kept.is_new
    assert list(Call.objects.all()) == [kept.call]
    assert fresh(ticket).state == UploadState.COMPLETE


def test_on_disk_and_s3_the_bytes_come_back(db, kept, settings):
    from tests.make import make_tenant

    outcome = send(open_ticket(make_tenant()), AUDIO)
    with storage.local_copy(outcome.recording.storage_key) as path:
        assert path.read_bytes() == AUDIO
    assert outcome.recording.md5 == hashlib.md5(AUDIO).hexdigest()
    assert outcome.recording.sha256 == hashlib.sha256(AUDIO).hexdigest()
    assert (outcome.recording.size_bytes, outcome.recording.mime) == (len(AUDIO), "audio/wav")
    assert spool_names() == []


def test_the_audio_tells_what_the_source_did_not(tenant):
    call = send(open_ticket(tenant), AUDIO).call
    assert (call.duration_ms, call.talk_ms, call.ended_at) == (2000, 2000, STARTED_AT + timedelta(seconds=2))
    assert (call.disposition, call.has_audio, call.version) == (Disposition.ANSWERED, True, 1)


def test_the_audio_begins_with_the_answer(tenant):
    call = send(open_ticket(tenant, draft=a_draft(ring_ms=5000)), AUDIO).call
    assert (call.duration_ms, call.ring_ms, call.talk_ms) == (7000, 5000, 2000)


def test_what_the_source_told_stays(tenant):
    call = send(open_ticket(tenant, draft=a_draft(duration_ms=60_000)), AUDIO).call
    assert call.duration_ms == 60_000


def test_tells_what_happened(tenant):
    kept = send(open_ticket(tenant), AUDIO)
    assert [event.kind for event in kept.call.events.order_by("id")] == [EventKind.RECORDED, EventKind.RECORDING_STORED]
    assert kept.call.events.last().data == {"recording": str(kept.recording.pk), "mode": "call"}


def test_the_audio_is_listened_to(tenant, django_capture_on_commit_callbacks):
    ticket = open_ticket(tenant)
    with django_capture_on_commit_callbacks(execute=True):
        recording = send(ticket, AUDIO).recording
    recording.refresh_from_db()
    assert recording.analysed_at
    assert recording.talk_share_left == pytest.approx(0.5, abs=0.05)
    assert recording.overtalk_share == pytest.approx(0, abs=0.05)


# Repeats


def test_the_same_bytes_again_get_the_same_answer(tenant):
    ticket = open_ticket(tenant)
    first, again = send(ticket, AUDIO), send(ticket, AUDIO)
    assert (again.call, again.recording, again.is_new) == (first.call, first.recording, False)
    assert object_keys() == [first.recording.storage_key]
    assert spool_names() == []


def test_other_bytes_are_a_conflict(tenant):
    ticket = open_ticket(tenant)
    first = send(ticket, AUDIO)
    with pytest.raises(CallConflict):
        send(ticket, OTHER)
    assert object_keys() == [first.recording.storage_key]
    assert spool_names() == []


def test_two_tickets_for_one_external_id_keep_one_call_and_one_audio(tenant):
    tickets = [open_ticket(tenant, draft=a_draft(external_id="x")) for _ in range(2)]
    first, second = (send(ticket, AUDIO) for ticket in tickets)
    assert (second.call, second.recording) == (first.call, first.recording)
    assert object_keys() == [first.recording.storage_key]
    assert Recording.objects.playable().count() == 1


def test_a_second_ticket_with_other_audio_is_told_so(tenant):
    tickets = [open_ticket(tenant, draft=a_draft(external_id="x")) for _ in range(2)]
    send(tickets[0], AUDIO)
    with pytest.raises(CallConflict):
        send(tickets[1], OTHER)
    assert fresh(tickets[1]).state == UploadState.CANCELLED
    assert len(object_keys()) == Call.objects.count() == 1


def test_audio_finds_a_call_that_was_logged_meanwhile(tenant):
    ticket = open_ticket(tenant, draft=a_draft(external_id="x", duration_ms=60_000))
    from calls import ledger

    call = ledger.record(tenant, a_draft(external_id="x", duration_ms=60_000)).call
    assert send(ticket, AUDIO).call == call
    assert Call.objects.get().has_audio


def test_a_conflict_with_the_log_is_told_when_it_is_announced(tenant):
    make_call(tenant, external_id="x", seconds=60)
    with pytest.raises(CallConflict):
        open_ticket(tenant, draft=a_draft(external_id="x", duration_ms=1000))
    assert not Upload.objects.exists()


def test_a_conflict_that_came_later_ends_the_ticket_and_leaves_nothing(tenant):
    ticket = open_ticket(tenant, draft=a_draft(external_id="x"))
    make_call(tenant, external_id="x", seconds=60)
    with pytest.raises(CallConflict):
        send(ticket, AUDIO)
    assert fresh(ticket).state == UploadState.CANCELLED
    assert object_keys() == spool_names() == []
    assert fresh(ticket).recording.state == RecordingState.EXPIRED


# Refusals


REFUSED = {
    "not_audio": (b"<html><script>alert(1)</script>" * 10, {}),
    "empty_audio": (b"", {}),
    "checksum_mismatch": (AUDIO, {"md5": "0" * 32}),
    "truncated": (AUDIO, {"size": len(AUDIO) + 1}),
    "too_large": (AUDIO, {"size": len(AUDIO) - 1}),
}


@pytest.mark.parametrize("code", REFUSED)
def test_after_a_refusal_the_ticket_still_works(tenant, code):
    ticket = open_ticket(tenant)
    audio, told = REFUSED[code]
    with pytest.raises(AudioRefused) as refused:
        send(ticket, audio, **told)
    assert refused.value.code == code
    now = fresh(ticket)
    assert (now.state, now.refusal, now.refusals) == (UploadState.OPEN, code, 1)
    assert (now.recording.state, now.recording.refusal) == (RecordingState.REFUSED, code)
    assert object_keys() == spool_names() == []
    assert send(ticket, AUDIO).recording.refusal == ""


@pytest.mark.parametrize("told", [{"md5": "0" * 32}, {"sha256": "0" * 64}, {"size": 5}])
def test_holds_the_audio_to_what_was_announced(tenant, told):
    with pytest.raises(AudioRefused):
        send(open_ticket(tenant, told=Told(**told)), AUDIO)


def test_takes_no_other_types_than_it_said(tenant):
    with pytest.raises(AudioRefused) as refused:
        send(open_ticket(tenant, accepted=["audio/mpeg"]), AUDIO)
    assert refused.value.code == "type_not_allowed"


def test_refuses_more_than_the_limit(tenant, settings):
    settings.CALLHUB_AUDIO_LIMIT = len(AUDIO) - 1
    with pytest.raises(AudioRefused) as refused:
        send(open_ticket(tenant), AUDIO)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    ("told", "code"), [({"size": 2**40}, "too_large"), ({"size": 0}, "empty_audio"), ({"mime": "text/html"}, "type_not_allowed")]
)
def test_refuses_what_is_announced_wrongly_at_once(tenant, told, code):
    with pytest.raises(AudioRefused) as refused:
        open_ticket(tenant, told=Told(**told))
    assert refused.value.code == code
    assert not Upload.objects.exists()


def test_an_impossible_call_is_refused_when_it_is_announced(tenant):
    with pytest.raises(InvalidCall):
        open_ticket(tenant, draft=a_draft(ended_at=STARTED_AT - timedelta(seconds=1)))
    assert not Recording.objects.exists()


def test_too_little_room_is_said_when_it_is_announced(tenant, settings):
    settings.CALLHUB_FREE_SPACE_FLOOR = 1 << 60
    with pytest.raises(NoRoom):
        open_ticket(tenant)


def test_a_center_that_is_gone_ends_the_ticket(tenant):
    center = make_center(tenant)
    ticket = open_ticket(tenant, draft=a_draft(center_id=str(center.pk)))
    center.delete()
    with pytest.raises(InvalidCall):
        send(ticket, AUDIO)
    assert fresh(ticket).state == UploadState.CANCELLED
    assert object_keys() == []


def test_row_25_a_storage_that_is_down_costs_nothing_but_time(tenant, monkeypatch):
    def down(*_args):
        raise StorageTrouble("down")

    ticket = open_ticket(tenant)
    monkeypatch.setattr(storage.keeper(), "adopt", down)
    with pytest.raises(StorageTrouble):
        send(ticket, AUDIO)
    monkeypatch.undo()
    assert not Call.objects.exists()
    assert send(ticket, AUDIO).is_new
    assert spool_names() == []


# Existing calls


def test_attaches_to_a_call_beside_what_it_has(tenant):
    call = make_call(tenant)
    first = send(open_ticket(tenant, call=call), AUDIO).recording
    second = send(open_ticket(tenant, call=call), OTHER).recording
    call.refresh_from_db()
    assert (call.has_audio, call.version, call.duration_ms) == (True, 3, 60_000)
    assert set(call.recordings.playable().current()) == {first, second}


def test_replaces_and_keeps_the_old(tenant):
    call = make_call(tenant)
    old = send(open_ticket(tenant, call=call), AUDIO).recording
    new = send(open_ticket(tenant, call=call, mode=UploadMode.REPLACE), OTHER).recording
    old.refresh_from_db()
    assert (old.is_current, old.state, bool(old.replaced_at)) == (False, RecordingState.STORED, True)
    assert list(call.recordings.playable().current()) == [new]
    assert len(object_keys()) == 2
    assert call.events.last().data["replaced"] == [str(old.pk)]


def test_a_call_that_is_removed_takes_its_tickets_along(tenant):
    from calls import ledger

    call = make_call(tenant)
    ticket = open_ticket(tenant, call=call)
    ledger.remove(call)
    with pytest.raises(TicketNotFound):
        uploads.find_ticket(str(ticket.pk), None or _owner(ticket), ticket.door)


def _owner(ticket):
    from tenants.authentication import Principal

    return Principal(tenant=ticket.opened_in, user=ticket.opened_by, role="owner")
