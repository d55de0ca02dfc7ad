"""What a night removes, told before and reported after, by command and in the background."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection

from calls import events, ledger, retention
from calls.choices import Disposition, EventKind, RecordingState, RemovalReason
from calls.errors import OnHold
from calls.models import CallEvent, Recording, RetentionRule, RetentionRun
from calls.recordings import storage
from calls.tasks import remove_expired_audio
from tests.calls.retention.keeping import audio, rule
from tests.make import make_recording, make_tenant
from tests.twins import begun

# Objects go after the commit, so the commits here are real.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("on_disk")]


def test_preview_tells_what_the_run_then_removes(tenant):
    rule(tenant, days=10)
    rule(tenant, "voicemail", 2)
    past = datetime(2026, 2, 19, 9, 0, tzinfo=UTC)
    going = [audio(tenant, past - timedelta(hours=hour)) for hour in range(3)]
    going += [audio(tenant, datetime(2026, 2, 27, 20, tzinfo=UTC), disposition=Disposition.VOICEMAIL)]
    staying = [audio(tenant, past + timedelta(days=5)), audio(make_tenant(), past)]
    held = audio(tenant, past)
    ledger.hold_audio(held, is_on_hold=True)
    with time_machine.travel(datetime(2026, 3, 2, 15, 0, tzinfo=UTC), tick=False):
        told = retention.preview(tenant)
    assert told.at == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # today's run is still to be made up for
    with time_machine.travel(told.at, tick=False):
        [run] = retention.run_due()
    assert {due.kind: (due.count, due.size_bytes, due.oldest) for due in told.due} == {
        "inbound": (3, 15, past - timedelta(hours=2)),
        "voicemail": (1, 5, datetime(2026, 2, 27, 20, tzinfo=UTC)),
    }
    assert run.by_kind == {due.kind: {"count": due.count, "bytes": due.size_bytes} for due in told.due}
    assert (run.removed, run.removed_bytes, run.held, run.failures) == (4, 20, 1, 0)
    assert told.held == 1
    for recording in going:
        key = recording.storage_key
        recording.refresh_from_db()
        assert (recording.state, recording.removal_reason) == (RecordingState.DELETED, RemovalReason.RETENTION)
        assert not storage.exists(key)
        assert not recording.call.__class__.objects.get(pk=recording.call_id).has_audio
    assert all(storage.exists(recording.storage_key) for recording in (*staying, held))


def test_the_call_and_its_notes_outlive_the_audio(tenant):
    rule(tenant, days=1)
    recording = audio(tenant, notes="Kept")
    retention.run(tenant)
    recording.call.refresh_from_db()
    assert (recording.call.notes, recording.call.has_audio) == ("Kept", False)
    [event] = CallEvent.objects.filter(call=recording.call_id, kind=EventKind.RECORDING_REMOVED)
    assert event.data == {"recording": str(recording.pk), "reason": "retention"}


def test_replaced_files_go_as_well(tenant):
    rule(tenant, days=1)
    old = audio(tenant)
    new = make_recording(old.call, b"better", replaces=True)
    run = retention.run(tenant)
    assert run.removed == 2
    assert not storage.exists(old.storage_key)
    assert not storage.exists(new.storage_key)


def test_a_hold_set_at_the_last_moment_wins(tenant, monkeypatch):
    rule(tenant, days=1)
    recording, remove = audio(tenant), ledger.remove_audio

    def hold_first(row, **told):
        ledger.hold_audio(row, is_on_hold=True)
        return remove(row, **told)

    monkeypatch.setattr(ledger, "remove_audio", hold_first)
    run = retention.run(tenant)
    assert (run.removed, run.held) == (0, 1)
    assert storage.exists(recording.storage_key)
    monkeypatch.setattr(ledger, "remove_audio", remove)
    with pytest.raises(OnHold):
        ledger.remove_audio(recording)
    ledger.hold_audio(recording, is_on_hold=False)
    assert retention.run(tenant).removed == 1
    kinds = [EventKind.RECORDING_HELD, EventKind.RECORDING_RELEASED]
    assert [event.kind for event in CallEvent.objects.filter(call=recording.call_id, kind__in=kinds)] == kinds


def test_audio_that_was_put_on_hold_is_never_erased_with_its_call(tenant, monkeypatch):
    recording, others, event_of = audio(tenant), [], events.event_of

    def telling(*told, **facts):  # first of all when the audio was looked at, and is not gone
        if not others:
            others.append(None)
            others[0] = begun(lambda: ledger.hold_audio(recording, is_on_hold=True))
        return event_of(*told, **facts)

    monkeypatch.setattr(events, "event_of", telling)
    ledger.remove(recording.call)
    assert others[0].result(60) is False
    assert not Recording.objects.exists()


def test_audio_whose_rule_changed_since_it_was_listed_stays(tenant):
    recording = audio(tenant)
    Recording.objects.filter(pk=recording.pk).update(retain_until=datetime(2026, 4, 1, tzinfo=UTC))
    assert not ledger.remove_audio(recording, due_at=datetime(2026, 3, 31, tzinfo=UTC))
    Recording.objects.filter(pk=recording.pk).update(retain_until=None)
    assert not ledger.remove_audio(recording, due_at=datetime(2027, 1, 1, tzinfo=UTC))


def test_each_tenant_is_run_once_a_night_at_half_past_two_by_its_clocks(tenant):
    tokyo = make_tenant("tokyo", time_zone="Asia/Tokyo")
    for one in (tenant, tokyo):
        rule(one)
    runs = []
    for hour in range(48):
        for minute in (25, 35):
            with time_machine.travel(
                datetime(2026, 3, 28, hour % 24, minute, tzinfo=UTC) + timedelta(days=hour // 24), tick=False
            ):
                runs += [(run.tenant.slug, run.started_at) for run in retention.run_due()]
    swedish = [(28, 1, 35), (29, 1, 35)]  # on the 29th there is no half past two: the clocks go from 02:00 to 03:00
    japanese = [(28, 0, 25), (28, 17, 35), (29, 17, 35)]
    for slug, expected in (("lund", swedish), ("tokyo", japanese)):
        assert [at for whose, at in runs if whose == slug] == [datetime(2026, 3, *at, tzinfo=UTC) for at in expected]


def test_a_rule_made_by_day_waits_for_the_night(tenant):
    recording = audio(tenant)
    with time_machine.travel(datetime(2026, 4, 20, 12, 0, tzinfo=UTC), tick=False):
        retention.save_rule(RetentionRule(tenant=tenant, days=1))
        assert retention.run_due() == []
        assert retention.preview(tenant).at == datetime(2026, 4, 21, 0, 30, tzinfo=UTC)
        assert [due.count for due in retention.preview(tenant).due] == [1]
    assert storage.exists(recording.storage_key)
    with time_machine.travel(datetime(2026, 4, 21, 0, 31, tzinfo=UTC), tick=False):
        assert [run.removed for run in retention.run_due()] == [1]


def test_a_run_out_of_time_goes_on_under_the_same_report(tenant, monkeypatch):
    rule(tenant, days=1)
    for _ in range(5):
        audio(tenant)
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    first = retention.run(tenant, seconds=0.0)
    assert first.finished_at is None
    second = retention.run(tenant)
    assert (second.pk, second.removed, second.removed_bytes) == (first.pk, 5, 25)
    assert second.finished_at is not None
    assert RetentionRun.objects.count() == 1
    assert retention.run(tenant).removed == 5  # again the same day: nothing more, and the report stays true


def test_a_storage_that_does_not_let_go_is_told_and_swept_later(tenant, monkeypatch):
    rule(tenant, days=1)
    recording = audio(tenant)

    def fail(key):
        raise PermissionError(key)

    monkeypatch.setattr(storage.keeper(), "delete", fail)
    run = retention.run(tenant)
    assert (run.removed, run.failures) == (1, 1)
    recording.refresh_from_db()
    assert recording.state == RecordingState.DELETED


@pytest.mark.parametrize("place", ["audio.row_deleted", "retention.removed"])
def test_a_killed_run_serves_nothing_half_removed_and_the_next_one_finishes_it(tenant, settings, place):
    rule(tenant, days=1)
    rows = [audio(tenant) for _ in range(4)]
    code = (
        "import os, signal; from django.conf import settings; import django; django.setup();"
        "from tests.calls.recordings.conftest import use_disk; from pathlib import Path; import sys;"
        "use_disk(settings, Path(sys.argv[1])); from calls import retention; from tenants.models import Tenant;"
        "retention.run(Tenant.objects.get(slug='lund'))"
    )
    command = [sys.executable, "-c", code, str(settings.CALLHUB_SPOOL_DIR.parent)]
    environment = {
        **os.environ,
        **_same_database(),
        "CALLHUB_FAILPOINT": f"{place}:kill",
        "DJANGO_SETTINGS_MODULE": "callhub.settings",
    }
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    left = list(Recording.objects.for_tenant(tenant).playable())
    assert len(left) == len(rows) - 1
    assert all(storage.exists(row.storage_key) for row in left)
    assert RetentionRun.objects.get().finished_at is None
    run = retention.run(tenant)
    assert (run.removed, run.finished_at is not None, RetentionRun.objects.count()) == (4, True, 1)
    storage.keeper()
    from calls.recordings.storage.sweeping import sweep_orphans

    orphans = [row.storage_key for row in rows if storage.exists(row.storage_key)]
    assert len(orphans) == (1 if place == "audio.row_deleted" else 0)
    assert sweep_orphans(timedelta(seconds=-5), lambda names: set()).objects == len(orphans)


def _same_database():
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return {"DATABASE_URL": f"sqlite:///{told['NAME']}"}
    return {"DATABASE_URL": f"postgres://{told['USER']}@/{told['NAME']}?host={told['HOST'] or told['OPTIONS'].get('host', '')}"}


# How it is asked for


def asked(*options):
    out = StringIO()
    call_command("retention", *options, stdout=out)
    return out.getvalue()


def test_the_command_previews_and_removes(tenant):
    assert "No tenant has a rule" in asked()
    rule(tenant, days=1)
    recording = audio(tenant)
    assert "inbound: 1 recordings, 5 bytes will be removed, the oldest of 2026-03-02" in asked("--preview")
    [told] = json.loads(asked("--preview", "--format", "json"))
    assert (told["tenant"], told["held"]) == ("lund", 0)
    assert told["kinds"] == [{"kind": "inbound", "count": 1, "bytes": 5, "oldest": "2026-03-02T09:00:00+00:00"}]
    assert storage.exists(recording.storage_key)
    assert json.loads(asked("--preview", "--tenant", make_tenant("other").slug, "--format", "json")) == []
    with pytest.raises(CommandError, match="no tenant"):
        asked("--tenant", "nobody")
    assert "inbound: 1 recordings, 5 bytes removed" in asked("--tenant", "lund")
    assert "nothing will be removed" in asked("--preview")
    assert not storage.exists(recording.storage_key)


def test_the_background_keeps_to_the_rules(tenant):
    rule(tenant, days=1)
    audio(tenant)
    with time_machine.travel(datetime(2026, 3, 6, 12, 0, tzinfo=UTC)):
        remove_expired_audio()
    assert RetentionRun.objects.get().removed == 1
