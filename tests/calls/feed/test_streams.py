"""Streams of a real web process: what comes, comes at once; rights end them; and nobody else is kept waiting."""

from __future__ import annotations

import time

import pytest
from django.test import Client
from django.utils import timezone

from contacts import book
from tenants.models import ApiToken, Membership
from tests.calls.api.client import ApiClient
from tests.calls.feed.server import PATIENCE_S, Listener, web
from tests.make import make_call, make_center, make_contact, make_tenant, make_token, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(300)]


def until(is_so):
    deadline = time.monotonic() + PATIENCE_S
    while not (found := is_so()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def server(django_db_setup):
    with web(CALLHUB_WEB_THREADS=2, CALLHUB_STREAMS=8, CALLHUB_STREAM_CHECK_SECONDS=1) as running:
        yield running


@pytest.fixture
def tenant(transactional_db):
    return make_tenant()


@pytest.fixture
def listen(server):
    """Opens streams and hangs up at the end."""
    opened = []

    def open_one(*args, **options):
        opened.append(Listener(server, *args, **options))
        return opened[-1]

    yield open_one
    for listener in opened:
        listener.close()


@pytest.fixture
def join(listen):
    """Opens a stream as soon as there is room; those that were hung up take some seconds to be noticed."""

    def has_joined(*args, **options):
        listener = listen(*args, **options)
        return listener if listener.response.status_code != 503 else None

    return lambda *args, **options: until(lambda: has_joined(*args, **options))


def test_tells_what_comes_and_goes_on_where_a_client_stood(join, tenant):
    secret = make_token(tenant)
    before = make_call(tenant)
    first = join(secret=secret)
    assert first.response.status_code == 200
    assert first.response.headers["Content-Type"].startswith("text/event-stream")
    assert first.response.headers["Cache-Control"] == "no-store"
    assert first.response.headers["X-Accel-Buffering"] == "no"
    assert int(first.event()["retry"]) > 0
    call, contact = make_call(tenant), make_contact(tenant)
    told = first.changes(2)
    assert [change["id"] for change in told] == [str(call.pk), str(contact.pk)]
    assert told[1]["token"] == first.id
    first.close()
    book.remove_contact(contact)
    again = join(secret=secret, Last_Event_ID=first.id)
    assert [change["kind"] for change in again.changes(1)] == ["contact.deleted"]
    whole = join("stream?since=&object=call&expand=row", secret=secret)
    assert [change["row"]["id"] for change in whole.changes(2)] == [str(before.pk), str(call.pk)]


def test_the_admins_session_listens_until_it_is_logged_out(join, tenant):
    user, browser = make_user(tenant), Client()
    browser.force_login(user)
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    listener = join("stream", Cookie=cookie)
    assert listener.response.status_code == 200
    listener.event()
    call = make_call(tenant)
    assert listener.changes(1)[0]["id"] == str(call.pk)
    browser.logout()
    assert all("data" not in event for event in listener.rest())


@pytest.mark.parametrize("how", ["revoked", "another reach", "no member"])
def test_ends_with_the_rights_it_began_with(join, tenant, how):
    user = make_user(tenant)
    secret = make_token(tenant, user)
    listener = join(secret=secret)
    listener.event()
    if how == "revoked":
        ApiToken.objects.filter(user=user).update(revoked_at=timezone.now())
    elif how == "no member":
        Membership.objects.filter(user=user).delete()
    else:
        Membership.objects.filter(user=user).update(center=make_center(tenant))
    assert all("data" not in event for event in listener.rest())


def test_tells_nothing_of_another_tenant(join, tenant):
    other = make_tenant()
    listener = join("stream?since=", secret=make_token(tenant))
    make_call(other)
    make_contact(other)
    call = make_call(tenant)
    assert listener.changes(1)[0]["id"] == str(call.pk)


def test_beyond_the_cap_is_a_503_while_everybody_else_is_served(server, join, tenant):
    other = make_tenant()
    secrets = [make_token(tenant), make_token(other), make_token(tenant), make_token(other)]
    held = [join(secret=secrets[number % 4]) for number in range(8)]
    refused = server.get("stream", secrets[0])
    assert (refused.status_code, refused.json()["code"]) == (503, "too_many_streams")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert int(refused.headers["Retry-After"]) > 0
    assert server.get("calls", secrets[0]).status_code == 200
    waited = server.get("changes?since=now&wait=30", secrets[0])
    assert (waited.status_code, waited.json()["results"]) == (200, [])
    assert waited.headers["Retry-After"]
    call = make_call(tenant)
    assert [one.changes(1)[0]["id"] for one in held[::2]] == [str(call.pk)] * 4
    for one in held:
        one.close()
    assert join(secret=secrets[0])


def test_one_tenant_does_not_take_all_the_room(listen, join, tenant):
    other = make_token(make_tenant())
    for _ in range(4):
        join(secret=make_token(tenant))
    assert listen(secret=make_token(tenant)).response.status_code == 503
    assert join(secret=other)


def test_one_token_does_not_take_all_the_room_of_its_tenant(listen, join, tenant):
    secret = make_token(tenant)
    for _ in range(2):
        join(secret=secret)
    assert listen(secret=secret).response.status_code == 503
    assert join(secret=make_token(tenant))


def test_refuses_before_it_begins(server, tenant):
    secret = make_token(tenant)
    assert server.get("stream").status_code == 401
    assert server.get("stream?since=x", secret).status_code == 400
    assert server.get("stream", secret, Last_Event_ID="x").status_code == 400
    assert server.get("stream?object=line", secret).status_code == 400
    assert server.get("stream", secret, Accept="image/png").status_code == 406


def test_a_stream_ends_by_itself(tenant):
    with web(CALLHUB_STREAM_SECONDS=1) as server:
        assert Listener(server, secret=make_token(tenant)).rest()


def test_a_stopping_server_waits_for_no_stream(tenant):
    with web() as server:
        listener = Listener(server, secret=make_token(tenant))
        listener.event()
        assert server.stop() < 40
        assert all("data" not in event for event in listener.rest())


def test_through_the_test_client_a_stream_is_what_there_is(tenant):
    """Its life is 0 s in the tests."""
    api = ApiClient(tenant)
    make_call(tenant)
    text = b"".join(api.get("stream?since=").streaming_content).decode()
    assert text.count("event: change") == 1
