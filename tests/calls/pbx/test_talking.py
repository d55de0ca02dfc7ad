"""Calls that are answered, by our API: who hears and sees whom, what is billed, what may be done meanwhile."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from calls.telephony.speech import Espeak
from tests.asterisk import fetching, telephones
from tests.asterisk.tones import tone_share
from tests.calls.pbx.house import PATIENCE_S, House, to
from tests.calls.telephony.loudness import likeness, tones

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(400)]

SOURCE_HZ, DESTINATION_HZ, HOLD_HZ = 440, 880, 660
TWO_CLOCKS_S = 0.5  # an event and the journal's line about it are written by two threads of the exchange
MESSAGE = "Hi, Jane. This is a reminder about your appointment scheduled for tomorrow."


@pytest.fixture(scope="module")
def heard_before(house: House) -> list[Path]:
    """What the soft phone had heard before the message."""
    return telephones.heard(house.lab, "202")


@pytest.fixture(scope="module")
def spoken(house: House, heard_before: list[Path]) -> str:
    """A message to a soft phone, on its way."""
    return house.order("202", [], message=MESSAGE)


@pytest.fixture(scope="module")
def talked(house: House, spoken: str) -> str:
    """A call of some seconds between two of three telephones, which the destination ended."""
    key = house.order(
        to("2300213"),
        [to("1300201"), to("1300180")],
        record=True,
        caller={"number": "+46701112233", "name": "Shop"},
        caller_for_sources={"number": "4242425", "name": "John Doe"},
    )
    house.ended(key)
    return key


@pytest.fixture(scope="module")
def recording(house: House, talked: str, tmp_path_factory):
    return house.recording_of(talked, tmp_path_factory.mktemp("recording") / "call.wav")


@pytest.mark.parametrize("hertz", [SOURCE_HZ, DESTINATION_HZ])
def test_stored_recording_has_both_voices(recording, hertz):
    assert tone_share(recording, hertz) > 0.2


def test_stored_recording_has_no_other_voice(recording):
    assert tone_share(recording, 1234) < 0.02


def test_recording_leaves_the_exchange_once_it_is_here(house, talked, recording):
    kept = house.lab.run / "spool/recording"
    house.until(lambda: not list(kept.glob(f"ch{talked.replace('-', '')}*")))


def test_first_to_pick_up_stays_and_the_other_is_dropped(house, talked):
    legs = house.origination(talked)["legs"]
    assert [leg["disposition"] for leg in legs] == ["answered", "cancelled", "answered"]
    journal = house.journal(talked)
    assert "ANSWER" in journal["s0"]
    assert "ANSWER" not in journal["s1"]
    assert journal["s1"]["HANGUP"] < journal["s0"]["HANGUP"]


def test_each_side_sees_its_own_caller(house, talked):
    for number in ("11001300201", "11001300180"):
        [line] = house.invitations(number)
        assert '"John Doe" <sip:4242425@' in line
    [line] = house.invitations("462300213")
    assert '"Shop" <sip:+46701112233@' in line


def test_bills_what_the_exchange_counted(house, talked):
    destination = house.journal(talked)["d"]
    counted = destination["HANGUP"] - destination["ANSWER"]
    billable = house.origination(talked)["billable"]
    assert billable == pytest.approx(counted, abs=TWO_CLOCKS_S)
    assert house.call_of(talked)["talk"] == billable


def test_log_tells_the_whole_call(house, talked, recording):
    call = house.call_of(talked)
    assert (call["direction"], call["state"], call["disposition"]) == ("outbound", "ended", "answered")
    assert call["has_recording"]
    assert call["ring"] + call["talk"] == pytest.approx(call["duration"], abs=0.002)


def test_called_phone_hears_the_message_and_is_hung_up(house, spoken, heard_before, tmp_path):
    assert house.ended(spoken)["disposition"] == "answered"
    message = tmp_path / "message.wav"
    message.write_bytes(Espeak(fetching.tool("espeak-ng") or "").say(MESSAGE, "en"))
    assert likeness(message, house.heard_since("202", heard_before)) > 0.9


def test_three_that_pick_up_at_once_leave_one(house):
    sources = ["1400201", "1500201", "1600201"]
    key = house.order(to("2400200"), [to(source) for source in sources])
    house.talking(key)
    house.until(lambda: len(house.channels(key)) == 2)
    stays = house.channels(key)
    assert "d" in stays
    time.sleep(1)
    assert house.channels(key) == stays
    house.act(key, "hangup")
    house.ended(key)
    assert [len(house.invitations(f"1100{source}")) for source in sources] == [1, 1, 1]
    assert len(house.invitations("462400200")) == 1


def test_hung_up_while_it_rings(house):
    key = house.order(to("2500180"))
    house.until(lambda: [row for row in house.get("live/?page_size=100")["results"] if row["origination"] == key])
    house.until(lambda: "d" in house.channels(key))
    assert house.act(key, "hangup")["cancel_requested_at"]
    row = house.ended(key)
    assert (row["disposition"], row["billable"]) == ("cancelled", 0)
    house.until(lambda: "HANGUP" in house.journal(key)["d"])
    assert house.act(key, "hangup")["state"] == "ended"


def test_live_calls_are_those_that_ring_or_talk(house):
    def shown(key):
        return next((row for row in house.get("live/?page_size=100")["results"] if row["origination"] == key), None)

    key = house.order(to("2600201"))
    house.talking(key)
    row = shown(key)
    assert (row["state"], row["is_simulation"], row["held"]) == ("in_progress", False, False)
    assert 0 <= row["talking"] <= row["elapsed"]
    house.send("DELETE", f"/api/v1/originations/{key}/")
    house.ended(key)
    assert shown(key) is None


def test_exchange_itself_ends_a_call_that_lasts_too_long(house):
    """Nobody of ours is awake while it talks on."""
    key = house.order(to("2700200"), max_duration=3)
    house.talking(key)
    asleep = [house.children()[name] for name in ("listener", "worker", "beat")]
    for process in asleep:
        os.kill(process, signal.SIGSTOP)
    try:
        house.until(lambda: "HANGUP" in house.journal(key)["d"])
    finally:
        for process in asleep:
            os.kill(process, signal.SIGCONT)
    row = house.ended(key)
    destination = house.journal(key)["d"]
    assert row["disposition"] == "answered"
    assert 2.9 < row["billable"] < 3 + TWO_CLOCKS_S
    assert row["billable"] == pytest.approx(destination["HANGUP"] - destination["ANSWER"], abs=TWO_CLOCKS_S)


def test_held_party_hears_music_and_then_the_other_again(house):
    before = telephones.heard(house.lab, "202")
    key = house.order("202")
    house.talking(key)
    time.sleep(1.5)
    assert house.act(key, "hold")["held"] is True
    time.sleep(1.5)
    assert house.act(key, "hold", "DELETE")["held"] is False
    time.sleep(1.5)
    house.act(key, "hangup")
    house.ended(key)
    assert house.call_of(key)["hold_count"] == 1
    heard = house.heard_since("202", before)
    order = [SOURCE_HZ, HOLD_HZ, SOURCE_HZ]
    assert tones(heard, order) == order


def test_transferred_party_talks_with_the_new_one(house, tmp_path):
    key = house.order(to("2800200"), record=True, allow_transfer=True)
    house.talking(key)
    house.act(key, "transfer", to=to("1800201"), leaves="near")
    house.until(lambda: (legs := house.origination(key)["legs"])[-1]["role"] == "transfer" and legs[-1]["answered_at"])
    house.until(lambda: house.channels(key) == {"d", "t0"})
    time.sleep(1.5)
    house.act(key, "hangup")
    row = house.ended(key)
    assert [leg["role"] for leg in row["legs"]] == ["source", "destination", "transfer"]
    journal = house.journal(key)
    counted = max(journal["d"]["HANGUP"], journal["t0"]["HANGUP"]) - journal["d"]["ANSWER"]
    assert row["billable"] == pytest.approx(counted, abs=TWO_CLOCKS_S)
    recording = house.recording_of(key, tmp_path / "call.wav")
    for hertz in (SOURCE_HZ, DESTINATION_HZ):
        assert tone_share(recording, hertz, after=row["billable"] - 1.2) > 0.2


def test_transfer_needs_leave_for_a_public_number(house):
    key = house.order(to("2800202"))
    house.talking(key)
    answer = house.send("POST", f"/api/v1/originations/{key}/transfer/", json={"to": to("1800203")})
    assert (answer.status_code, house.invitations("11001800203")) == (403, [])
    house.act(key, "hangup")
    house.ended(key, PATIENCE_S)
