"""Tickets end in time, give their place in the quota back, and every recording is listened to once."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from calls import tasks, uploads
from calls.choices import AudioRefusal, RecordingState, UploadState
from calls.models import Call, Recording, Upload
from calls.recordings import storage
from calls.recordings.errors import AudioRefused, StorageTrouble
from calls.recordings.jail import JailTrouble
from calls.uploads import QuotaUsedUp, TicketNotFound, sweeping
from calls.uploads.listening import listen, unheard
from tenants import deposits
from tenants.models import DepositMonth
from tests.calls.uploads.sending import a_draft, add, fresh, open_ticket, send, send_chunk, speech, spool_names
from tests.make import make_tenant

pytestmark = pytest.mark.django_db
AUDIO = speech()
STOCKHOLM = zoneinfo.ZoneInfo("Europe/Stockholm")


# Expiry and quota


def test_a_ticket_lives_a_day(tenant):
    ticket = open_ticket(tenant)
    with time_machine.travel(timedelta(hours=23)):
        tasks.expire_uploads()
        assert fresh(ticket).state == UploadState.OPEN
    with time_machine.travel(timedelta(hours=25)):
        with pytest.raises(TicketNotFound):
            send(ticket, AUDIO)
        tasks.expire_uploads()
    now = fresh(ticket)
    assert (now.state, now.recording.state, now.draft) == (UploadState.EXPIRED, RecordingState.EXPIRED, {})
    assert DepositMonth.objects.get().used == 0
    assert not Call.objects.exists()


def test_expiry_throws_away_what_came(tenant):
    appended, chunked = open_ticket(tenant), open_ticket(tenant)
    add(appended, 0, AUDIO[:100])
    send_chunk(chunked, 1, None, AUDIO[:100])
    assert len(spool_names()) == 2
    with time_machine.travel(timedelta(hours=25)):
        tasks.expire_uploads()
    assert spool_names() == []


def test_a_complete_upload_does_not_expire(tenant):
    ticket = open_ticket(tenant)
    send(ticket, AUDIO)
    with time_machine.travel(timedelta(hours=25)):
        tasks.expire_uploads()
    assert fresh(ticket).state == UploadState.COMPLETE
    assert DepositMonth.objects.get().used == 1


def test_expiring_twice_gives_back_once(tenant):
    open_ticket(tenant)
    send(open_ticket(tenant), AUDIO)
    with time_machine.travel(timedelta(hours=25)):
        assert sweeping.expire_overdue() == 1
        assert sweeping.expire_overdue() == 0
    assert DepositMonth.objects.get().used == 1


def test_what_is_just_being_kept_does_not_expire(tenant):
    ticket = open_ticket(tenant)
    now = timezone.now()
    kept = {"state": UploadState.KEEPING, "sha256": "0" * 64, "expires_at": now - timedelta(minutes=1)}
    Upload.objects.filter(pk=ticket.pk).update(**kept, lease_until=now + timedelta(minutes=5))
    assert sweeping.expire_overdue() == 0
    assert sweeping.expire_overdue(now + timedelta(minutes=6)) == 1


def test_row_42_the_month_turns_at_the_tenants_midnight(tenant):
    """Half past eleven in the evening UTC on the last of January is February in Stockholm."""
    tenant.monthly_deposits = 1
    tenant.save()
    with time_machine.travel(datetime(2026, 1, 31, 22, 30, tzinfo=UTC)):
        january = open_ticket(tenant, draft=a_draft(started_at=timezone.now()))
        with pytest.raises(QuotaUsedUp):
            open_ticket(tenant, draft=a_draft(started_at=timezone.now()))
    with time_machine.travel(datetime(2026, 1, 31, 23, 30, tzinfo=UTC)):
        open_ticket(tenant, draft=a_draft(started_at=timezone.now()))
        with pytest.raises(QuotaUsedUp) as refused:
            open_ticket(tenant, draft=a_draft(started_at=timezone.now()))
        uploads.cancel(january)
    assert str(refused.value).endswith(": 1")
    used = {row.month: row.used for row in DepositMonth.objects.all()}
    assert used == {date(2026, 1, 1): 0, date(2026, 2, 1): 1}


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
def test_each_tenant_has_months_of_its_own_clock(db, zone):
    moment = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
    local = moment.astimezone(zoneinfo.ZoneInfo(zone)).date()
    assert deposits.month_of(make_tenant(time_zone=zone), moment) == local.replace(day=1)


def test_without_a_quota_uploads_are_counted_all_the_same(tenant):
    for _ in range(3):
        open_ticket(tenant)
    assert DepositMonth.objects.get().used == 3


def test_a_refused_announcement_costs_nothing(tenant):
    from tests.calls.uploads.sending import a_draft

    with pytest.raises(AudioRefused):
        open_ticket(tenant, told=uploads.Told(size=0))
    tenant.monthly_deposits = 0
    with pytest.raises(QuotaUsedUp):
        open_ticket(tenant, draft=a_draft())
    assert not Recording.objects.exists()
    assert sum(DepositMonth.objects.values_list("used", flat=True)) == 0


# Sweeping


def test_the_sweep_spares_what_has_a_ticket(tenant):
    appended, chunked = open_ticket(tenant), open_ticket(tenant)
    add(appended, 0, AUDIO[:100])
    send_chunk(chunked, 1, None, AUDIO[:100])
    from calls.recordings.storage import Spool

    Spool.create()
    with time_machine.travel(timedelta(hours=26)):
        assert sweeping.sweep().spools == 1
    assert len(spool_names()) == 2


def test_old_tickets_are_forgotten_and_their_recordings_stay(tenant):
    ticket = open_ticket(tenant)
    recording = send(ticket, AUDIO).recording
    with time_machine.travel(timedelta(days=8)):
        tasks.sweep_uploads()
    assert not Upload.objects.exists()
    assert Recording.objects.get() == recording
    assert storage.exists(recording.storage_key)


# Listening


def test_a_lost_doorbell_is_made_up_for(tenant):
    recording = send(open_ticket(tenant), AUDIO).recording
    assert unheard() == []  # its own bell may still be on the way
    with time_machine.travel(timedelta(minutes=2)):
        tasks.analyse_recordings()
    recording.refresh_from_db()
    assert recording.analysed_at
    assert recording.peaks


def test_listening_twice_is_once(tenant):
    recording = send(open_ticket(tenant), AUDIO).recording
    assert listen(str(recording.pk))
    assert not listen(str(recording.pk))


@pytest.mark.parametrize("trouble", [JailTrouble("busy"), StorageTrouble("down")])
def test_a_trouble_of_ours_is_tried_again(tenant, monkeypatch, trouble):
    def fail(*_args):
        raise trouble

    recording = send(open_ticket(tenant), AUDIO).recording
    monkeypatch.setattr("calls.uploads.listening.analyse", fail)
    assert not listen(str(recording.pk))
    monkeypatch.undo()
    assert listen(str(recording.pk))


def test_audio_that_takes_too_long_stays_playable_without_a_waveform(tenant, monkeypatch):
    def refuse(*_args):
        raise AudioRefused(AudioRefusal.HOSTILE, "too long")

    recording = send(open_ticket(tenant), AUDIO).recording
    monkeypatch.setattr("calls.uploads.listening.analyse", refuse)
    assert listen(str(recording.pk))
    recording.refresh_from_db()
    assert recording.analysed_at
    assert recording.is_playable
    assert recording.peaks is None


def test_a_recording_that_is_gone_is_not_listened_to(tenant):
    assert not listen("0195a3c2-0000-7000-8000-000000000000")
