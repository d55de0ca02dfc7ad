"""Recordings in the admin: played by those who may, told in the timeline once, held, removed, and found by what is wrong."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from calls import ledger
from calls.choices import AudioRefusal, EventKind, RecordingState, RemovalReason
from calls.models import CallEvent, Recording
from calls.recordings.errors import AudioRefused
from tenants.choices import Role
from tests.calls.recordings.audio import encoded
from tests.make import make_call, make_center, make_recording, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
LIST = "/admin/calls/recording/"
SOUND = bytes(range(256)) * 8


@pytest.fixture
def tenant():
    return make_tenant(time_zone="Europe/Stockholm")


@pytest.fixture
def manager(tenant):
    return signed_in(staff(tenant, "manager", first_name="Mia", last_name="Ek"))


@pytest.fixture
def recording(tenant):
    return make_recording(make_call(tenant, started_at=timezone.now()), SOUND)


def page(name, recording):
    return reverse(f"admin:calls_recording_{name}", args=[recording.pk])


def call_page(recording):
    return reverse("admin:calls_call_change", args=[recording.call_id])


def text_of(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def events(recording, *kinds):
    return list(CallEvent.objects.filter(call=recording.call_id, kind__in=kinds).order_by("id"))


def announced(tenant, **fields):
    recording = ledger.announce(tenant, make_call(tenant, external_id=fields.pop("external_id", "")))
    Recording.objects.filter(pk=recording.pk).update(**fields)
    return recording


# Listening


def test_gives_any_part_of_the_audio_as_nothing_but_audio(manager, recording):
    whole = manager.get(page("audio", recording))
    assert b"".join(whole.streaming_content) == SOUND
    part = manager.get(page("audio", recording), headers={"Range": "bytes=1000-1009"})
    assert (part.status_code, part.headers["Content-Range"]) == (206, f"bytes 1000-1009/{len(SOUND)}")
    assert b"".join(part.streaming_content) == SOUND[1000:1010]
    assert manager.get(page("audio", recording), headers={"Range": "bytes=9999-"}).status_code == 416
    for answer in (whole, part):
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Content-Disposition"].startswith("inline")
    assert manager.get(page("audio", recording) + "?download=true").headers["Content-Disposition"].startswith("attachment")
    assert manager.post(page("audio", recording)).status_code == 405


def test_a_play_is_told_once_whatever_parts_it_is_fetched_in(manager, recording):
    for first in (0, 500, 1000):
        manager.get(page("audio", recording), headers={"Range": f"bytes={first}-"})
    manager.head(page("audio", recording))
    [played] = events(recording, EventKind.RECORDING_PLAYED)
    assert (played.actor.first_name, played.source, played.data) == ("Mia", "admin", {"recording": str(recording.pk)})
    assert "Recording played" in text_of(manager, call_page(recording))


def test_an_hour_is_one_play_and_another_person_another(manager, tenant, recording):
    Recording.objects.update(duration_ms=3_600_000)
    manager.get(page("audio", recording), headers={"Range": "bytes=0-"})
    CallEvent.objects.filter(kind=EventKind.RECORDING_PLAYED).update(happened_at=timezone.now() - timedelta(minutes=59))
    manager.get(page("audio", recording), headers={"Range": "bytes=900-"})
    assert len(events(recording, EventKind.RECORDING_PLAYED)) == 1
    CallEvent.objects.filter(kind=EventKind.RECORDING_PLAYED).update(happened_at=timezone.now() - timedelta(minutes=61))
    manager.get(page("audio", recording), headers={"Range": "bytes=900-"})
    signed_in(staff(tenant, "viewer")).get(page("audio", recording), headers={"Range": "bytes=0-"})
    assert len(events(recording, EventKind.RECORDING_PLAYED)) == 3


def test_a_download_is_told_apart_from_a_play(manager, recording):
    manager.get(page("audio", recording) + "?download=true")
    assert [event.kind for event in events(recording, *EventKind)][-1] == EventKind.RECORDING_DOWNLOADED


def test_looking_at_the_page_plays_nothing(manager, recording):
    text = text_of(manager, call_page(recording))
    assert 'preload="none"' in text
    assert not events(recording, EventKind.RECORDING_PLAYED)


@pytest.mark.parametrize("name", ["audio", "remove", "hold"])
def test_another_tenants_or_centers_recording_is_none(tenant, recording, name):
    other = make_tenant()
    limited = make_center(tenant)
    strangers = [staff(other, "owner"), staff(tenant, "owner", center=limited)]
    for user in strangers:
        for send in ("get", "post"):
            assert getattr(signed_in(user), send)(page(name, recording)).status_code == 404
    assert "/login/" in client_without_user().get(page(name, recording)).headers["Location"]
    recording.refresh_from_db()
    assert (recording.state, recording.is_on_hold) == (RecordingState.STORED, False)
    assert str(recording.pk) not in text_of(signed_in(strangers[1]), LIST)
    assert not events(recording, EventKind.RECORDING_PLAYED)


def client_without_user():
    from django.test import Client

    return Client()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT])
def test_whoever_sees_the_call_listens_and_only_managers_hold_and_remove(tenant, recording, role):
    client = signed_in(staff(tenant, role))
    assert client.get(page("audio", recording)).status_code == 200
    text = text_of(client, call_page(recording))
    assert "Download" in text
    for name in ("hold", "remove"):
        assert page(name, recording) not in text
        assert client.post(page(name, recording), {"hold": "set"}).status_code == 404


def test_audio_that_is_missing_from_the_storage_is_said_and_no_crash(manager, recording):
    from calls.recordings import storage

    storage.delete(recording.storage_key)
    assert manager.get(page("audio", recording)).status_code == 503
    assert not events(recording, EventKind.RECORDING_PLAYED)


# What a call's page tells


def test_the_player_gets_the_stored_waveform(manager, recording):
    Recording.objects.update(peaks=[[1, -2], [3, 4]], channels=2, talk_share_left=0.5, talk_share_right=0.004, overtalk_share=0.0)
    Recording.objects.update(silence_share=0.25, longest_silence_ms=9000, loudness_dbfs=-23.4, analysed_at=timezone.now())
    text = text_of(manager, call_page(recording))
    assert json.loads(re.search(r'id="peaks-[^>]*>([^<]*)<', text).group(1)) == [[1, -2], [3, 4]]
    for words in (
        "Left channel talks",
        "50 %",
        "&lt; 1 %",
        "Both at once",
        "0 %",
        "25 %",
        "9.0 s",
        "-23 dBFS",
        "Stereo",
        "8 kHz",
    ):
        assert words in text, words


def test_what_browsers_do_not_play_is_played_from_a_copy_and_downloaded_as_it_came(manager, tenant):
    audio = encoded("amr")
    facts = {"container": "amr", "codec": "amr_nb", "mime": "audio/amr", "duration_ms": 3020}
    recording = make_recording(make_call(tenant), audio, **facts)
    assert "data-player" in text_of(manager, call_page(recording))
    played = manager.get(page("audio", recording))
    assert (played.status_code, played["Content-Type"]) == (200, "audio/wav")
    assert b"".join(played.streaming_content)[:4] == b"RIFF"
    saved = manager.get(page("audio", recording), {"download": "true"})
    assert saved["Content-Type"] == "audio/amr"
    assert b"".join(saved.streaming_content) == audio


def test_what_cannot_be_converted_is_said_and_can_be_downloaded(manager, tenant):
    recording = make_recording(make_call(tenant), b"no audio", codec="gsm_ms")
    assert manager.get(page("audio", recording)).status_code == 503
    assert manager.get(page("audio", recording), {"download": "true"}).status_code == 200


def test_says_in_words_what_became_of_the_rest(manager, tenant):
    refused = announced(tenant)
    ledger.refuse_audio(refused, AudioRefused(AudioRefusal.TRUNCATED, "The file ends early."))
    told = {
        "What was sent was not taken: The file ends early. A better file may still come.": refused,
        "Announced; no audio has come yet.": announced(tenant),
        "Announced, and never sent.": announced(tenant, state="expired"),
        "The source has no audio of this call.": announced(tenant, state="absent"),
        "The audio is gone: Retention.": announced(tenant, state="deleted", removal_reason="retention"),
    }
    for words, recording in told.items():
        text = text_of(manager, call_page(recording))
        assert words in text, words
        assert "data-player" not in text


def test_a_recording_elsewhere_is_told_as_text(manager, tenant):
    call = make_call(tenant)
    link = ledger.link_audio(call, "https://pbx.example.com/a.wav")
    text = text_of(manager, call_page(link))
    assert '<span class="ch-address">https://pbx.example.com/a.wav</span>' in text
    assert "The audio is kept elsewhere." in text
    assert "Remove the link" in text


def test_replaced_files_are_kept_in_sight(manager, recording):
    new = make_recording(recording.call, b"better", replaces=True)
    text = text_of(manager, call_page(recording))
    assert "1 replaced file" in text
    assert text.index(page("audio", new)) < text.index("1 replaced file") < text.index(page("audio", recording))


def test_a_row_of_the_list_of_calls_plays(manager, recording):
    text = text_of(manager, "/admin/calls/call/")
    assert f'data-mini="{page("audio", recording)}"' in text
    assert "Play the recording, 1:00" in text
    assert f'data-mini="{page("audio", recording)}"' in text_of(manager, "/admin/calls/call/?scope=recorded&period=all")


# Holding and removing


def test_removing_asks_first_and_keeps_the_call(manager, recording, django_capture_on_commit_callbacks):
    from calls.recordings import storage

    assert "Remove the audio?" in text_of(manager, page("remove", recording))
    with django_capture_on_commit_callbacks(execute=True):
        answer = manager.post(page("remove", recording))
    assert answer.headers["Location"].startswith(call_page(recording))
    key = recording.storage_key
    recording.refresh_from_db()
    assert (recording.state, recording.removal_reason, recording.peaks) == (RecordingState.DELETED, RemovalReason.PERSON, None)
    assert not storage.exists(key)
    [event] = events(recording, EventKind.RECORDING_REMOVED)
    assert event.actor.first_name == "Mia"
    assert "The audio is gone: Removed by a person." in text_of(manager, call_page(recording))
    assert manager.get(page("audio", recording)).status_code == 404
    assert manager.post(page("remove", recording)).status_code == 404


def test_a_legal_hold_forbids_removing_until_it_is_lifted(manager, recording):
    manager.post(page("hold", recording), {"hold": "set"})
    assert "Lift the legal hold" in text_of(manager, call_page(recording))
    for answer in (manager.get(page("remove", recording)), manager.post(page("remove", recording))):
        assert "A legal hold keeps this audio" in answer.content.decode()
    recording.refresh_from_db()
    assert (recording.state, recording.is_on_hold) == (RecordingState.STORED, True)
    manager.post(page("hold", recording), {"hold": "lift"})
    manager.post(page("remove", recording))
    recording.refresh_from_db()
    assert recording.state == RecordingState.DELETED
    kinds = [EventKind.RECORDING_HELD, EventKind.RECORDING_RELEASED, EventKind.RECORDING_REMOVED]
    assert [event.kind for event in events(recording, *kinds)] == kinds


def test_nobody_is_told_of_a_hold_on_audio_that_is_gone_by_then(manager, recording, monkeypatch):
    hold = ledger.hold_audio

    def late(row, **told):
        ledger.remove_audio(row)
        return hold(row, **told)

    monkeypatch.setattr(ledger, "hold_audio", late)
    said = manager.post(page("hold", recording), {"hold": "set"}, follow=True).content.decode()
    assert "somebody removed it just now" in said
    assert "A legal hold keeps this audio now" not in said


def test_a_part_heard_of_a_call_that_is_erased_by_then_leaves_no_trace(tenant, recording):
    call = recording.call
    ledger.remove(call)
    recording.call = call
    ledger.note_heard(recording, actor=staff(tenant, "agent"), kind=EventKind.RECORDING_PLAYED, is_part=True)
    assert not CallEvent.objects.filter(kind=EventKind.RECORDING_PLAYED).exists()


def test_setting_a_hold_twice_tells_once(manager, recording):
    for _ in range(2):
        manager.post(page("hold", recording), {"hold": "set"})
    assert len(events(recording, EventKind.RECORDING_HELD)) == 1


# The list


def rows_of(client, query):
    return set(re.findall(r'name="action-row" value="|/recording/([0-9a-f-]{36})/change/', text_of(client, LIST + query))) - {""}


def test_scopes_find_what_is_worth_a_look(manager, tenant, recording):
    quiet = make_recording(make_call(tenant), duration_ms=60_000, silence_share=0.999)
    held = make_recording(make_call(tenant), is_on_hold=True)
    waiting, expired = announced(tenant), announced(tenant, state="expired")
    refused = announced(tenant, state="refused", refusal="not_audio")
    gone = announced(tenant, state="deleted")
    old = make_recording(make_call(tenant))
    new = make_recording(old.call, replaces=True)
    found = {
        "": {recording, quiet, held, waiting, expired, refused, gone, old, new},
        "playable": {recording, quiet, held, new},
        "waiting": {waiting, expired},
        "refused": {refused},
        "short": {quiet},
        "held": {held},
        "replaced": {old},
        "removed": {gone},
    }
    for scope, rows in found.items():
        assert rows_of(manager, f"?scope={scope}") == {str(row.pk) for row in rows}, scope


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("silence_from=50", {"b"}),
        ("silence_to=20.5", {"a"}),
        ("talk_from=60", {"a"}),
        ("talk_to=10", {"b"}),
        ("overtalk_from=5", {"a"}),
        ("loudness_from=-20", {"b"}),
        ("loudness_to=-25", {"a"}),
        ("duration_from=90", {"b"}),
        ("duration_to=60", {"a"}),
        ("state__exact=stored", {"a", "b"}),
        ("silence_from=abc", {"a", "b"}),
        ("silence_from=nan", {"a", "b"}),
        ("loudness_from=1e400", {"a", "b"}),
        ("scope=nonsense", {"a", "b"}),
    ],
)
def test_narrows_by_what_can_be_heard(manager, tenant, query, found):
    heard = {"talk_share_left": 0.7, "talk_share_right": 0.2, "overtalk_share": 0.1}
    quiet = {"talk_share_left": 0.1, "talk_share_right": 0.05, "overtalk_share": 0.0}
    rows = {
        "a": make_recording(make_call(tenant), silence_share=0.2, loudness_dbfs=-30.0, **heard),
        "b": make_recording(make_call(tenant), silence_share=0.6, loudness_dbfs=-15.0, duration_ms=120_000, **quiet),
    }
    assert rows_of(manager, f"?{query}") == {str(rows[name].pk) for name in found}


def test_a_page_of_its_own_tells_the_files_facts(manager, recording):
    text = text_of(manager, page("change", recording))
    assert recording.sha256 in text
    assert "data-player" in text


@pytest.mark.parametrize("name", ["delete", "add"])
def test_rows_are_neither_made_nor_erased_by_hand(manager, recording, name):
    address = reverse(f"admin:calls_recording_{name}", args=[recording.pk] if name == "delete" else [])
    assert manager.post(address, {"post": "yes"}).status_code == 403
    assert Recording.objects.filter(pk=recording.pk).exists()
