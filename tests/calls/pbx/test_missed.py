"""Calls of the exchange's own that nobody heard of, or not to their end: the exchange's journal tells them, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.asterisk import telephones
from tests.calls.pbx.house import House, open_house
from tests.calls.pbx.own import calls_of, ended, hang_up, journal_of

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(600)]

TWO_CLOCKS_S = 0.5
RECORDED, LAST = "+46700000051", "+46700000054"
# caller → number, disposition
MISSED = {RECORDED: ("2500212", "answered"), "+46700000052": ("2000486", "busy"), "+46700000053": ("2000180", "no_answer")}


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """One of its own, as these tests stop it."""
    with open_house() as house:
        yield house


def check(house: House, caller: str, disposition: str) -> None:
    """The caller's one call is in the log as the exchange noted it."""
    call = ended(house, caller)
    told = journal_of(house, call["external_id"])
    assert (call["disposition"], call["direction"]) == (disposition, "inbound")
    assert datetime.fromisoformat(call["ended_at"]).timestamp() == pytest.approx(told["HANGUP"], abs=TWO_CLOCKS_S)
    talked = told["HANGUP"] - told["ANSWER"] if "ANSWER" in told else 0
    assert call["talk"] == pytest.approx(talked, abs=TWO_CLOCKS_S)
    assert [leg["disposition"] for leg in call["legs"]] == [disposition]


@pytest.fixture(scope="module")
def own(house: House) -> str:
    """A call that callhub made, in the same journal as the exchange's."""
    return house.ended(house.order("202", ["201"], max_duration=1))["id"]


@pytest.fixture(scope="module")
def missed(house: House, own: str) -> House:
    """Calls came and went while nobody listened, and the journal was put aside in between."""
    house.stop()
    processes = [telephones.call_from_outside(house.lab, MISSED[caller][0], caller, port=n) for n, caller in enumerate(MISSED)]
    for process in processes:
        process.wait(60)
    house.lab.journal.rename(house.lab.journal.with_name("callhub.csv.1"))
    house.lab.journal.write_bytes(b'CHAN_START,"garbage\n')
    telephones.call_from_outside(house.lab, "2000212", LAST, port=9).wait(60)
    house.start()
    return house


@pytest.mark.parametrize(("caller", "disposition"), [*((caller, told[1]) for caller, told in MISSED.items()), (LAST, "answered")])
def test_calls_that_came_and_went_while_nobody_listened_are_taken_in(missed, caller, disposition):
    check(missed, caller, disposition)


def test_recording_of_a_missed_call_is_brought_home_as_well(missed):
    call = ended(missed, RECORDED)
    missed.until(lambda: [row for row in missed.get(f"calls/{call['id']}/recordings/")["results"] if row["state"] == "stored"])


def test_our_own_call_is_not_taken_in_again(missed, own):
    ended(missed, LAST)
    assert missed.call_of(own)["source"] != "pbx"
    assert not missed.rows("SELECT id FROM calls_call WHERE source = 'pbx' AND caller_raw NOT LIKE '+4670000005%'")


def test_end_that_nobody_heard_is_taken_in(house):
    process = telephones.call_from_outside(house.lab, "2600200", "+46700000055", port=9, talks_ms=100_000)
    [call] = house.until(lambda: [call for call in calls_of(house, "+46700000055") if call["state"] == "in_progress"])
    house.stop()
    hang_up(house, call["external_id"])
    process.wait(60)
    house.start()
    check(house, "+46700000055", "answered")


def test_next_listener_carries_on_what_the_killed_one_began(house):
    process = telephones.call_from_outside(house.lab, "2600200", "+46700000056", port=9, talks_ms=100_000)
    [call] = house.until(lambda: [call for call in calls_of(house, "+46700000056") if call["state"] == "in_progress"])
    killed = house.kill("listener")
    house.until(lambda: house.children().get("listener", killed) != killed)
    house.until(house.is_listening)
    hang_up(house, call["external_id"])
    process.wait(60)
    check(house, "+46700000056", "answered")


def test_nothing_was_logged_twice(house):
    rows = house.rows("SELECT external_id, count(*) AS times FROM calls_call WHERE source = 'pbx' GROUP BY 1")
    assert {row["times"] for row in rows} == {1}
    assert not house.get("live/?page_size=100")["results"]
