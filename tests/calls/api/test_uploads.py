"""Uploads over HTTP: announced, sent in each of the ways, refused and sent again, served to nobody else."""

from __future__ import annotations

import base64
import gzip
import hashlib
from datetime import timedelta

import pytest
import requests
import time_machine

from calls.models import Call, Recording, Upload
from calls.uploads import Told, direct
from tenants.choices import Role, Scope
from tests.calls.api.client import ApiClient, faults_of
from tests.calls.api.sending import AUDIO, NEW, OTHER, TUS, announce, patch, put
from tests.calls.api.test_schema import check
from tests.calls.recordings.conftest import on_disk, on_s3, s3_server
from tests.calls.uploads.sending import fresh, object_keys, spool_names
from tests.make import make_call, make_center

__all__ = ["on_disk", "on_s3", "s3_server"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_disk")]


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
    assert api.post(complete, {"size": 5}).status_code == 409


def test_two_who_finish_what_went_to_the_bucket_get_one_answer(api, on_s3):
    ticket = announce(api)
    send_form(ticket["ways"]["s3"], AUDIO)
    late = fresh(Upload.objects.get())
    assert api.post(f"uploads/{ticket['id']}/complete").status_code == 201
    kept = direct.take(late, Told())  # it read its ticket before the other was done
    assert (kept.is_new, kept.recording) == (False, Recording.objects.get())
