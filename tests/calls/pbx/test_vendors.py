"""The requests of VoipNow's and FoneStorm's pages, bodies unchanged, ring real telephones.

The phone network of the lab answers the numbers that the pages call, and 5302040 rings in vain there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from tests.asterisk import telephones
from tests.asterisk.tones import tone_share
from tests.calls.pbx.house import House
from tests.calls.webhooks.receiver import receiver

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(400)]

SAMPLES = Path(__file__).parents[2] / "samples"
TRYING, RINGING, OFF_HOOK, OTHER_SIDE_RINGING, ON_CALL = IN_ORDER = (2, 3, 1, 4, 5)  # the page's numbers of a view's status
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def voipnow(house: House) -> Callable[..., Any]:
    """Sends with the token that ``token.php`` gives for what ``create_tenant`` printed."""
    form = (SAMPLES / "voipnow/token_form.txt").read_text("utf-8").format(**house.credentials)
    answer = house.send("POST", "/oauth/token.php", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 200, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}", **JSON}
    return lambda method, path, **more: house.send(method, path, headers=headers, **more)


@pytest.fixture(scope="module")
def fonestorm(house: House) -> Callable[..., Any]:
    """Sends with the token that ``/v2/auth`` gives for the owner's password."""
    person = {name: house.credentials[name] for name in ("username", "password")}
    answer = house.send("POST", "/v2/auth", json=person, headers={})
    assert answer.status_code == 201, answer.text
    headers = {"token": answer.json()["auth"]["token"], **JSON}
    return lambda method, path, **more: house.send(method, path, headers=headers, **more)


def sample(name: str) -> bytes:
    """A vendor's document as it is printed."""
    return (SAMPLES / name).read_bytes()


def owner_number(house: House) -> int:
    """The owner's number, which the page's example has as 12."""
    [row] = house.rows("SELECT number FROM tenants_membership WHERE number IS NOT NULL ORDER BY number LIMIT 1")
    return int(row["number"])


def created(answer: Any) -> tuple[str, str]:
    """Path of the new call's ``self``, and its extension."""
    assert answer.status_code == 202, answer.text
    [call] = answer.json()
    assert call["link"]["self"] == call["links"]["self"]
    return call["links"]["self"].partition("127.0.0.1")[2].partition("/")[2], call["extension"]


def latest(house: House) -> dict[str, Any]:
    """The newest request to call."""
    return house.get("originations/?page_size=1")["results"][0]


def rung(house: House, *digits: str) -> list[int]:
    """How often each of these numbers was rung so far."""
    return [len(house.invitations(number)) for number in digits]


@pytest.mark.parametrize(
    ("name", "destination"),
    [("overview", "5353535"), ("public_numbers", "3235742879"), ("as_administrator", "3235742879")],
)
def test_voipnow_rings_real_phones_is_polled_until_answered_and_deleted(house, voipnow, name, destination):
    numbers = ("5354353", "5302040", destination)  # as they are written: no valid ones of Sweden
    before = rung(house, *numbers)
    user = owner_number(house) if name == "as_administrator" else "@me"
    body = sample(f"voipnow/{name}.json")
    path, extension = created(voipnow("POST", f"/uapi/phoneCalls/{user}/simple", data=body))
    assert extension == ("0003*210" if name == "as_administrator" else "210")
    seen = []

    def is_answered() -> bool:
        [entry] = voipnow("GET", f"/{path}").json()["entry"]
        [view] = entry["phoneCallView"]
        seen.append(view["status"])
        return view["status"] == ON_CALL

    house.until(is_answered)
    assert seen == sorted(seen, key=IN_ORDER.index)
    answer = voipnow("DELETE", f"/{path}")
    assert answer.status_code == 200, answer.text
    row = house.ended(latest(house)["id"])
    assert voipnow("GET", f"/{path}").json()["entry"] == []
    assert voipnow("DELETE", f"/{path}").status_code == 204
    assert (row["exchange"], row["disposition"]) == ("asterisk", "answered")
    assert [after - was for after, was in zip(rung(house, *numbers), before, strict=True)] == [1, 1, 1]
    for number in numbers[:2]:
        assert '"John Doe" <sip:4242425@' in house.invitations(number)[-1]


def test_voipnow_rings_the_users_own_terminal(house, voipnow):
    """A soft phone stands for extension 210."""
    before = telephones.heard(house.lab, "201")
    body = {"extension": "210", "phoneCallView": [{"source": "210", "destination": "+462000213"}]}
    created(voipnow("POST", "/uapi/phoneCalls/@me/simple", json=body))
    assert house.ended(latest(house)["id"])["disposition"] == "answered"
    assert tone_share(house.heard_since("201", before), 880) > 0.2


@pytest.fixture(scope="module")
def of_both(house: House, voipnow: Any, fonestorm: Any) -> dict[str, dict[str, Any]]:
    """VoipNow's call to its sandbox and FoneStorm's reminder, made at the same time."""
    created(voipnow("POST", f"/uapi/phoneCalls/{owner_number(house)}/simple", data=sample("voipnow/sandbox.json")))
    sandbox = latest(house)["id"]
    answer = fonestorm("POST", "/v2/calls", data=sample("fonestorm/page_example.json"))
    assert answer.status_code == 201, answer.text
    reminder = latest(house)
    assert answer.json() == {"call": {"id": reminder["call"]}}
    return {"sandbox": house.ended(sandbox), "reminder": house.ended(reminder["id"])}


def test_voipnows_sandbox_is_played_beside_a_real_exchange(house, of_both):
    row = of_both["sandbox"]
    assert (row["is_simulation"], row["disposition"]) == (True, "answered")
    assert not house.journal(row["id"])


def test_fonestorm_speaks_to_the_real_phone_it_rings(house, of_both):
    row = of_both["reminder"]
    assert (row["exchange"], row["disposition"], row["sources"]) == ("asterisk", "answered", [])
    assert row["message"].startswith("Hi, Jane this is a reminder")
    assert row["billable"] > 3  # as long as it takes to say that
    assert list(house.journal(row["id"])) == ["d"]
    [line] = house.invitations("13215551801")
    assert "<sip:3215551081@" in line


def test_fonestorm_connects_the_agents_phone_where_nothing_is_to_be_said(house, fonestorm):
    """The owner's terminal, which is a soft phone, is rung first."""
    before = telephones.heard(house.lab, "201")
    answer = fonestorm("POST", "/v2/calls", json={"fonenumber": "3215551081", "to": "3215551801"})
    assert answer.status_code == 201, answer.text
    key = latest(house)["id"]
    house.talking(key)
    house.act(key, "hangup")
    assert house.ended(key)["disposition"] == "answered"
    assert tone_share(house.heard_since("201", before), 440) > 0.1


def test_fonestorm_tells_the_beginning_and_the_end_of_a_real_call(house, fonestorm):
    with receiver() as hook:
        body = {"fonenumber": "3215551081", "method": "JSON", "url": hook.url}
        assert fonestorm("POST", "/v2/calls/send_notify", json=body).status_code == 200
        answer = fonestorm("POST", "/v2/calls", json={"fonenumber": "3215551081", "to": "3215551801", "tts": "Hello"})
        uid = answer.json()["call"]["id"]
        row = house.ended(latest(house)["id"])
        house.until(lambda: len(hook.got) >= 2)
        fonestorm("POST", "/v2/calls/send_notify", json={"fonenumber": "3215551081", "type": "None"})
    begin, end = sorted((json.loads(got.body) for got in hook.got), key=lambda told: told["status"])
    assert begin == {name: value for name, value in end.items() if name not in ("disposition", "billable_seconds")} | {
        "status": "BEGIN"
    }
    assert (end["uid"], end["from"], end["to"], end["direction"]) == (uid, "3215551081", "3215551801", "OUTBOUND")
    assert (row["disposition"], end["disposition"], end["billable_seconds"]) == ("answered", "ANSWERED", ceil(row["billable"]))


def test_fonestorm_adopts_no_number_on_a_real_exchange(house, fonestorm):
    answer = fonestorm("POST", "/v2/calls", json={"fonenumber": "3215551082", "to": "3215551801"})
    assert (answer.status_code, answer.json()["status_code"]) == (404, 404)
