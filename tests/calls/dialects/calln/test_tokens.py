"""Tokens of /api/userauthtoken: they live for minutes, may what their rights name, and end with what they were asked for by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tenants.choices import Role
from tenants.models import ApiToken, Membership
from tests.calls.dialects.calln.asking import NAME, ask, call_body, refusal, speech
from tests.make import PASSWORD, make_center, make_line, make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db


def token_of(client, query="", **more):
    answer = ask(client, "GET", f"/api/userauthtoken?{query}", **more)
    assert answer.status_code == 200, answer.content
    assert set(answer.json()) == {"token", "expiry"}
    return answer.json()["token"]


def by(client, token, method, path, body=b"", **headers):
    authorization = {"Authorization": f"Token {token}", **headers}
    return client.generic(method, path, body, content_type=headers.pop("type", "application/json"), headers=authorization)


def announce(client, token):
    return by(client, token, "POST", "/api/call", call_body().encode())


def test_uploads_a_whole_call(client, ann):
    token = token_of(client, "rights=CALLCREATE,callaudiocreate")
    key = announce(client, token).json()["tempcallid"]
    headers = {"Authorization": f"Token {token}", "Content-Range": "chunk 1/1"}
    answer = client.generic("PUT", f"/api/callaudio/{key}", speech(), content_type="audio/wav", headers=headers)
    assert answer.json() == {"status": "complete"}


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("POST", "/api/call", "CALLCREATE"), ("GET", "/api/call", "CALLREAD"), ("GET", "/api/call/1", "CALLREAD"),
        ("GET", "/api/callaudits/1", "CALLREAD"), ("GET", "/api/callaudio/1", "CALLAUDIOREAD"),
        ("GET", "/api/client", "CLIENTREAD"), ("POST", "/api/client", "CLIENTCREATE"), ("GET", "/api/handset", "HANDSETREAD"),
        ("POST", "/api/handset", "HANDSETCREATE"),
        ("POST", "/api/v2/call", "CALLCREATE"), ("GET", "/api/v2/call", "CALLREAD"),
    ],
)  # fmt: skip
def test_may_only_what_its_rights_name(client, ann, method, path, right):
    other = "CALLAUDIOCREATE"
    body = b'{"startdatetimeutc": "2013-10-09 15:23:54", "name": "x", "phonenumber": "0312345678"}' if method == "POST" else b""
    assert right in refusal(by(client, token_of(client, f"rights={other}"), method, path, body), 403)
    answer = by(client, token_of(client, f"rights={other},{right}"), method, path, body)
    assert right not in answer.content.decode()


def test_without_rights_it_may_what_its_person_may(client, ann):
    token = token_of(client)
    assert announce(client, token).status_code == 200
    assert by(client, token, "GET", "/api/call").status_code == 200


@pytest.mark.parametrize(("query", "minutes"), [("", 10), ("durationminutes=1", 1), ("DurationMinutes=60", 60)])
def test_lives_as_long_as_asked(client, ann, query, minutes):
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    with time_machine.travel(now, tick=False) as clock:
        answer = ask(client, "GET", f"/api/userauthtoken?{query}").json()
        assert answer["expiry"] == f"{now + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"
        clock.shift(timedelta(minutes=minutes, seconds=-1))
        assert announce(client, answer["token"]).status_code == 200
        clock.shift(timedelta(seconds=1))
        refusal(announce(client, answer["token"]), 401)


@pytest.mark.parametrize("minutes", ["0", "61", "-1", "x", "1.5", "9" * 30, "%D9%A1"])
def test_refuses_other_durations(client, ann, minutes):
    assert "durationminutes" in refusal(ask(client, "GET", f"/api/userauthtoken?durationminutes={minutes}"), 400)


def test_refuses_rights_nobody_knows(client, ann):
    assert "rights" in refusal(ask(client, "GET", "/api/userauthtoken?rights=CALLCREATE,EVERYTHING"), 400)


def test_cannot_ask_for_another_token(client, ann):
    refusal(by(client, token_of(client), "GET", "/api/userauthtoken"), 403)


@pytest.mark.parametrize("text", ["", "x", "a:b:c", "é", "\udcff"])
def test_refuses_what_is_no_token(client, ann, text):
    refusal(announce(client, text), 401)


def test_refuses_a_token_that_was_changed(client, ann):
    claims, *signature = token_of(client).split(":")
    refusal(announce(client, ":".join([claims[:-2] + "AA", *signature])), 401)


def test_opens_no_other_door(client, ann):
    token = token_of(client)
    for header in (f"Bearer {token}", f"Token {token}"):
        assert client.get("/api/v1/calls/", headers={"Authorization": header}).status_code == 401
        assert client.get("/calls", headers={"Authorization": header}).status_code == 401


def test_ends_with_the_password(client, ann):
    token = token_of(client)
    ann.set_password("another-password")
    ann.save()
    refusal(announce(client, token), 401)


def test_ends_with_the_api_token_it_was_asked_for_with(client, acme, ann):
    token = token_of(client, password=make_token(acme, ann))
    assert announce(client, token).status_code == 200
    ApiToken.objects.update(revoked_at=datetime.now(UTC))
    refusal(announce(client, token), 401)


def test_keeps_the_scope_of_that_api_token(client, acme, ann):
    token = token_of(client, password=make_token(acme, ann, scope="read"))
    assert "only read" in refusal(announce(client, token), 403)


def test_ends_with_the_place_of_its_person(client, acme, ann):
    token = token_of(client)
    Membership.objects.update(role=Role.VIEWER)
    refusal(announce(client, token), 403)
    Membership.objects.all().delete()
    refusal(announce(client, token), 401)


def test_ends_with_its_person_and_its_account(client, acme, ann):
    token = token_of(client)
    acme.is_active = False
    acme.save()
    refusal(announce(client, token), 401)
    acme.is_active, ann.is_active = True, False
    acme.save()
    ann.save()
    refusal(announce(client, token), 401)


def test_acts_in_a_client_of_the_reseller(client, acme, ann):
    theirs = make_tenant("client", parent=acme)
    make_tenant("stranger")
    token = token_of(client, "domainname=client")
    answer = by(client, token, "POST", "/api/handset", b'{"phonenumber": "+46701234567"}')
    assert answer.json()["clientid"] == str(theirs.pk)
    for name in ("stranger", "nobody"):
        assert "domainname" in refusal(ask(client, "GET", f"/api/userauthtoken?domainname={name}"), 400)
    theirs.parent = None
    theirs.save()
    refusal(announce(client, token), 401)


def test_nobody_limited_to_a_center_acts_in_a_client(client, acme):
    make_tenant("client", parent=acme)
    make_user(acme, username="cy", center=make_center(acme))
    refusal(ask(client, "GET", "/api/userauthtoken?domainname=client", user="cy"), 400)


def test_a_viewer_may_look_and_not_announce(client, acme):
    make_user(acme, Role.VIEWER, username="vi")
    make_line(make_tenant("client", parent=acme), "+46701234567")
    assert "only read" in refusal(ask(client, "POST", "/api/call", call_body(), user="vi"), 403)  # before 405
    refusal(ask(client, "POST", "/api/call", "{}", user="vi"), 400)  # and after 400
    assert ask(client, "GET", "/api/call", user="vi").status_code == 200


def test_a_bearer_token_or_a_session_is_no_credential_here(client, acme, ann):
    client.force_login(ann)
    refusal(client.get("/api/call"), 401)
    refusal(client.get("/api/call", headers={"Authorization": f"Bearer {make_token(acme, ann)}"}), 401)
    assert ask(client, "GET", "/api/call", user=NAME, password=PASSWORD).status_code == 200
