"""A web process or worker killed at any point of an upload costs nothing but a repeat.

The process is a real one, killed by a failpoint; then the same request is sent again.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
import requests
import time_machine
from django.utils import timezone

from callhub.checks import no_failpoint_in_production
from calls import failpoints, uploads
from calls.choices import UploadState
from calls.models import Call, Recording
from calls.recordings import storage
from calls.uploads import Told, sweeping
from tests.calls.uploads.sending import (
    add,
    fresh,
    object_keys,
    open_ticket,
    principal_of,
    send,
    send_chunk,
    speech,
    spool_names,
)
from tests.calls.uploads.server import Caller, killed_at, server, use_files_of
from tests.make import make_tenant, make_token

AUDIO = speech()
WHOLE = ("upload.received", "upload.probed", "upload.claimed", "upload.object_kept", "upload.filed", "upload.committed")


@pytest.fixture
def home(settings, tmp_path):
    use_files_of(settings, tmp_path)
    return tmp_path


def check_whole(call_count: int = 1) -> None:
    """What is stored is whole, and only then is there a call; nothing half can be served."""
    stored = Recording.objects.playable()
    assert stored.count() == Call.objects.count() == call_count
    for recording in stored:
        with storage.local_copy(recording.storage_key) as path:
            assert hashlib.sha256(path.read_bytes()).hexdigest() == recording.sha256 == hashlib.sha256(AUDIO).hexdigest()


def check_swept() -> None:
    """After the sweep nothing is left but what rows refer to."""
    with time_machine.travel(timedelta(hours=27)):
        sweeping.sweep()
    assert object_keys() == list(Recording.objects.playable().values_list("storage_key", flat=True))
    assert spool_names() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", WHOLE)
def test_a_web_process_killed_over_a_put(home, point):
    tenant = make_tenant()
    secret = make_token(tenant)
    with server(point) as address:
        api = Caller(address, secret)
        ticket = api.send("POST", "uploads", json={"started_at": "2026-03-02T09:00:00Z"}).json()
        with pytest.raises(requests.ConnectionError):
            api.send("PUT", f"uploads/{ticket['id']}/audio", data=AUDIO)
    check_whole(1 if point == "upload.committed" else 0)

    with server() as address:
        api = Caller(address, secret)
        state = api.send("GET", f"uploads/{ticket['id']}").json()["state"]
        assert state == ("complete" if point == "upload.committed" else "open" if point in WHOLE[:2] else "keeping")
        again = api.send("PUT", f"uploads/{ticket['id']}/audio", data=AUDIO)
        assert again.status_code == (200 if point == "upload.committed" else 201)
        heard = api.send("GET", f"recordings/{again.json()['recording']}/audio")
        assert heard.content == AUDIO
    check_whole()
    check_swept()


@pytest.mark.django_db(transaction=True)
def test_a_web_process_killed_between_the_last_part_and_the_end(home):
    """The client of a resumable upload has nothing left to send: asking for the offset is what finishes it."""
    secret = make_token(make_tenant())
    with server("upload.appended") as address:
        api = Caller(address, secret)
        announced = {"started_at": "2026-03-02T09:00:00Z", "audio": {"size": len(AUDIO)}}
        ticket = api.send("POST", "uploads", json=announced).json()
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        with pytest.raises(requests.ConnectionError):
            api.send("PATCH", f"uploads/{ticket['id']}/tus", data=AUDIO, headers=headers)
    check_whole(0)

    with server() as address:
        state = Caller(address, secret).send("HEAD", f"uploads/{ticket['id']}/tus", headers={"Tus-Resumable": "1.0.0"})
        assert state.headers["Upload-Offset"] == str(len(AUDIO))
    check_whole()
    check_swept()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", ["chunk.spooled", "chunk.noted", *WHOLE])
def test_a_process_killed_over_the_last_chunk(home, point):
    ticket = open_ticket(make_tenant())
    send_chunk(ticket, 1, None, AUDIO[:9000])
    killed_at(point, lambda: send_chunk(ticket, 2, 2, AUDIO[9000:]))
    check_whole(1 if point == "upload.committed" else 0)
    assert send_chunk(ticket, 2, 2, AUDIO[9000:]) is not None
    check_whole()
    check_swept()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", WHOLE[2:])
def test_what_nobody_repeats_is_finished_in_the_background_even_when_that_is_killed_too(home, point):
    ticket = open_ticket(make_tenant())
    killed_at("upload.claimed", lambda: send(ticket, AUDIO))
    assert sweeping.finish_left_behind() == 0  # somebody may be at work still
    later = timezone.now() + timedelta(minutes=16)
    if point != "upload.claimed":
        killed_at(point, lambda: sweeping.finish_left_behind(later))
        later += timedelta(minutes=16)
    assert sweeping.finish_left_behind(later) == (0 if point == "upload.committed" else 1)
    assert fresh(ticket).state == UploadState.COMPLETE
    check_whole()
    check_swept()


@pytest.mark.django_db(transaction=True)
def test_parts_that_nobody_finished_are_finished_in_the_background(home):
    ticket = open_ticket(make_tenant(), told=Told(size=len(AUDIO)))
    killed_at("upload.appended", lambda: add(ticket, 0, AUDIO))
    assert sweeping.finish_left_behind() == 1
    check_whole()
    check_swept()


@pytest.mark.django_db(transaction=True)
def test_row_27_a_row_without_its_object_cannot_come_about(home):
    """The object is there before the row at each of the points in between."""
    tenant = make_tenant()
    principal = principal_of(tenant)
    for point in WHOLE:
        ticket = open_ticket(tenant, principal)
        killed_at(point, lambda ticket=ticket: send(ticket, AUDIO))
        for key in Recording.objects.playable().values_list("storage_key", flat=True):
            assert storage.exists(key), point
        if fresh(ticket).is_unfinished:
            uploads.cancel(fresh(ticket))


def test_failpoints_are_armed_by_name_and_never_in_production(settings, monkeypatch):
    killed = []
    monkeypatch.setattr("os.kill", lambda *told: killed.append(told))
    settings.CALLHUB_FAILPOINT = "upload.claimed:kill"
    failpoints.reach("upload.probed")
    assert not killed
    assert no_failpoint_in_production() == []
    failpoints.reach("upload.claimed")
    assert len(killed) == 1
    settings.PRODUCTION = True
    failpoints.reach("upload.claimed")
    assert len(killed) == 1
    assert [problem.id for problem in no_failpoint_in_production()] == ["callhub.E005"]
    settings.PRODUCTION = False
    settings.CALLHUB_FAILPOINT = "upload.clamed:kill"
    assert [problem.id for problem in no_failpoint_in_production()] == ["callhub.E006"]


def test_a_failpoint_armed_by_a_file_fires_once(settings, monkeypatch, tmp_path):
    killed, file = [], tmp_path / "failpoint"
    monkeypatch.setattr("os.kill", lambda *told: killed.append(told))
    settings.CALLHUB_FAILPOINT = str(file)
    assert no_failpoint_in_production() == []
    failpoints.reach("dial.noted")
    file.write_text("dial.noted:kill\n")
    failpoints.reach("dial.claimed")
    assert not killed
    failpoints.reach("dial.noted")
    failpoints.reach("dial.noted")
    assert (len(killed), file.exists()) == (1, False)
