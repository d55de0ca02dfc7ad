"""Uploads over HTTP in parts: resumed, of a length told later, refused as the protocol says (tus 1.0.0)."""

from __future__ import annotations

import base64
import hashlib

import pytest
from django.conf import settings as django_settings

from calls.models import Recording
from tests.calls.api.sending import AUDIO, OTHER, TUS, announce, head, patch
from tests.calls.recordings.conftest import on_disk, on_s3, s3_server

__all__ = ["on_disk", "on_s3", "s3_server"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_disk")]


def test_tus_says_what_it_can(api):
    response = api.send("OPTIONS", f"uploads/{announce(api)['id']}/tus")
    assert response.status_code == 204
    assert response["Tus-Version"] == response["Tus-Resumable"] == "1.0.0"
    assert response["Tus-Extension"] == "expiration,checksum,termination"
    assert response["Tus-Max-Size"] == str(django_settings.CALLHUB_AUDIO_LIMIT)
    assert "sha1" in response["Tus-Checksum-Algorithm"].split(",")


def test_tus_sends_in_parts_and_goes_on_where_it_stopped(api):
    ticket = announce(api, audio={"size": len(AUDIO)})
    state = head(api, ticket)
    assert (state["Upload-Offset"], state["Upload-Length"]) == ("0", str(len(AUDIO)))
    assert "no-store" in state["Cache-Control"]
    first = patch(api, ticket, 0, AUDIO[:9000])
    assert (first.status_code, first["Upload-Offset"]) == (204, "9000")
    assert first["Upload-Expires"].endswith("GMT")
    assert head(api, ticket)["Upload-Offset"] == "9000"
    last = patch(api, ticket, 9000, AUDIO[9000:])
    assert (last.status_code, last["Upload-Offset"]) == (204, str(len(AUDIO)))
    assert head(api, ticket)["Upload-Offset"] == str(len(AUDIO))
    assert api.get(f"uploads/{ticket['id']}").json()["stored"]["md5"] == hashlib.md5(AUDIO).hexdigest()


def test_the_last_part_sent_again_gets_the_same_answer_and_other_bytes_a_409(api):
    ticket = announce(api, audio={"size": len(AUDIO)})
    patch(api, ticket, 0, AUDIO[:9000])
    last = patch(api, ticket, 9000, AUDIO[9000:])
    for offset, part in ((9000, AUDIO[9000:]), (0, AUDIO)):
        again = patch(api, ticket, offset, part)
        assert (again.status_code, again["Upload-Offset"]) == (204, last["Upload-Offset"])
    others = (9000, OTHER[9000:]), (9000, AUDIO[9000:-1]), (len(AUDIO), b"x"), (9000, AUDIO[9000:] + b"x"), (10**6, b"x")
    assert {patch(api, ticket, offset, part).status_code for offset, part in others} == {409}
    assert (head(api, ticket).status_code, head(api, ticket)["Upload-Offset"]) == (200, str(len(AUDIO)))
    assert Recording.objects.count() == 1


def test_the_end_said_again_gets_the_same_answer_unless_it_names_other_audio(api):
    ticket = announce(api)
    patch(api, ticket, 0, AUDIO)
    said = {"size": len(AUDIO), "sha256": hashlib.sha256(AUDIO).hexdigest()}
    done, again = (api.post(f"uploads/{ticket['id']}/complete", said) for _ in range(2))
    assert (done.status_code, again.status_code, again.json()) == (201, 200, done.json())
    for other in ({"size": 5}, {"sha256": hashlib.sha256(OTHER).hexdigest()}, {"md5": "0" * 32}):
        assert api.post(f"uploads/{ticket['id']}/complete", other).status_code == 409


def test_tus_learns_the_length_later(api):
    ticket = announce(api)
    assert head(api, ticket)["Upload-Defer-Length"] == "1"
    patch(api, ticket, 0, AUDIO[:9000])
    patch(api, ticket, 9000, AUDIO[9000:], Upload_Length=str(len(AUDIO)))
    assert api.get(f"uploads/{ticket['id']}").json()["state"] == "complete"


def test_tus_refuses_what_the_protocol_says(api):
    ticket = announce(api, audio={"size": len(AUDIO)})
    patch(api, ticket, 0, AUDIO[:1000])
    wrong = base64.b64encode(bytes(20)).decode()
    assert patch(api, ticket, 0, b"x").status_code == 409
    assert patch(api, ticket, 1000, b"x", Tus_Resumable="0.2").status_code == 412
    assert patch(api, ticket, 1000, b"x", Content_Type="audio/wav").status_code == 415
    assert patch(api, ticket, "-1", b"x").status_code == patch(api, ticket, "x", b"x").status_code == 400
    assert patch(api, ticket, 1000, AUDIO[1000:2000], Upload_Checksum=f"sha1 {wrong}").status_code == 460
    assert patch(api, ticket, 1000, b"x", Upload_Checksum="crc32 AAAA").status_code == 400
    assert patch(api, ticket, 1000, b"x", Upload_Length="5").status_code == 409
    assert patch(api, ticket, 1000, AUDIO + AUDIO).status_code == 413
    assert head(api, ticket)["Upload-Offset"] == "1000"
    right = base64.b64encode(hashlib.sha1(AUDIO[1000:]).digest()).decode()
    assert patch(api, ticket, 1000, AUDIO[1000:], Upload_Checksum=f"sha1 {right}").status_code == 204


def test_tus_begins_again_after_a_refusal(api):
    ticket = announce(api, audio={"size": 2000})
    assert patch(api, ticket, 0, b"x" * 2000).status_code == 422
    assert head(api, ticket)["Upload-Offset"] == "0"


def test_tus_ends_an_upload(api):
    ticket = announce(api)
    assert api.send("DELETE", f"uploads/{ticket['id']}/tus", Tus_Resumable="1.0.0").status_code == 204
    assert api.send("PATCH", f"uploads/{ticket['id']}/tus", raw=b"x", Upload_Offset="0", **TUS).status_code == 404


def test_tus_takes_a_post_for_a_patch(api):
    ticket = announce(api)
    path = f"uploads/{ticket['id']}/tus"
    response = api.send("POST", path, raw=AUDIO, Upload_Offset="0", X_HTTP_Method_Override="PATCH", **TUS)
    assert (response.status_code, response["Upload-Offset"]) == (204, str(len(AUDIO)))
    assert api.send("POST", path, raw=AUDIO, **TUS).status_code == 405


def test_an_upload_in_parts_without_a_size_is_finished_on_request(api):
    ticket = announce(api)
    assert api.post(f"uploads/{ticket['id']}/complete").json()["code"] == "empty_audio"
    patch(api, ticket, 0, AUDIO)
    assert api.post(f"uploads/{ticket['id']}/complete", {"md5": "0" * 32}).json()["code"] == "checksum_mismatch"
    patch(api, ticket, 0, AUDIO)
    assert api.post(f"uploads/{ticket['id']}/complete", {"size": len(AUDIO)}).status_code == 201
    assert api.post(f"uploads/{ticket['id']}/complete").status_code == 200
