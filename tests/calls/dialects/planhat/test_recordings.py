"""The link to a call's recording: the one a client gave, else one that plays what is stored here."""

from __future__ import annotations

import pytest

from calls import ledger
from calls.models import Call
from tenants.ids import short_id
from tests.calls.dialects.planhat.samples import LEAST, post_open, stored
from tests.make import make_call, make_recording, make_tenant

pytestmark = pytest.mark.django_db


def address(call):
    return f"/calls/{short_id(call.pk)}"


def record(api, call):
    return api("GET", address(call)).json().get("record")


def test_a_recording_that_is_stored_here_is_played_without_other_credentials(api, client, tenant):
    call = make_call(tenant)
    make_recording(call, b"the sound")
    links = [record(api, call), api("GET", "/calls").json()[0]["record"]]
    for link in links:
        assert link.startswith("http://testserver/api/v1/recordings/")
        assert b"".join(client.get(link).streaming_content) == b"the sound"


def test_a_link_that_a_client_gave_is_shown_before_what_is_stored(api, tenant):
    call = make_call(tenant, recording_url="https://rec.example/1.mp3")
    make_recording(call)
    assert record(api, call) == "https://rec.example/1.mp3"


def test_there_is_no_link_where_no_audio_is_stored(api, tenant):
    silent, removed, foreign = make_call(tenant), make_call(tenant), make_call(make_tenant())
    ledger.remove_audio(make_recording(removed), actor=None)
    make_recording(foreign)
    assert [record(api, silent), record(api, removed)] == [None, None]
    assert api("GET", address(foreign)).status_code == 404


def test_the_newer_file_is_played_where_it_replaced_another(api, client, tenant):
    call = make_call(tenant)
    make_recording(call, b"old")
    make_recording(call, b"new", replaces=True)
    assert b"".join(client.get(record(api, call)).streaming_content) == b"new"


def test_a_document_put_back_unchanged_leaves_the_link_where_it_was(api, tenant):
    linked, recorded = make_call(tenant, recording_url="https://rec.example/1.mp3"), make_call(tenant)
    for call in (linked, recorded):
        make_recording(call)
        document = api("GET", address(call)).json()
        assert api("PUT", address(call), document).json()["record"].split("?")[0] == document["record"].split("?")[0]
    assert Call.objects.get(pk=linked.pk).recording_url == "https://rec.example/1.mp3"
    kept = Call.objects.get(pk=recorded.pk)
    assert (kept.recording_url, "record" in kept.document) == ("", False)


def test_a_copy_of_a_document_does_not_point_to_a_link_that_ends(api, client, tenant):
    call = make_call(tenant)
    make_recording(call)
    copy = {**LEAST, "record": record(api, call)}
    assert stored(api("POST", "/calls", copy)).recording_url == ""
    assert stored(post_open(client, {**copy, "userId": "max", "agentId": "ag-1"})).recording_url == ""


def test_the_open_address_shows_no_play_link(api, client, tenant):
    body = {**LEAST, "agentId": "ag-1", "record": "https://rec.example/2.mp3"}
    assert post_open(client, body).json()["record"] == "https://rec.example/2.mp3"
    call = make_call(tenant)
    make_recording(call)
    assert "record" not in post_open(client, {**body, "record": record(api, call)}).json()


def test_a_link_of_that_form_elsewhere_is_a_clients_own(api, tenant):
    foreign = make_recording(make_call(make_tenant()))
    link = f"https://hub.example/api/v1/recordings/{foreign.pk}/audio?signature=x"
    assert stored(api("POST", "/calls", {**LEAST, "record": link})).recording_url == link


@pytest.mark.parametrize("count", [1, 6])
def test_a_list_takes_the_same_queries_however_many_recordings(api, tenant, django_assert_num_queries, count):
    for _ in range(count):
        make_recording(make_call(tenant))
    api("GET", "/calls")
    with django_assert_num_queries(3):  # token with membership, calls, recordings
        assert all("signature=" in call["record"] for call in api("GET", "/calls").json())
