"""What the vendor's page promises: answers wrapped for a script."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import SESSION_KEY

from tests.calls.dialects.hostedsuite.asking import (
    CREDENTIALS,
    REPLY,
    ask,
    listed,
    refusal,
)
from tests.make import (
    make_call,
    make_tenant,
    make_token,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_tenant("acme", time_zone="Europe/Stockholm", jsonp=True)


@pytest.mark.parametrize("callback", ["cb", "jQuery_1.cb$", "_", "a" * 64])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_callback_gets_the_same_body_as_a_script(client, acme, ann, callback, method):
    make_call(acme, notes="\u2028</script>\u2029ä")
    query = {**CREDENTIALS, "callback": callback}
    send = client.get if method == "get" else lambda path, **more: client.post(path, b"", "application/json", **more)
    response = send(REPLY, query_params=query)
    text = response.content.decode("ascii")
    assert text.startswith(f"/**/{callback}(")
    assert text.endswith(");")
    assert json.loads(text[len(callback) + 5 : -2]) == listed(client)
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies


@pytest.mark.parametrize(
    "callback",
    [
        "alert(1)//",
        "1cb",
        "a b",
        "cb;",
        "<script>",
        "a" * 65,
        "cb\n",
        "\ncb",
        "ünïcode",
        "cb[0]",
        ".cb",
        "a-b",
        "cb%28",
        "CWSabc!",
        "\u2028",
    ],
)
def test_any_other_callback_is_refused(client, acme, ann, callback):
    for path in ("/api/calls", REPLY):
        response = client.post(path, b"", "application/json", query_params={**CREDENTIALS, "callback": callback})
        assert refusal(response, 400)["Errors"][0]["FieldName"] == "callback"
        assert callback not in response.content.decode()


def test_a_callback_is_answered_to_post_at_every_tenant_and_to_get_where_it_is_switched_on(client, acme, ann):
    assert make_tenant().jsonp is False
    acme.jsonp = False
    acme.save()
    for path in ("/api/calls", "/api/calls.json", "/api/clients", REPLY):
        assert ask(client, path=f"{path}?callback=cb").content.startswith(b"/**/cb(")
    response = client.get(REPLY, query_params={**CREDENTIALS, "callback": "cb"})
    assert refusal(response, 403)["ErrorCode"] == "Forbidden"


def test_a_callback_is_not_answered_to_get_beside_a_session_or_a_header(client, acme, ann):
    query = {**CREDENTIALS, "callback": "cb"}
    refusal(client.get(REPLY, query_params=query, headers={"authorization": f"Bearer {make_token(acme, ann)}"}), 403)
    client.force_login(ann)
    assert SESSION_KEY in client.session
    refusal(client.get(REPLY, query_params=query), 403)
    assert ask(client, path="/api/calls?callback=cb").status_code == 200


def test_a_session_alone_opens_nothing(client, acme, ann):
    client.force_login(ann)
    refusal(client.post("/api/calls", {}, content_type="application/json"), 401)
    refusal(client.get(REPLY), 401)


def test_a_callback_in_the_body_is_no_callback(client, acme, ann):
    assert ask(client, {"callback": "cb"})["Content-Type"].startswith("application/json")


def test_a_refusal_is_never_a_script(client, acme, ann):
    query = {**CREDENTIALS, "Password": "wrong", "callback": "cb"}
    response = client.get(REPLY, query_params=query)
    refusal(response, 401)
    assert response["Content-Type"].startswith("application/json")
