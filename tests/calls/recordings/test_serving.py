"""Audio goes out as audio and nothing else, whole or the part that was asked for."""

from __future__ import annotations

import hashlib
import io
import urllib.request
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.contrib import admin
from django.urls import path

from calls.choices import RecordingState
from calls.models import Recording
from calls.recordings import storage
from calls.recordings.errors import ObjectMissing, StorageTrouble
from calls.recordings.links import DOWNLOAD, LinkRefused, sign, verify
from calls.recordings.serving import serve
from tests.make import make_call, make_tenant, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
DATA = bytes(range(256)) * 4
STORED_AT = datetime(2026, 3, 2, 10, 0, 0, 500_000, tzinfo=UTC)
ETAG = f'"{hashlib.sha256(DATA).hexdigest()}"'


def _view(request, pk):
    return serve(request, Recording.objects.get(pk=pk), request.GET.get("as", "inline"))


urlpatterns = [path("audio/<uuid:pk>", _view), path("admin/", admin.site.urls)]


def make_recording(data: bytes = DATA, **fields) -> Recording:
    tenant = make_tenant()
    stored = storage.put(io.BytesIO(data), tenant, 1 << 30)
    return Recording.objects.create(
        tenant=tenant,
        **{
            "call": make_call(tenant),
            "state": RecordingState.STORED,
            "storage_key": stored.key,
            "size_bytes": stored.size,
            "sha256": stored.sha256,
            "mime": "audio/wav",
            "container": "wav",
            "stored_at": STORED_AT,
            **fields,
        },
    )


@pytest.fixture
def get(client, kept):
    recording = make_recording()

    def fetch(query: str = "", *, method: str = "get", **headers: str):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return getattr(client, method)(f"/audio/{recording.pk}{query}", headers=headers)

    fetch.recording = recording
    return fetch


def body(response) -> bytes:
    return response.getvalue() if hasattr(response, "getvalue") else response.content


def test_serves_the_whole(get):
    response = get()
    assert (response.status_code, body(response)) == (200, DATA)
    assert response["Content-Length"] == "1024"
    assert "Content-Range" not in response


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, 1023),
        ("bytes=100-299", 100, 299),
        ("bytes=1000-5000", 1000, 1023),
        ("bytes=1023-", 1023, 1023),
        ("bytes=-1", 1023, 1023),
        ("bytes=-24", 1000, 1023),
        ("bytes=-99999", 0, 1023),
        ("BYTES = 5-6", 5, 6),
    ],
)
def test_serves_one_range(get, wanted, start, end):
    response = get(range=wanted)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {start}-{end}/1024"
    assert response["Content-Length"] == str(end - start + 1)
    assert body(response) == DATA[start : end + 1]


@pytest.mark.parametrize("wanted", ["bytes=1024-", "bytes=5000-6000", "bytes=-0", "bytes=999999999999999999-"])
def test_a_range_beyond_the_end_is_416(get, wanted):
    response = get(range=wanted)
    assert (response.status_code, response["Content-Range"], body(response)) == (416, "bytes */1024", b"")


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=0-0,2-3",
        "bytes=" + ",".join(["0-"] * 5000),
        "bytes=5-4",
        "bytes=-",
        "bytes=a-b",
        "bytes=0x1-2",
        "bytes=1-2-3",
        "bytes=" + "9" * 400 + "-",
        "bytes=１-２",
        "seconds=1-2",
        "0-5",
        "",
    ],
)
def test_anything_but_one_range_is_answered_whole(get, wanted):
    response = get(range=wanted.encode("latin-1", "replace").decode("latin-1"))
    assert (response.status_code, body(response)) == (200, DATA)


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (ETAG, 206),
        ("W/" + ETAG, 200),
        ('"another"', 200),
        ("Mon, 02 Mar 2026 10:00:00 GMT", 206),
        ("Mon, 02 Mar 2026 10:00:01 GMT", 200),
        ("nonsense", 200),
    ],
)
def test_if_range_gives_the_part_of_the_same_version_only(get, condition, status):
    assert get(range="bytes=0-9", if_range=condition).status_code == status


def test_head_answers_alike_without_a_body(get):
    for headers in ({}, {"range": "bytes=10-19"}):
        response, whole = get(method="head", **headers), get(**headers)
        assert response.status_code == whole.status_code
        assert body(response) == b""
        assert response.headers.items() == whole.headers.items()


def test_a_version_the_client_has_is_not_sent_again(get):
    response = get(if_none_match=ETAG)
    assert (response.status_code, body(response), response["ETag"]) == (304, b"", ETAG)
    assert get(if_none_match='"another"').status_code == 200
    assert get(if_match='"another"').status_code == 412


@pytest.mark.parametrize("headers", [{}, {"range": "bytes=0-1"}, {"range": "bytes=9999-"}, {"if_none_match": ETAG}])
def test_row_46_every_answer_is_harmless(get, headers):
    response = get(**headers)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"] == "private, no-store"
    assert response["Accept-Ranges"] == "bytes"
    assert response["ETag"] == ETAG
    assert response.get("Content-Type", "audio/wav") == "audio/wav"
    assert response["Last-Modified"] == "Mon, 02 Mar 2026 10:00:00 GMT"


def test_the_name_is_made_here_and_the_way_is_chosen(get):
    name = f'filename="call-20260302-090000-{get.recording.pk.hex[-8:]}.wav"'
    assert get()["Content-Disposition"] == f"inline; {name}"
    assert get("?as=attachment")["Content-Disposition"] == f"attachment; {name}"
    assert get("?as=<script>")["Content-Disposition"].startswith("attachment")


def test_a_type_that_is_not_ours_is_served_as_bytes(client, on_disk):
    recording = make_recording(mime="text/html")
    assert client.get(f"/audio/{recording.pk}")["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("state", ["expected", "refused", "deleted", "absent"])
def test_serves_only_what_is_stored(rf, on_disk, state):
    recording = make_recording()
    recording.state = state
    with pytest.raises(ObjectMissing):
        serve(rf.get("/"), recording)


def test_row_25_a_missing_or_changed_object_is_trouble_never_half_a_file(rf, kept):
    recording = make_recording()
    storage.delete(recording.storage_key)
    with pytest.raises(ObjectMissing):
        serve(rf.get("/"), recording)
    storage.keeper().create(recording.storage_key, io.BytesIO(DATA[:-1]))
    with pytest.raises(StorageTrouble):
        serve(rf.get("/"), recording)


def test_a_closed_answer_lets_the_file_go(rf, on_disk):
    response = serve(rf.get("/"), make_recording())
    response.close()
    assert response.file_to_stream.read.__self__.source.closed


def test_leaves_the_bytes_to_nginx_where_configured(get, settings, kept):
    settings.CALLHUB_ACCEL_PREFIX = "/_recordings/"
    response = get(range="bytes=5-6")
    if kept == "s3":
        assert response.status_code == 206
        return
    assert (response.status_code, body(response)) == (200, b"")
    assert response["X-Accel-Redirect"] == f"/_recordings/{get.recording.storage_key}"
    assert response["Content-Type"] == "audio/wav"
    assert response["Content-Disposition"].startswith("inline")


def test_sends_listeners_to_the_bucket_where_configured(client, on_s3, settings):
    settings.CALLHUB_S3_REDIRECT = True
    recording = make_recording()
    response = client.get(f"/audio/{recording.pk}?as=attachment")
    assert response.status_code == 302
    assert parse_qs(urlsplit(response["Location"]).query)["X-Amz-Expires"] == ["300"]
    request = urllib.request.Request(response["Location"], headers={"Range": "bytes=1-2"})
    with urllib.request.urlopen(request) as answer:
        assert (answer.status, answer.read()) == (206, DATA[1:3])
        assert answer.headers["Content-Type"] == "audio/wav"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert client.head(f"/audio/{recording.pk}")["Content-Length"] == "1024"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wanted", [None, "bytes=100-299", "bytes=-5"])
def test_a_real_server_sends_the_right_bytes(live_server, on_disk, wanted):
    recording = make_recording(DATA * 1000)
    request = urllib.request.Request(f"{live_server.url}/audio/{recording.pk}", headers={"Range": wanted} if wanted else {})
    with urllib.request.urlopen(request) as answer:
        received = answer.read()
    expected = {None: DATA * 1000, "bytes=100-299": DATA[100:256] + DATA[:44], "bytes=-5": DATA[-5:]}[wanted]
    assert received == (DATA * 2)[100:300] if wanted == "bytes=100-299" else received == expected


def test_a_signed_link_is_for_one_person_one_recording_and_one_purpose(on_disk):
    one, other = make_recording(), make_recording()
    user = make_user(one.tenant)
    token = sign(one, user)
    assert verify(token, one) == str(user.pk)
    for recording, purpose in ((other, "play"), (one, DOWNLOAD)):
        with pytest.raises(LinkRefused):
            verify(token, recording, purpose)
    for forged in ("", token[:-1], token + "x", sign(one, make_user()).split(".")[0] + "." + token.split(".", 1)[1], "ö.ö.ö"):
        with pytest.raises(LinkRefused):
            verify(forged, one)


def test_row_49_a_signed_link_ends_after_300_seconds_and_with_the_audio(on_disk):
    recording = make_recording()
    user = make_user(recording.tenant)
    with time_machine.travel(STORED_AT, tick=False) as clock:
        token = sign(recording, user)
        clock.shift(299)
        assert verify(token, recording)
        clock.shift(2)
        with pytest.raises(LinkRefused):
            verify(token, recording)
    token = sign(recording, user)
    Recording.objects.filter(pk=recording.pk).advance(RecordingState.DELETED, storage_key="")
    recording.refresh_from_db()
    with pytest.raises(LinkRefused):
        verify(token, recording)
