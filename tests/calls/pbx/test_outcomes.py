"""How calls come out, asked of our API: the telephones' behaviour is in their last digits (``tests/asterisk/carrier.py``)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.calls.pbx.house import House, to

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(400)]

SOURCE = "1000200"
# name → sources, destination, seconds to wait for a pick-up, disposition with the SIP status of a failure
CASES = {
    "busy": ([SOURCE], "2100486", 20, "busy"),
    "busy everywhere": ([SOURCE], "2100600", 20, "busy"),
    "busy after ringing": ([SOURCE], "2100231", 20, "busy"),
    "rejected": ([SOURCE], "2100603", 20, "rejected"),
    "rejected after ringing": ([SOURCE], "2100241", 20, "rejected"),
    "forbidden": ([SOURCE], "2100403", 20, "rejected"),
    "no answer": ([SOURCE], "2100180", 3, "no_answer"),
    "not even ringing": ([SOURCE], "2100100", 3, "no_answer"),
    "not there just now": ([SOURCE], "2100480", 20, "no_answer"),
    "too slow": ([SOURCE], "2100408", 20, "no_answer"),
    **{f"failed with {status}": ([SOURCE], f"2100{status}", 20, f"failed:{status}") for status in (404, 410, 484, 488)},
    **{f"failed with {status}": ([SOURCE], f"2100{status}", 20, f"failed:{status}") for status in (500, 502, 503, 604)},
    "source gives up": (["1100212"], "2200180", 20, "cancelled"),
    "source is busy": (["1100486"], "2200201", 20, "busy"),
    "source does not answer": (["1100180"], "2200202", 3, "no_answer"),
    "no source answers": (["1200180", "1200486"], "2200203", 3, "no_answer"),
    "destination hangs up": ([SOURCE], "2100212", 20, "answered"),
}
RINGS_NOBODY = ("source is busy", "source does not answer", "no source answers")


@pytest.fixture(scope="module")
def placed(house: House) -> dict[str, str]:
    """All cases, run at the same time."""
    keys = {
        name: house.order(to(destination), [to(source) for source in sources], wait=wait)
        for name, (sources, destination, wait, _) in CASES.items()
    }
    for key in keys.values():
        house.ended(key)
    return keys


def said(document: dict[str, Any]) -> str:
    """Disposition and, of a failure, its SIP status."""
    return ":".join(filter(None, (document["disposition"], document["disposition_detail"])))


@pytest.mark.parametrize("name", CASES)
def test_api_tells_what_the_telephones_did(house, placed, name):
    assert said(house.origination(placed[name])) == CASES[name][3]


@pytest.mark.parametrize("name", CASES)
def test_log_has_the_same(house, placed, name):
    [row] = house.rows(
        "SELECT c.state, c.disposition, c.disposition_detail, c.talk_ms FROM calls_call c JOIN calls_origination o"
        " ON o.call_id = c.id WHERE o.id = ?",
        placed[name].replace("-", ""),
    )
    assert (row["state"], said(row)) == ("ended", CASES[name][3])
    assert bool(row["talk_ms"]) is (name == "destination hangs up")


@pytest.mark.parametrize("name", CASES)
def test_each_telephone_was_rung_at_most_once(house, placed, name):
    _, destination, _, _ = CASES[name]
    invitations = len(house.invitations(f"46{destination}"))
    if name == "source gives up":  # on a busy machine before the other side is rung
        assert invitations in (0, 1)
    else:
        assert invitations == (0 if name in RINGS_NOBODY else 1)


@pytest.mark.parametrize("name", [name for name in CASES if name != "destination hangs up"])
def test_exchange_saw_no_answer_either(house, placed, name):
    assert "ANSWER" not in house.journal(placed[name]).get("d", {})
    assert house.origination(placed[name])["billable"] == 0


def test_every_failure_keeps_its_sip_status_in_the_list(house, placed):
    rows = house.get("originations/?disposition=failed&page_size=100")["results"]
    assert {row["disposition_detail"] for row in rows} >= {"404", "410", "484", "488", "500", "502", "503", "604"}


def test_nothing_of_it_stays(house, placed):
    for key in placed.values():
        assert not house.channels(key)
    live = {row["origination"] for row in house.get("live/?page_size=100")["results"]}
    assert not live & set(placed.values())
