"""Calls that come in at the exchange, and calls that its own telephones make: what the log says, against the exchange itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.asterisk import telephones
from tests.asterisk.tones import tone_share
from tests.calls.pbx.house import SLUG, House
from tests.calls.pbx.own import calls_of, ended, hang_up, journal_of, steps_of

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(600)]

TWO_CLOCKS_S = 0.5  # an event and the journal's line about it are written by two threads of the exchange
# what happens → number, disposition with the SIP status of a failure; the exchange lets telephones ring for four seconds
CASES = {
    "answered, caller hangs up": ("2500201", "answered"),
    "answered, callee hangs up": ("2000211", "answered"),
    "busy": ("2000486", "busy"),
    "rejected": ("2000603", "rejected"),
    "not found": ("2000404", "failed:404"),
    "unavailable": ("2000503", "failed:503"),
    "busy after ringing": ("2000231", "busy"),
    "no answer": ("2000180", "no_answer"),
    "caller gives up": ("2100180", "cancelled"),
}
CALLERS = {name: f"+4670000000{number}" for number, name in enumerate(CASES)}
_OPEN = f"""
from tenants.models import Tenant
from tests.make import make_agent, make_contact, make_line
tenant = Tenant.objects.get(slug="{SLUG}")
make_contact(tenant, "{CALLERS["busy"]}", name="Bo Busy")
make_line(tenant, "2000486", backend="asterisk", is_proven=True, agent=make_agent(tenant, name="Ann Busy"), name="Desk")
"""


@pytest.fixture(scope="module")
def called(house: House) -> dict[str, dict[str, Any]]:
    """All cases at the same time, once they have ended."""
    house.manage("shell", "--no-imports", "-c", _OPEN)
    callers = [
        telephones.call_from_outside(house.lab, number, CALLERS[name], port=n, gives_up=name == "caller gives up")
        for n, (name, (number, _)) in enumerate(CASES.items())
    ]
    calls = {name: ended(house, CALLERS[name]) for name in CASES}
    for caller in callers:
        caller.wait(60)
    return calls


def said(document: dict[str, Any]) -> str:
    return ":".join(filter(None, (document["disposition"], document["disposition_detail"])))


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


@pytest.mark.parametrize("name", CASES)
def test_call_from_outside_is_logged_as_it_was(called, name):
    number, disposition = CASES[name]
    call = called[name]
    assert (call["direction"], call["state"], said(call)) == ("inbound", "ended", disposition)
    assert (call["caller"]["number"], call["callee"]["number"]) == (CALLERS[name], number)
    [leg] = call["legs"]
    assert (leg["number"], leg["disposition"]) == (number, disposition.split(":")[0])


@pytest.mark.parametrize("name", CASES)
def test_times_are_the_exchanges_own(house, called, name):
    call, told = called[name], journal_of(house, called[name]["external_id"])
    assert seconds(call["started_at"]) == pytest.approx(told["CHAN_START"], abs=TWO_CLOCKS_S)
    assert seconds(call["ended_at"]) == pytest.approx(told["HANGUP"], abs=TWO_CLOCKS_S)
    assert ("ANSWER" in told) is (call["answered_at"] is not None) is name.startswith("answered")
    if "ANSWER" in told:
        assert seconds(call["answered_at"]) == pytest.approx(told["ANSWER"], abs=TWO_CLOCKS_S)
        assert call["talk"] == pytest.approx(told["HANGUP"] - told["ANSWER"], abs=TWO_CLOCKS_S)
    else:
        assert not call["talk"]


@pytest.mark.parametrize("name", CASES)
def test_states_only_move_forward(house, called, name):
    steps = steps_of(house, called[name])
    order = ["ringing", "in_progress", "ended"]
    assert steps == sorted(steps, key=order.index)
    assert ("in_progress" in steps) is name.startswith("answered")
    assert steps[-1] == "ended"


def test_contact_line_and_agent_are_found(called):
    call = called["busy"]
    assert (call["contact"]["name"], call["agent"]["name"], call["line"]["number"]) == ("Bo Busy", "Ann Busy", "2000486")


def test_every_call_is_logged_once(house, called):
    for caller in CALLERS.values():
        assert len(calls_of(house, caller)) == 1


@pytest.fixture(scope="module")
def recording(house: House, called, tmp_path_factory):
    """What the log keeps of the call that the exchange records, as a client gets it."""
    path = f"calls/{called['answered, caller hangs up']['id']}/recordings/"
    [row] = house.until(lambda: [row for row in house.get(path)["results"] if row["state"] == "stored"])
    file = tmp_path_factory.mktemp("recording") / "call.wav"
    file.write_bytes(house.send("GET", f"/api/v1/recordings/{row['id']}/audio").content)
    return file


@pytest.mark.parametrize("hertz", [440, 880])
def test_recording_of_the_exchange_has_both_voices(recording, hertz):
    assert tone_share(recording, hertz, after=0.5) > 0.2


def test_recording_leaves_the_exchange_once_it_is_here(house, called, recording):
    external_id = called["answered, caller hangs up"]["external_id"]
    house.until(lambda: not list((house.lab.run / "spool/recording").glob(f"callhub-{external_id}*")))
    assert not house.get(f"calls/{called['busy']['id']}/recordings/")["results"]


@pytest.mark.parametrize(
    ("caller", "number", "port", "direction"), [("201", "2000212", 10, "outbound"), ("201", "202", 11, "internal")]
)
def test_calls_of_the_exchanges_own_telephones_are_logged(house, caller, number, port, direction):
    before = {call["id"] for call in calls_of(house, caller)}
    telephones.call_from_outside(house.lab, number, caller, port=port).wait(60)
    [call] = house.until(
        lambda: [call for call in calls_of(house, caller) if call["id"] not in before and call["state"] == "ended"]
    )
    assert (call["direction"], said(call), call["callee"]["number"]) == (direction, "answered", number)
    assert [(leg["number"], leg["disposition"]) for leg in call["legs"]] == [(number, "answered")]
    assert call["agent"] is not None
    told = journal_of(house, call["external_id"])
    assert call["talk"] == pytest.approx(told["HANGUP"] - told["ANSWER"], abs=TWO_CLOCKS_S)


def test_call_is_seen_while_it_rings_and_while_it_goes_on(house):
    for n, (number, caller, state) in enumerate(
        [("2600180", "+46700000031", "ringing"), ("2600200", "+46700000032", "in_progress")]
    ):
        process = telephones.call_from_outside(house.lab, number, caller, port=9, talks_ms=100_000)
        [call] = house.until(lambda caller=caller, state=state: [c for c in calls_of(house, caller) if c["state"] == state])
        assert call["id"] in {row.get("id") for row in house.get("live/?page_size=100")["results"]}, n
        assert call["ended_at"] is None
        hang_up(house, call["external_id"])
        assert ended(house, caller)["disposition"] == ("answered" if state == "in_progress" else "cancelled")
        process.wait(60)


def test_call_that_the_exchange_itself_takes_is_answered(house):
    telephones.call_from_outside(house.lab, "9999", "+46700000033", port=9).wait(60)
    call, told = ended(house, "+46700000033"), None
    told = journal_of(house, call["external_id"])
    assert (call["direction"], said(call), call["legs"]) == ("inbound", "answered", [])
    assert call["talk"] == pytest.approx(told["HANGUP"] - told["ANSWER"], abs=TWO_CLOCKS_S)


def test_group_of_telephones_is_one_call(house):
    telephones.call_from_outside(house.lab, "300", "+46700000034", port=9).wait(60)
    call = ended(house, "+46700000034")
    assert (call["direction"], said(call), call["callee"]["number"]) == ("inbound", "answered", "300")
    assert {(leg["number"], leg["disposition"]) for leg in call["legs"]} == {("2000180", "cancelled"), ("202", "answered")}


def test_hold_by_a_telephone_is_summed(house):
    telephones.call_from_outside(house.lab, "2000200", "+46700000035", port=9, holds_ms=1500).wait(60)
    call = ended(house, "+46700000035")
    assert call["hold_count"] == 1
    assert call["hold"] == pytest.approx(1.5, abs=TWO_CLOCKS_S)
    assert call["ring"] + call["hold"] + call["talk"] == pytest.approx(call["duration"], abs=0.01)
