"""Recordings a link leads to: kept as a link, or brought here where the tenant wants it, from a real server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from calls import fetching, ledger, tasks
from calls.choices import AudioRefusal, EventKind, RecordingKind, RecordingState
from calls.drafts import CallChanges, CallDraft
from calls.models import Call, CallEvent, Recording, RecordingFetch
from calls.recordings import storage
from calls.uploads import sweeping
from tenants.choices import Role
from tests.calls.api.client import ApiClient
from tests.calls.outbound.receivers import Receiver, answers, floods, receiver, says
from tests.calls.recordings.conftest import use_disk
from tests.calls.uploads.sending import object_keys, speech, spool_names
from tests.calls.uploads.server import killed_at
from tests.make import STARTED_AT, make_call, make_tenant, make_user
from tests.services import free_port
from tests.twins import begun

pytestmark = pytest.mark.django_db
AUDIO = speech()
WAV = answers("200 OK", "Content-Type: text/html", body=AUDIO)  # what it says it is, nobody asks


@pytest.fixture(autouse=True)
def _inside(settings, tmp_path) -> None:
    use_disk(settings, tmp_path)
    settings.CALLHUB_OUTBOUND_ALLOW = ["127.0.0.0/8"]
    settings.CALLHUB_OUTBOUND_PORTS = ["1-65535"]


@pytest.fixture
def tenant():
    return make_tenant(fetches_links=True)


@pytest.fixture
def there() -> Iterator[Receiver]:
    """Where the audio is kept."""
    with receiver(WAV) as server:
        yield server


def expected(call: Call) -> Recording:
    return Recording.objects.select_related("fetch", "call", "tenant").get(call=call, kind=RecordingKind.AUDIO)


def linked(tenant, url: str) -> Recording:
    return expected(make_call(tenant, recording_url=url))


def leading_to(tenant, url: str) -> Recording:
    """As a link does whose name was an honest one when it was taken."""
    recording = linked(tenant, "https://example.com/a.wav")
    Recording.objects.filter(pk=recording.pk).update(url=url)
    return recording


def fetched(recording: Recording, behaviour: Callable | None = None) -> Recording:
    """The recording after a try, of its own server or of one that behaves like this."""
    if behaviour is None:
        fetching.fetch(str(recording.pk))
    else:
        with receiver(behaviour) as there:
            Recording.objects.filter(pk=recording.pk).update(url=there.url)
            fetching.fetch(str(recording.pk))
    return Recording.objects.select_related("fetch", "call", "tenant").get(pk=recording.pk)


# The tenant's choice


def test_links_are_only_kept_unless_the_tenant_wants_more(there) -> None:
    call = make_call(make_tenant(), recording_url=there.url)
    ledger.link_audio(call, there.url)
    ledger.amend(call, CallChanges(recording_url=f"{there.url}&other"))
    tasks.fetch_links()
    assert not RecordingFetch.objects.exists()
    assert there.connections == 0


def test_a_calls_link_is_fetched_and_kept_with_the_call(tenant, there) -> None:
    recording = linked(tenant, there.url)
    assert (recording.state, recording.fetch.attempts, recording.call.has_audio) == (RecordingState.EXPECTED, 0, False)
    assert fetching.due() == [str(recording.pk)]

    now = fetched(recording)
    assert (now.state, now.mime, now.duration_ms, now.size_bytes) == (RecordingState.STORED, "audio/wav", 2000, len(AUDIO))
    assert (now.sha256, now.url) == (hashlib.sha256(AUDIO).hexdigest(), there.url)
    assert (now.fetch.due_at, now.fetch.attempts, now.fetch.code) == (None, 1, "")
    assert (now.call.has_audio, now.call.recording_url) == (True, there.url)
    with storage.local_copy(now.storage_key) as path:
        assert path.read_bytes() == AUDIO
    assert CallEvent.objects.filter(call_id=now.call_id, kind=EventKind.RECORDING_STORED).count() == 1
    assert there.requests[0].startswith(b"GET /hook?key=value HTTP/1.1\r\n")
    assert (spool_names(), fetching.due()) == ([], [])


@pytest.mark.django_db(transaction=True)
def test_committing_a_call_rings_for_its_audio(tenant, there) -> None:
    recording = linked(tenant, there.url)
    assert recording.state == RecordingState.STORED
    assert recording.analysed_at is not None


def test_planhats_record_is_such_a_link(client, tenant, there) -> None:
    facts = {"nr": "+4670123456", "start": "2026-03-02T09:00:00.000Z", "end": "2026-03-02T09:01:00.000Z", "record": there.url}
    body = {"userId": "max123", "agentId": "987qwe", "waiting": 10, **facts}
    assert client.post(f"/{tenant.slug}/calls", json.dumps(body), "application/json").status_code == 200
    assert fetched(expected(Call.objects.get())).state == RecordingState.STORED


def test_a_changed_link_is_fetched_and_the_same_one_not_again(tenant, there) -> None:
    call = make_call(tenant)
    ledger.amend(call, CallChanges(recording_url=there.url))
    ledger.amend(call, CallChanges(notes="the same"))
    ledger.link_audio(call, there.url)
    ledger.amend(call, CallChanges(recording_url=f"{there.url}&more"))
    ledger.amend(call, CallChanges(recording_url=there.url))
    ledger.amend(call, CallChanges(recording_url=""))
    wanted = Recording.objects.filter(call=call, kind=RecordingKind.AUDIO).order_by("created_at")
    assert list(wanted.values_list("url", flat=True)) == [there.url, f"{there.url}&more"]


def test_many_calls_at_once_are_due_at_once(tenant, there, django_assert_max_num_queries) -> None:
    drafts = [
        CallDraft(
            source="api", started_at=STARTED_AT, external_id=f"call-{n}", recording_url=f"{there.url}&n={n}" if n % 2 else ""
        )
        for n in range(40)
    ]
    with django_assert_max_num_queries(20):
        ledger.record_many(tenant, drafts)
    assert len(fetching.due()) == 20


@pytest.mark.parametrize(
    ("wish", "tenants_wish", "count"), [(True, False, 1), (None, True, 1), (None, False, 0), (False, True, 0)]
)
def test_a_request_may_wish_otherwise_than_the_tenant(wish, tenants_wish, count, there) -> None:
    tenant = make_tenant(fetches_links=tenants_wish)
    call = make_call(tenant)
    api = ApiClient(tenant)
    body = {"url": there.url} if wish is None else {"url": there.url, "fetch": wish}
    link = api.post(f"calls/{call.pk}/recordings", body).json()
    assert (link["kind"], link["state"], link["fetch"]) == ("link", "stored", None)
    assert RecordingFetch.objects.count() == count


# What does not work out


WAITING = {
    "500": (answers("500 Internal Server Error"), "status", "answered 500"),
    "404": (answers("404 Not Found"), "status", "answered 404"),
    "429": (answers("429 Too Many Requests"), "status", "answered 429"),
    "half": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + AUDIO), "protocol", "broke off"),
    "garbage": (says(b"hello\r\n\r\n"), "protocol", "not an HTTP answer"),
}


@pytest.mark.parametrize("name", WAITING)
def test_what_may_pass_is_tried_again(name: str, tenant) -> None:
    behaviour, code, words = WAITING[name]
    now = fetched(linked(tenant, "http://127.0.0.1:8000/"), behaviour)
    assert (now.state, now.refusal) == (RecordingState.EXPECTED, "")
    assert (now.fetch.code, words in now.fetch.detail, now.fetch.attempts) == (code, True, 1)
    wait = now.fetch.due_at - timezone.now()
    assert timedelta(seconds=30) < wait < timedelta(seconds=70)
    assert (object_keys(), spool_names(), fetching.due()) == ([], [], [])
    with time_machine.travel(now.fetch.due_at + timedelta(seconds=1)):
        assert fetched(now, WAV).state == RecordingState.STORED


def test_retry_after_is_heard(tenant) -> None:
    now = fetched(linked(tenant, "http://127.0.0.1:8000/"), answers("503 Unavailable", "Retry-After: 7200"))
    assert timedelta(hours=1.9) < now.fetch.due_at - timezone.now() < timedelta(hours=2.1)


def test_after_the_last_try_the_recording_says_why(tenant) -> None:
    recording = linked(tenant, f"http://127.0.0.1:{free_port()}/")
    moment = timezone.now()
    for tries in range(1, fetching.MOST_ATTEMPTS + 1):
        with time_machine.travel(moment + timedelta(seconds=1)):
            recording = fetched(recording)
        assert recording.fetch.attempts == tries
        moment = recording.fetch.due_at
    assert (moment, recording.state, recording.refusal) == (None, RecordingState.REFUSED, AudioRefusal.UNREACHABLE)
    assert recording.refusal_detail == "The other side takes no connection (Connection refused)."


REFUSED = {
    "410": (answers("410 Gone"), AudioRefusal.UNREACHABLE, "answered 410"),
    "403": (answers("403 Forbidden"), AudioRefusal.UNREACHABLE, "answered 403"),
    "302": (answers("302 Found", "Location: http://127.0.0.1:8000/"), AudioRefusal.UNREACHABLE, "redirects are not followed"),
    "text": (answers("200 OK", "Content-Type: audio/wav", body=b"<html>Log in first</html>" * 10), AudioRefusal.NOT_AUDIO, ""),
    "nothing": (answers("200 OK"), AudioRefusal.EMPTY_AUDIO, ""),
    "cut": (answers("200 OK", body=AUDIO[: len(AUDIO) // 2]), AudioRefusal.TRUNCATED, ""),
    "endless": (floods(b"HTTP/1.1 200 OK\r\n\r\n" + AUDIO, bytes(65536)), AudioRefusal.TOO_LARGE, "larger than 200000 bytes"),
    "announced": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n"),
        AudioRefusal.TOO_LARGE,
        "larger than 200000 bytes",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_pass_is_refused_with_its_reason(name: str, tenant, settings) -> None:
    settings.CALLHUB_AUDIO_LIMIT = 200_000
    behaviour, refusal, words = REFUSED[name]
    now = fetched(linked(tenant, "http://127.0.0.1:8000/"), behaviour)
    assert (now.state, now.refusal, now.fetch.due_at) == (RecordingState.REFUSED, refusal, None)
    assert words in now.refusal_detail
    assert now.refusal_detail == now.fetch.detail
    assert (object_keys(), spool_names(), now.call.has_audio) == ([], [], False)


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://user:pw@example.com/", "http://[::1]/", "http://169.254.169.254/latest"]
)
def test_nobody_is_sent_inside_by_a_link(url: str, tenant) -> None:
    now = fetched(leading_to(tenant, url))
    assert (now.state, now.refusal, now.fetch.due_at) == (RecordingState.REFUSED, AudioRefusal.UNREACHABLE, None)
    assert now.fetch.code in ("address", "url")


def test_a_full_disk_is_tried_again(tenant, there, settings) -> None:
    recording = linked(tenant, there.url)
    settings.CALLHUB_FREE_SPACE_FLOOR = 2**62
    now = fetched(recording)
    assert (now.state, now.fetch.code, there.connections) == (RecordingState.EXPECTED, "storage", 0)


# Twice, too late, killed


def test_fetching_twice_keeps_one(tenant, there) -> None:
    recording = linked(tenant, there.url)
    assert [fetching.fetch(str(recording.pk)) for _ in range(3)] == [True, False, False]
    assert (there.connections, len(object_keys())) == (1, 1)


def test_whoever_comes_after_his_lease_keeps_nothing(tenant, there) -> None:
    recording = linked(tenant, there.url)
    late = fetching._claim(str(recording.pk))
    assert late is not None
    assert fetching.fetch(str(recording.pk)) is False  # it is claimed
    with time_machine.travel(late.due_at + timedelta(seconds=1)):
        assert fetching.due() == [str(recording.pk)]
        assert fetching.fetch(str(recording.pk)) is True
    assert ledger.note_fetch_failed(late, "timeout", "Too late.", again_at=None) is False
    now = expected(recording.call)
    assert (now.state, now.fetch.code, now.fetch.attempts) == (RecordingState.STORED, "", 2)


@pytest.mark.parametrize("how", ["removed", "call removed", "removed meanwhile"])
def test_audio_nobody_waits_for_is_not_kept(how: str, tenant, there) -> None:
    recording = linked(tenant, there.url)

    if how == "call removed":
        ledger.remove(recording.call)
        assert fetching.fetch(str(recording.pk)) is False
    elif how == "removed":
        ledger.remove_audio(recording)
        assert fetching.fetch(str(recording.pk)) is False
        assert RecordingFetch.objects.get().due_at is None
    else:
        claimed = fetching._claim(str(recording.pk))
        ledger.remove_audio(recording)
        with fetching._spool() as spool:
            answer = fetching._download(there.url, spool)
            assert answer.status == 200
            assert fetching._keep(claimed, fetching._audio(claimed, spool)) is False
        assert RecordingFetch.objects.get().due_at is None
    assert object_keys() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", ["fetch.claimed", "fetch.received", "fetch.object_kept"])
def test_a_worker_killed_over_it_costs_one_try(point: str, tenant, there, monkeypatch) -> None:
    with monkeypatch.context() as lost:
        lost.setattr("callhub.doorbell.ring", lambda *args: None)  # no thread of it is at work where a process is forked
        recording = linked(tenant, there.url)
    killed_at(point, lambda: fetching.fetch(str(recording.pk)))
    assert (expected(recording.call).state, fetching.due()) == (RecordingState.EXPECTED, [])
    with time_machine.travel(timezone.now() + fetching.LEASE + timedelta(seconds=1)):
        tasks.fetch_links()
        now = expected(recording.call)
        assert (now.state, now.fetch.attempts) == (RecordingState.STORED, 2)
    with time_machine.travel(timedelta(hours=27)):
        sweeping.sweep()
    assert (object_keys(), spool_names()) == ([now.storage_key], [])


def test_what_was_fetched_may_go_and_the_link_stays(tenant, there) -> None:
    now = fetched(linked(tenant, there.url))
    ledger.remove_audio(now)
    call = Call.objects.get()
    assert (call.has_audio, call.recording_url) == (False, there.url)


def test_the_sweeper_finds_what_nobody_rang_for(tenant, there) -> None:
    recordings = [linked(tenant, f"{there.url}&n={n}") for n in range(3)]
    tasks.fetch_links()
    assert {expected(row.call).state for row in recordings} == {RecordingState.STORED}


# What is seen of it


def test_the_api_tells_how_it_goes(tenant, there) -> None:
    api = ApiClient(tenant)
    recording = fetched(linked(tenant, "http://127.0.0.1:8000/"), answers("500 Oops"))
    told = api.get(f"recordings/{recording.pk}").json()
    assert (told["kind"], told["state"], told["url"]) == ("audio", "expected", recording.url)
    assert (told["fetch"]["attempts"], told["fetch"]["code"], told["fetch"]["detail"]) == (
        1,
        "status",
        "The other side answered 500.",
    )
    assert told["fetch"]["due_at"] > told["fetch"]["tried_at"]
    assert api.get(f"calls/{recording.call_id}/recordings").json()["results"][0]["fetch"] == told["fetch"]
    refused = fetched(leading_to(tenant, "http://10.0.0.1/"))
    assert [row["id"] for row in api.get("recordings?refusal=unreachable").json()["results"]] == [str(refused.pk)]


@pytest.mark.parametrize("address", ["recordings", "calls/{call}/recordings"])
def test_lists_cost_the_same_however_many_are_fetched(address, tenant) -> None:
    api, call = ApiClient(tenant), make_call(tenant)
    counts = []
    for n in (2, 50):
        for k in range(n):
            ledger.link_audio(call, f"http://example.com/{n}/{k}")
        api.get(address.format(call=call.pk))
        with CaptureQueriesContext(connection) as queries:
            assert len(api.get(f"{address.format(call=call.pk)}?page_size=100").json()["results"]) >= 2 * n
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_staff_see_why_and_have_it_tried_again(client, tenant, there) -> None:
    refused = fetched(linked(tenant, there.url), answers("410 Gone"))
    Recording.objects.filter(pk=refused.pk).update(url=there.url)
    client.force_login(make_user(tenant, Role.MANAGER, is_staff=True))
    page = reverse("admin:calls_call_change", args=[refused.call_id])
    shown = client.get(page).content.decode()
    assert "What the link leads to was not taken: The other side answered 410." in shown
    assert "Try to fetch it again" in shown
    again = reverse("admin:calls_recording_fetch", args=[refused.pk])
    assert client.get(again).status_code == 405
    assert "It is fetched now." in client.post(again, follow=True).content.decode()
    assert fetched(refused).state == RecordingState.STORED
    assert "There is nothing to fetch any more." in client.post(again, follow=True).content.decode()


def test_viewers_and_strangers_have_nothing_fetched(client, tenant) -> None:
    refused = fetched(leading_to(tenant, "http://10.0.0.1/"))
    again = reverse("admin:calls_recording_fetch", args=[refused.pk])
    for user in (make_user(tenant, Role.VIEWER, is_staff=True), make_user(make_tenant(), Role.OWNER, is_staff=True)):
        client.force_login(user)
        assert client.post(again).status_code == 404
    assert expected(refused.call).fetch.due_at is None


def test_owners_switch_it_on(client) -> None:
    tenant = make_tenant()
    client.force_login(make_user(tenant, Role.OWNER, is_staff=True))
    page = reverse("admin:tenants_tenant_change", args=[tenant.pk])
    assert 'name="fetches_links"' in client.get(page).content.decode()
    form = {"name": "Clinic", "time_zone": "Europe/Stockholm", "country": "SE", "fetches_links": "on"}
    assert client.post(page, form).status_code == 302
    tenant.refresh_from_db()
    assert tenant.fetches_links


@pytest.mark.django_db(transaction=True)
def test_who_erases_a_call_waits_for_its_audio_and_not_the_other_way_round_as_well(tenant, there, monkeypatch):
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)
    recording = linked(tenant, there.url)
    settle, others = ledger.fetching._settle, []

    def settling(*told):
        is_ours = settle(*told)
        others.append(begun(lambda: ledger.remove(recording.call)))
        return is_ours

    monkeypatch.setattr(ledger.fetching, "_settle", settling)
    assert fetching.fetch(str(recording.pk))
    others[0].result(60)
    assert not Call.objects.exists()
