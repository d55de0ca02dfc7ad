"""Recordings over HTTP: found by what is heard, served whole and in parts, played by signed links, removed and held."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from calls.models import Call, CallEvent, Recording
from tenants.choices import Role, Scope
from tests.calls.api.client import ApiClient
from tests.calls.api.sending import AUDIO, announce, put
from tests.calls.recordings.conftest import on_disk, on_s3, s3_server
from tests.calls.uploads.sending import object_keys
from tests.make import make_center

__all__ = ["on_disk", "on_s3", "s3_server"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_disk")]


@pytest.fixture
def recording(api):
    return put(api, announce(api)).json()["recording"]


def test_recordings_are_listed_by_what_they_are(api, recording):
    announce(api)
    for query, found in {
        "": 2, "state=stored": 1, "without_audio=true": 1, "without_audio=false": 1, "duration_min=1.5&duration_max=2.5": 1,
        "duration_min=3": 0, "type=audio/wav": 1, "current=true": 2, "kind=audio": 2, "kind=link": 0, "too_short=true": 0,
    }.items():  # fmt: skip
        assert len(api.get(f"recordings?{query}").json()["results"]) == found, query
    for query in ("silence_share_min=2", "silence_share_min=nan", "silence_share_min=1e400", "state=x", "too_short=x"):
        assert api.get(f"recordings?{query}").status_code == 400, query


def test_what_was_heard_is_told_and_found(api, recording):
    from calls.uploads.listening import listen

    assert listen(recording)
    told = api.get(f"recordings/{recording}").json()
    assert told["talk_share_left"] == pytest.approx(0.5, abs=0.05)
    assert "peaks" not in told
    peaks = api.get(f"recordings/{recording}?expand=peaks").json()["peaks"]
    assert len(peaks) == 2
    assert max(max(side) for side in peaks) > 50
    assert (
        len(api.get("recordings?talk_share_left_min=0.4&talk_share_right_max=0.6&overtalk_share_max=0.1").json()["results"]) == 1
    )
    assert api.get("recordings?talk_share_left_min=0.6").json()["results"] == []


def test_the_audio_comes_back_whole_and_in_parts(api, recording):
    whole = api.get(f"recordings/{recording}/audio", Accept="audio/*")
    assert b"".join(whole.streaming_content) == AUDIO
    assert whole["Content-Type"] == "audio/wav"
    assert whole["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in whole["Content-Security-Policy"]
    assert "no-store" in whole["Cache-Control"]
    part = api.get(f"recordings/{recording}/audio", Range="bytes=100-199")
    assert (part.status_code, b"".join(part.streaming_content)) == (206, AUDIO[100:200])
    assert api.send("HEAD", f"recordings/{recording}/audio")["Content-Length"] == str(len(AUDIO))
    kept = api.get(f"recordings/{recording}/audio?download=true")
    assert kept["Content-Disposition"].startswith("attachment")


def heard():
    events = CallEvent.objects.filter(kind__in=["call.recording_played", "call.recording_downloaded"])
    return list(events.order_by("id").values_list("kind", flat=True))


def test_every_play_and_download_leaves_a_trace(api, recording):
    for start in (0, 1000, 5000):
        api.get(f"recordings/{recording}/audio", Range=f"bytes={start}-")
    assert heard() == ["call.recording_played"]
    with time_machine.travel(timedelta(minutes=30)):
        api.get(f"recordings/{recording}/audio", Range="bytes=0-")
    api.get(f"recordings/{recording}/audio?download=true")
    api.get(f"recordings/{recording}/audio?download=true")
    api.send("HEAD", f"recordings/{recording}/audio")
    assert heard() == ["call.recording_played"] * 2 + ["call.recording_downloaded"] * 2
    assert set(CallEvent.objects.filter(kind="call.recording_played").values_list("actor", flat=True)) == {api.user.pk}


def test_a_signed_link_plays_without_other_credentials(api, recording, client):
    link = api.post(f"recordings/{recording}/links", {"purpose": "play"}).json()
    assert client.get(link["url"]).status_code == 200
    refusals = {client.get(link["url"] + "x").content, client.get(link["url"] + "&download=true").content}
    refusals.add(client.get(link["url"].replace(recording, "0195a3c2-0000-7000-8000-000000000000")).content)
    with time_machine.travel(timedelta(seconds=301)):
        refusals.add(client.get(link["url"]).content)
    assert len(refusals) == 1
    assert b"link_refused" in refusals.pop()


def test_a_signed_link_ends_with_the_persons_rights(api, recording, client):
    link = api.post(f"recordings/{recording}/links").json()["url"]
    api.user.memberships.all().delete()
    assert client.get(link).status_code == 403


def test_removing_the_audio_keeps_the_call(api, recording, django_capture_on_commit_callbacks):
    call = api.get(f"recordings/{recording}").json()["call"]
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"recordings/{recording}").status_code == 204
    assert (api.get(f"calls/{call}").json()["has_recording"], object_keys()) == (False, [])
    assert api.get(f"recordings/{recording}").json()["state"] == "deleted"
    assert api.get(f"recordings/{recording}/audio").json()["code"] == "no_audio"


def test_a_legal_hold_keeps_audio_and_call(api, recording):
    Recording.objects.update(is_on_hold=True)
    call = api.get(f"recordings/{recording}").json()["call"]
    for path in (f"recordings/{recording}", f"calls/{call}"):
        refused = api.delete(path)
        assert (refused.status_code, refused.json()["code"]) == (409, "on_hold")
    assert api.get(f"recordings/{recording}/audio").status_code == 200


def test_no_recording_is_anybody_elses(api, recording, stranger, tenant):
    fellow = ApiClient(tenant, center=make_center(tenant))
    for client in (stranger, fellow):
        for method, way in (("GET", ""), ("DELETE", ""), ("GET", "/audio"), ("HEAD", "/audio"), ("POST", "/links")):
            assert client.send(method, f"recordings/{recording}{way}").status_code == 404
        assert client.get("recordings").json()["results"] == []
    assert Recording.objects.get().state == "stored"


def test_removing_an_expected_recording_ends_its_upload(api):
    ticket = announce(api)
    assert api.delete(f"recordings/{ticket['recording']}").status_code == 204
    assert put(api, ticket).status_code == 409
    assert (Call.objects.count(), object_keys()) == (0, [])


@pytest.mark.parametrize("limits", [{"role": Role.VIEWER}, {"scope": Scope.READ}], ids=["viewer", "read"])
def test_who_only_reads_makes_links_that_play(recording, tenant, client, limits):
    reader = ApiClient(tenant, **limits)
    link = reader.post(f"recordings/{recording}/links", {"purpose": "play"})
    assert link.status_code == 201, link.content
    assert client.get(link.json()["url"]).status_code == 200
    assert reader.delete(f"recordings/{recording}").status_code == 403
