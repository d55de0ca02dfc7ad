"""The exchange out of reach, deaf, restarted or gone: nobody is rung twice or for nothing, nothing that is over stays live."""

from __future__ import annotations

import time

import pytest

from tests.calls.pbx.frail import TWO_CLOCKS_S, telephone

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(900)]

DIAL = b"POST /ari/channels/"


def test_a_call_goes_on_over_a_cut_network(frail):
    source, destination = telephone("200", low=True), telephone("215")
    key = frail.call(source, destination)
    frail.talking(key)
    frail.wire.cut()
    assert frail.settled(key) == ("answered", pytest.approx(frail.talked(key), abs=TWO_CLOCKS_S))
    assert frail.rung(source, destination) == [1, 1]


@pytest.mark.parametrize("who", ["far", "near"])
def test_who_hangs_up_while_the_network_is_cut_is_billed_until_then(frail, who):
    source, destination = telephone("213" if who == "near" else "200", low=True), telephone("200" if who == "near" else "213")
    key = frail.call(source, destination)
    frail.talking(key)
    frail.wire.keep_cut()
    left_at = frail.noted(key, "s0" if who == "near" else "d", "HANGUP")
    time.sleep(3)
    frail.wire.mend()
    talked_s = left_at - frail.noted(key, "d", "ANSWER")
    assert frail.settled(key) == ("answered", pytest.approx(talked_s, abs=TWO_CLOCKS_S))


def test_a_dial_whose_answer_was_lost_is_not_repeated_and_goes_on(frail):
    source, destination = telephone("200", low=True), telephone("212")
    frail.wire.lose("answer", DIAL)
    key = frail.call(source, destination)
    assert frail.settled(key) == ("answered", pytest.approx(frail.talked(key), abs=TWO_CLOCKS_S))
    assert frail.rung(source, destination) == [1, 1]


def test_a_dial_that_was_lost_on_its_way_is_asked_about_and_not_repeated(frail):
    source, destination = telephone("200", low=True), telephone("212")
    frail.wire.lose("request", DIAL)
    key = frail.call(source, destination, wait=60)
    frail.reached(key, "unknown", "ended")
    assert frail.settled(key) == ("failed:503", 0)
    assert (frail.dials(key), frail.rung(source, destination)) == ({}, [0, 0])


def test_an_exchange_that_is_not_there_is_tried_until_nobody_would_pick_up(frail):
    source, destination = telephone("200", low=True), telephone("212")
    frail.lab.stop()
    ordered_at = time.time()
    key = frail.call(source, destination, wait=8)
    row = frail.ended(key)
    assert (row["disposition"], row["disposition_detail"]) == ("failed", "503")
    assert time.time() > ordered_at + 8
    frail.mend()
    assert frail.settled(key) == ("failed:503", 0)
    assert frail.rung(source, destination) == [0, 0]


def test_an_exchange_that_comes_back_in_time_rings_once(frail):
    source, destination = telephone("200", low=True), telephone("212")
    frail.lab.stop()
    key = frail.call(source, destination, wait=100)
    time.sleep(3)
    frail.mend()
    assert frail.settled(key) == ("answered", pytest.approx(frail.talked(key), abs=TWO_CLOCKS_S))
    assert frail.rung(source, destination) == [1, 1]


def test_a_frozen_exchange_rings_nobody_once_it_wakes_up(frail):
    source, destination = telephone("200", low=True), telephone("212")
    frail.freeze(frail.lab.pid("asterisk"))
    key = frail.call(source, destination, wait=8)
    row = frail.ended(key)
    assert (row["disposition"], row["disposition_detail"]) == ("failed", "503")
    frail.mend()
    assert frail.settled(key) == ("failed:503", 0)
    assert frail.rung(source, destination) == [0, 0]


def test_nobody_is_rung_while_the_listener_hangs(frail):
    """It keeps its connection, so that the exchange believes that somebody listens; only its heartbeat tells."""
    frail.freeze(frail.children()["listener"])
    time.sleep(16)
    source, destination = telephone("200", low=True), telephone("212")
    key = frail.call(source, destination, wait=100)
    lost, never = telephone("200", low=True), telephone("212")
    given_up = frail.call(lost, never, wait=6)
    assert frail.settled(given_up) == ("failed:503", 0)
    assert frail.rung(source, lost) == [0, 0]
    frail.mend()
    assert frail.settled(key) == ("answered", pytest.approx(frail.talked(key), abs=TWO_CLOCKS_S))
    assert frail.rung(source, destination, lost, never) == [1, 1, 0, 0]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_an_exchange_that_ends_while_a_telephone_rings(frail, how):
    source, destination = telephone("200", low=True), telephone("180")
    key = frail.call(source, destination, wait=100)
    frail.until(lambda: frail.rung(destination) == [1])
    getattr(frail.lab, how)()
    frail.mend()
    disposition, seconds = frail.settled(key)
    assert disposition in {"failed:503", "failed:500", "cancelled"}  # whatever it managed to say before it went
    assert seconds == 0
    assert frail.rung(source, destination) == [1, 1]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_an_exchange_that_ends_during_a_talk_is_billed_until_then_and_gives_its_recording(frail, how, tmp_path):
    source, destination = telephone("200", low=True), telephone("200")
    key = frail.call(source, destination, record=True)
    frail.talking(key)
    time.sleep(7)  # what a killed Asterisk has not written by then is lost
    least_s = time.time()
    getattr(frail.lab, how)()
    most_s = time.time()
    time.sleep(3)
    frail.mend()
    disposition, seconds = frail.settled(key)
    answered_s = frail.noted(key, "d", "ANSWER")
    assert disposition == "answered"
    assert least_s - answered_s - 0.5 < seconds < most_s - answered_s + 0.5
    assert frail.recording_of(key, tmp_path / "call.wav").stat().st_size > 30_000
    assert frail.rung(source, destination) == [1, 1]
    again = frail.call(telephone("200", low=True), telephone("212"))
    assert frail.settled(again) == ("answered", pytest.approx(frail.talked(again), abs=TWO_CLOCKS_S))
