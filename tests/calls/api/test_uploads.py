"""Uploads over HTTP: announced, sent in each of the ways, refused and sent again, served to nobody else."""

from __future__ import annotations

import base64
import gzip
import hashlib
from datetime import timedelta

import pytest
import requests
import time_machine
from django.conf import settings as django_settings

from calls.models import Call, CallEvent, Recording, Upload
from tenants.choices import Role, Scope
from tests.calls.api.client import BODY, ApiClient, faults_of
from tests.calls.api.test_schema import check
from tests.calls.recordings.conftest import on_disk, on_s3, s3_server
from tests.calls.uploads.sending import object_keys, speech, spool_names
from tests.make import make_call, make_center

__all__ = ["on_disk", "on_s3", "s3_server"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_disk")]

AUDIO, OTHER = speech(), speech(hertz=880.0)
NEW = {name: value for name, value in BODY.items() if name != "duration"}
TUS = {"Tus_Resumable": "1.0.0", "Content_Type": "application/offset+octet-stream"}


def announce(api, **more):
    response = api.post("uploads", {**NEW, **more})
    assert response.status_code == 201, response.content
    return response.json()


def put(api, ticket, audio=AUDIO, **headers):
    headers = {"Content_Type": "audio/wav", **headers}
    return api.send("PUT", f"uploads/{ticket['id']}/audio", raw=audio, **headers)


def patch(api, ticket, offset, data, **headers):
    return api.send("PATCH", f"uploads/{ticket['id']}/tus", raw=data, Upload_Offset=str(offset), **{**TUS, **headers})


def head(api, ticket):
    return api.send("HEAD", f"uploads/{ticket['id']}/tus", Tus_Resumable="1.0.0")


def test_a_ticket_says_where_what_and_how_long(api):
    response = api.post("uploads", {**NEW, "audio": {"size": len(AUDIO)}})
    ticket = response.json()
    assert response["Location"].endswith(f"/api/v1/uploads/{ticket['id']}")
    assert (ticket["state"], ticket["mode"], ticket["call"], ticket["expected_bytes"]) == ("open", "call", None, len(AUDIO))
    assert ticket["limit_bytes"] == 2 * 1024**3
    assert "audio/wav" in ticket["accepted"]
    assert set(ticket["ways"]) == {"put", "tus", "complete"}
    assert not Call.objects.exists()
    assert api.get("calls").json()["results"] == []


def test_the_whole_in_one_put_makes_the_call_appear(api):
    ticket = announce(api, notes="Asked for an offer.")
    response = api.send("PUT", ticket["ways"]["put"], raw=AUDIO, Content_Type="application/octet-stream")
    assert response.status_code == 201
    done = response.json()
    assert done["stored"] == {
        "size": len(AUDIO),
        "type": "audio/wav",
        "md5": hashlib.md5(AUDIO).hexdigest(),
        "sha256": hashlib.sha256(AUDIO).hexdigest(),
        "duration": 2.0,
    }
    call = api.get(f"calls/{done['call']}").json()
    assert (call["duration"], call["talk"], call["has_recording"], call["notes"]) == (2, 2, True, "Asked for an offer.")
    assert api.get(f"uploads/{ticket['id']}").json()["recording"] == done["recording"]
    assert [row["id"] for row in api.get("calls?has_recording=true").json()["results"]] == [done["call"]]


def test_the_same_bytes_again_are_a_200_and_others_a_409(api):
    ticket = announce(api)
    first, again, other = put(api, ticket), put(api, ticket), put(api, ticket, OTHER)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert again.json() == first.json()
    assert Call.objects.count() == len(object_keys()) == 1


REFUSALS = [
    (b"<svg onload=alert(1)>" * 20, {}, 422, "not_audio"),
    (b"", {}, 422, "empty_audio"),
    (AUDIO, {"Content_MD5": base64.b64encode(bytes(16)).decode()}, 422, "checksum_mismatch"),
    (AUDIO, {"Repr_Digest": "sha-256=:" + base64.b64encode(bytes(32)).decode() + ":"}, 422, "checksum_mismatch"),
    (AUDIO[:3000], {}, 422, "truncated"),
]


@pytest.mark.parametrize(("audio", "headers", "status", "code"), REFUSALS, ids=range(len(REFUSALS)))
def test_a_refusal_names_its_reason_and_the_ticket_still_works(api, audio, headers, status, code):
    ticket = announce(api, audio={"size": len(AUDIO)} if code == "truncated" else {})
    response = put(api, ticket, audio, **headers)
    assert (response.status_code, response.json()["code"]) == (status, code)
    now = api.get(f"uploads/{ticket['id']}").json()
    assert (now["state"], now["refusal"]["code"], now["refusal"]["count"]) == ("open", code, 1)
    assert put(api, ticket).status_code == 201
    assert spool_names() == []


def test_too_large_is_a_413(api, settings):
    settings.CALLHUB_AUDIO_LIMIT = 1000
    assert put(api, announce(api)).status_code == 413
    assert api.post("uploads", {**NEW, "audio": {"size": 1001}}).status_code == 413


def test_a_type_that_is_not_taken_is_a_415(api):
    assert api.post("uploads", {**NEW, "audio": {"type": "text/html"}}).json()["code"] == "type_not_allowed"


def test_right_checksums_pass(api):
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(AUDIO).digest()).decode()}:, unknown=:AA==:"
    md5 = base64.b64encode(hashlib.md5(AUDIO).digest()).decode()
    assert put(api, announce(api), Repr_Digest=digest, Content_MD5=md5).status_code == 201


@pytest.mark.parametrize("header", ["Content_MD5", "Repr_Digest"])
def test_a_checksum_that_cannot_be_read_is_a_400(api, header):
    value = "!!!" if header == "Content_MD5" else "sha-256=:A:"
    assert put(api, announce(api), **{header: value}).status_code == 400


def test_gzip_is_undone(api):
    done = put(api, announce(api), gzip.compress(AUDIO), Content_Encoding="gzip").json()
    assert done["stored"]["md5"] == hashlib.md5(AUDIO).hexdigest()
    assert put(api, announce(api), AUDIO, Content_Encoding="br").status_code == 415


BAD = [
    ({"audio": {"md5": "xyz"}}, "/audio/md5"), ({"audio": {"size": -1}}, "/audio/size"), ({"audio": {"x": 1}}, "/audio/x"),
    ({"audio": 7}, "/audio"), ({"started_at": "x"}, "/started_at"), ({"nonsense": 1}, "/nonsense"),
    ({"ended_at": "2026-03-01T00:00:00Z"}, "/ended_at"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "pointer"), BAD, ids=range(len(BAD)))
def test_what_is_announced_wrongly_is_named(api, more, pointer):
    response = api.post("uploads", {**NEW, **more})
    assert response.status_code == 400
    assert faults_of(response) == {pointer}
    assert not Upload.objects.exists()
    assert not Recording.objects.exists()


def test_answers_are_as_described(api, tenant):
    ticket = announce(api)
    key, call = ticket["id"], make_call(tenant).pk
    answers = [api.post("uploads", NEW), api.get("uploads"), api.get(f"uploads/{key}"), put(api, ticket, b"no audio")]
    answers += [put(api, ticket), put(api, ticket), put(api, ticket, OTHER), api.get(f"uploads/{key}"), api.get("uploads?x=1")]
    answers += [api.post(f"uploads/{key}/complete", {}), api.delete(f"uploads/{key}"), patch(api, ticket, 7, b"x")]
    answers += [api.post(f"calls/{call}/recordings", {"url": "https://example.com/a.wav"}), api.get(f"calls/{call}/recordings")]
    recording = ticket["recording"]
    answers += [api.get("recordings?count=true"), api.get(f"recordings/{recording}?expand=peaks"), api.get("recordings?state=x")]
    answers += [api.post(f"recordings/{recording}/links", {}), api.delete(f"recordings/{recording}")]
    answers += [
        api.get(f"recordings/{recording}/audio"),
        api.delete(f"uploads/{announce(api)['id']}"),
        api.get(f"uploads/{call}"),
    ]
    for response in answers:
        check(response)


def test_a_repeat_with_its_key_opens_one_ticket(api):
    first, again = (api.post("uploads", NEW, Idempotency_Key="a") for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert again["Idempotency-Replayed"] == "true"
    assert Upload.objects.count() == 1


def test_cancelling_forgets_it(api):
    ticket = announce(api)
    assert api.delete(f"uploads/{ticket['id']}").status_code == 204
    assert put(api, ticket).status_code == api.get(f"uploads/{ticket['id']}").status_code == 404


def test_a_complete_upload_cannot_be_cancelled(api):
    ticket = announce(api)
    put(api, ticket)
    assert api.delete(f"uploads/{ticket['id']}").status_code == 409


def test_row_20_a_ticket_is_no_ticket_to_anybody_else(api, stranger, tenant):
    """Unknown, foreign, expired, cancelled, truncated and case-changed ids: the same 404, word for word."""
    theirs = announce(stranger)["id"]
    mine, cancelled = announce(api)["id"], announce(api)["id"]
    api.delete(f"uploads/{cancelled}")
    with time_machine.travel(timedelta(hours=-25)):
        old = announce(api)["id"]
    calln = announce(api)["id"]
    Upload.objects.filter(pk=calln).update(door="calln")
    fellow = ApiClient(tenant, center=make_center(tenant), role=Role.AGENT)
    answers = {fellow.get(f"uploads/{mine}").content}
    changed = [mine.upper(), mine[:12], mine[:-1], "{" + mine + "}", "0" * 32, "x", f"urn:uuid:{mine}"]
    for key in (theirs, cancelled, old, calln, *changed):
        for method, way in (("GET", ""), ("DELETE", ""), ("PUT", "/audio"), ("POST", "/complete")):
            response = api.send(method, f"uploads/{key}{way}", raw=b"{}")
            assert response.status_code == 404, (key, method, way, response.content)
            answers.add(response.content)
        assert api.send("PATCH", f"uploads/{key}/tus", raw=b"x", Upload_Offset="0", **TUS).status_code == 404
    assert len(answers) == 1
    assert api.get(f"uploads/{mine}").status_code == api.get(f"uploads/{mine.replace('-', '')}").status_code == 200
    assert [row["id"] for row in api.get("uploads").json()["results"]] == [mine]


def test_who_only_reads_sends_nothing(tenant, api):
    reader = ApiClient(tenant, scope=Scope.READ)
    assert reader.post("uploads", NEW).status_code == put(reader, announce(api)).status_code == 403


def test_the_quota_is_a_403_that_ends_with_it(api, tenant):
    tenant.monthly_deposits = 1
    tenant.save()
    ticket = announce(api)
    refused = api.post("uploads", NEW)
    assert (refused.status_code, refused.json()["code"]) == (403, "quota")
    assert refused.json()["detail"].endswith("quota is reached: 1")
    api.delete(f"uploads/{ticket['id']}")
    announce(api)


# Calls that are there


def test_attaches_and_replaces(api, tenant):
    call = make_call(tenant)
    first = put(api, api.post("uploads", {"call": str(call.pk)}).json()).json()
    second = put(api, api.post("uploads", {"call": str(call.pk), "mode": "replace"}).json(), OTHER).json()
    rows = {row["id"]: row for row in api.get(f"calls/{call.pk}/recordings").json()["results"]}
    assert (rows[first["recording"]]["current"], rows[second["recording"]]["current"]) == (False, True)
    assert api.get(f"calls/{call.pk}").json()["version"] == 3
    assert first["call"] == second["call"] == str(call.pk)


def test_attaches_to_no_call_of_another_tenant_or_center(api, stranger, tenant):
    theirs = make_call(stranger.tenant)
    mine = make_call(tenant)
    fellow = ApiClient(tenant, center=make_center(tenant), role=Role.AGENT)
    for client, call in ((api, theirs), (fellow, mine)):
        response = client.post("uploads", {"call": str(call.pk)})
        assert (response.status_code, faults_of(response)) == (400, {"/call"})


def test_a_person_of_one_center_files_there(tenant):
    center = make_center(tenant)
    fellow = ApiClient(tenant, center=center, role=Role.AGENT)
    done = put(fellow, announce(fellow)).json()
    assert str(Call.objects.get(pk=done["call"]).center_id) == str(center.pk)
    assert fellow.get(f"recordings/{done['recording']}").status_code == 200


def test_a_link_is_kept_as_a_link(api, tenant):
    call = make_call(tenant)
    made = api.post(f"calls/{call.pk}/recordings", {"url": "https://pbx.example.com/a.wav"})
    assert (made.status_code, made.json()["kind"], made.json()["url"]) == (201, "link", "https://pbx.example.com/a.wav")
    shown = api.get(f"calls/{call.pk}").json()
    assert (shown["has_recording"], shown["recording_url"]) == (True, "https://pbx.example.com/a.wav")
    assert api.delete(f"recordings/{made.json()['id']}").status_code == 204
    assert not api.get(f"calls/{call.pk}").json()["has_recording"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://x/y", "", "//x", "https://"])
def test_a_link_leads_to_the_web(api, tenant, url):
    response = api.post(f"calls/{make_call(tenant).pk}/recordings", {"url": url})
    assert (response.status_code, faults_of(response)) == (400, {"/url"})


# tus


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


def test_lists_cost_the_same_however_long(api, tenant, django_assert_max_num_queries):
    for count in (2, 20):
        for _ in range(count):
            announce(api)
        make_call(tenant)
        for path in ("uploads", "recordings"):
            with django_assert_max_num_queries(5):
                assert len(api.get(path).json()["results"]) >= count


def test_a_length_that_is_no_number_is_a_400(api):
    ticket = announce(api)
    answer = api.http.put(
        f"/api/v1/uploads/{ticket['id']}/audio", AUDIO, headers={"Authorization": f"Bearer {api.secret}"}, CONTENT_LENGTH="x"
    )
    assert answer.status_code == 400


# Straight to the bucket


def send_form(form, audio):
    session = requests.Session()
    session.trust_env = False
    return session.post(form["url"], data=form["fields"], files={"file": ("any name", audio)}, timeout=30)


def test_straight_to_the_bucket(api, on_s3):
    ticket = announce(api, audio={"md5": hashlib.md5(AUDIO).hexdigest()})
    complete = f"uploads/{ticket['id']}/complete"
    assert api.post(complete).json()["code"] == "empty_audio"
    assert send_form(ticket["ways"]["s3"], b"<html>").status_code == 204
    assert api.post(complete).status_code == 422
    assert send_form(ticket["ways"]["s3"], AUDIO).status_code == 204
    done = api.post(complete)
    assert (done.status_code, done.json()["stored"]["size"]) == (201, len(AUDIO))
    assert object_keys() == [Recording.objects.get().storage_key]  # what lay aside is gone
    assert api.post(complete).status_code == 200


# Recordings


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
