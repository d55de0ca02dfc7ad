"""What the vendor's page promises once a call is placed, in its order: acting on it, lists, tokens, errors."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import pytest

from calls.models import Origination
from tests.calls.dialects.voipnow.asking import (
    CREATE,
    RINGS_ON,
    SAMPLES,
    Client,
    order,
    refusal,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_hang_up_and_again(api, clock):
    call = api.created()
    clock.shift(4)
    address = call["link"]["self"]
    response = api.delete(address)
    assert response.status_code == 200
    assert response.json() == [{"id": call["id"], "extension": "0003*210"}]
    again = api.delete(address)
    assert (again.status_code, again.content) == (204, b"")
    assert api.entry(address) == []
    assert Origination.objects.get().state == "ended"


def test_parking_is_not_offered_and_an_unknown_action_is_refused(api, clock):
    """No exchange here has a parking lot (a backend says what it can do), so this is the vendor's own 501."""
    address = api.created()["link"]["self"]
    clock.shift(4)
    refusal(api.put(address, {"action": "Park", "phoneCallViewId": "00"}), "request_not_implemented", 501)
    for action in ("Dance", "", None, 5, []):
        refusal(api.put(address, {"action": action, "phoneCallViewId": "00"}), "pc_action_invalid")


def test_what_the_exchange_can_do_is_answered_with_the_call(api, clock):
    address = api.created()["link"]["self"]
    clock.shift(4)
    held = api.put(address, {"action": "OnHold", "phoneCallViewId": "00"})
    assert held.status_code == 200
    view = held.json()["phoneCallView"][0]
    assert (view["onHold"], view["holder"], view["parked"]) == (True, "0003*210", False)


def test_only_the_fields_that_were_asked_for(api):
    [created] = api.post(order(nonce="n"), f"{CREATE}?fields=id").json()
    assert set(created) == {"id"}
    [entry] = api.entry(f"/uapi/phoneCalls/@me/@self/{created['id']}?fields=id")
    assert set(entry) == {"id"}
    [created] = api.post(order(nonce="n"), f"{CREATE}?fields=id,nonce,links").json()
    assert set(created) == {"id", "nonce", "links"}
    refusal(api.get("/uapi/phoneCalls/@me/@self?fields=id,secret"), "fields_invalid")


def form_of(acme, ann, **wrong):
    from tenants import oauth

    app, secret = oauth.make_app(acme, name="CRM", user=ann)
    text = (SAMPLES / "token_form.txt").read_text()
    return text.format(**{"client_id": app.client_id, "client_secret": secret, **wrong})


@pytest.mark.parametrize("path", ["/oauth/token.php", "/oauth/token", "/oauth/token/", "/voipnow/oauth/token.php"])
def test_a_token_for_id_and_secret(client, acme, ann, path):
    """The form is the vendor's own sample: it begins with a stray ampersand."""
    response = client.post(path, form_of(acme, ann), "application/x-www-form-urlencoded")
    assert response.status_code == 200
    body = response.json()
    assert body.keys() >= {"access_token", "expires_in", "token_type"}
    assert body["expires_in"] == 7200
    assert Client(client, body["access_token"]).created()


@pytest.mark.parametrize("wrong", [{"client_secret": "wrong"}, {"client_id": "wrong"}, {"client_secret": ""}])
def test_a_bad_secret(client, acme, ann, wrong):
    response = client.post("/oauth/token.php", form_of(acme, ann, **wrong), "application/x-www-form-urlencoded")
    assert 400 <= response.status_code < 500
    assert response.json() == {"error": "invalid_client"}


@pytest.mark.parametrize("scheme", ["Basic ", "basic\t "])
def test_basic_credentials_that_are_not_text(client, scheme):
    header = {"Authorization": scheme + base64.b64encode(b"\xff\xfe:x").decode()}
    response = client.post("/oauth/token", {"grant_type": "client_credentials"}, content_type="application/json", headers=header)
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


def test_pages_of_the_list(api, org, ann, clock):
    calls = []
    for _ in range(25):
        calls.append(api.created(destination=RINGS_ON)["id"])
        clock.shift(0.1)
    first = api.get("/uapi/phoneCalls/@me/@self").json()
    assert [entry["id"] for entry in first["entry"]] == calls[:4:-1]
    assert (first["totalResults"], first["startIndex"], first["itemsPerPage"]) == (25, 0, 20)
    assert first["links"].keys() == {"next"}
    second = api.get(first["links"]["next"]).json()
    assert [entry["id"] for entry in second["entry"]] == calls[4::-1]
    assert second["links"].keys() == {"prev"}
    middle = api.get("/uapi/phoneCalls/@me/@self?startIndex=10&count=5&sortOrder=ascending").json()
    assert [entry["id"] for entry in middle["entry"]] == calls[10:15]
    assert middle["links"].keys() == {"prev", "next"}


@pytest.mark.parametrize("count", ["0", "-1", "x", "5001", "1.5"])
def test_bad_counts(api, count):
    refusal(api.get(f"/uapi/phoneCalls/@me/@self?count={count}"), "count_invalid")


def test_every_error_has_code_and_message(api, client):
    answers = [
        api.get("/uapi/nothing"),
        api.put(CREATE, {}),
        api.post({}),
        api.get("/uapi/phoneCalls/@me/4711"),
        api.post(order(), "/uapi/phoneCalls/@me/conferenceInvite"),
        client.get("/uapi/cdr/"),
    ]
    assert [answer.status_code for answer in answers] == [404, 405, 400, 400, 501, 401]
    for answer in answers:
        assert set(answer.json()["error"]) == {"code", "message"}
        assert all(isinstance(text, str) and text for text in answer.json()["error"].values())


def test_made_up_ids_of_applications_do_not_each_begin_a_count(client, db, settings):
    settings.CALLHUB_CALLS_PER_MINUTE = 5
    statuses = []
    for number in range(8):
        body = {"grant_type": "client_credentials", "client_id": f"made-up-{number}", "client_secret": "x"}
        answer = client.post("/oauth/token.php", urlencode(body), "application/x-www-form-urlencoded")
        statuses.append(answer.status_code)
    assert statuses[5:] == [429] * 3
