"""Workers and listeners killed at any moment: no telephone rings twice, every call ends as the exchange's journal says."""

from __future__ import annotations

import time

import pytest

from tests.calls.pbx.frail import TWO_CLOCKS_S, telephone

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(900)]

RESUMES_WITHIN_S = 100  # of a death; a third of a minute on a machine that has time


@pytest.mark.parametrize("point", ["dial.claimed", "dial.asked", "dial.placed"])
def test_a_call_whose_worker_was_killed_is_made_once(frail, point):
    source, destination = telephone("200", low=True), telephone("212")
    frail.arm(point)
    key = frail.call(source, destination)
    frail.killed(point)
    died_at = time.time()
    assert frail.noted(key, "s0", "CHAN_START") < died_at + RESUMES_WITHIN_S
    assert frail.settled(key) == ("answered", pytest.approx(frail.talked(key), abs=TWO_CLOCKS_S))
    assert frail.rung(source, destination) == [1, 1]


def test_a_dial_that_was_noted_and_never_made_is_not_made_later(frail):
    source, destination = telephone("200", low=True), telephone("212")
    frail.arm("dial.noted")
    key = frail.call(source, destination)
    frail.killed("dial.noted")
    assert frail.settled(key) == ("failed:503", 0)
    assert (frail.dials(key), frail.rung(source, destination)) == ({}, [0, 0])


def test_the_telephones_a_killed_worker_left_out_are_rung(frail):
    deaf, source, destination = telephone("180", low=True), telephone("200", low=True), telephone("212")
    frail.arm("dial.asked")
    key = frail.call(deaf, destination, more=[source], wait=90)
    frail.killed("dial.asked")
    died_at = time.time()
    assert frail.noted(key, "s1", "CHAN_START") < died_at + RESUMES_WITHIN_S
    assert frail.settled(key) == ("answered", pytest.approx(frail.talked(key), abs=TWO_CLOCKS_S))
    assert frail.rung(deaf, source, destination) == [1, 1, 1]


def test_messages_that_come_again_at_any_time_ring_nobody_again(frail):
    source, destination = telephone("201", low=True), telephone("213")
    key = frail.call(source, destination)
    for state in ("ringing", "in_progress", "ended"):
        for task in ("calls.place_call", "calls.look_after_call", "calls.sweep_originations"):
            for _ in range(3):
                frail.broker.send(task, *([] if task.startswith("calls.sweep") else [key]))
        frail.reached(key, state, "ended")
    frail.broker.send("calls.hang_up_call", key)
    assert frail.settled(key) == ("answered", pytest.approx(frail.talked(key), abs=TWO_CLOCKS_S))
    assert frail.rung(source, destination) == [1, 1]


def test_a_listener_killed_before_it_dials_the_destination_ends_the_call(frail):
    source, destination = telephone("203", low=True), telephone("200")
    key = frail.call(source, destination)
    frail.noted(key, "s0", "CHAN_START")
    frail.arm("dial.noted")
    frail.killed("dial.noted")
    died_at = time.time()
    assert frail.settled(key) == ("failed:503", 0)
    assert time.time() < died_at + RESUMES_WITHIN_S
    assert (set(frail.dials(key)), frail.rung(source, destination)) == ({"s0"}, [1, 0])


def test_a_listener_killed_after_it_dialled_the_destination_goes_on(frail):
    source, destination = telephone("203", low=True), telephone("180")
    key = frail.call(source, destination, wait=100)
    frail.noted(key, "s0", "CHAN_START")
    frail.arm("dial.asked")
    frail.killed("dial.asked")
    frail.mend()
    frail.act(key, "hangup")
    assert frail.settled(key) == ("cancelled", 0)
    assert frail.rung(source, destination) == [1, 1]


def test_a_listener_killed_while_telephones_ring(frail):
    source, destination = telephone("180", low=True), telephone("200")
    key = frail.call(source, destination, wait=12)
    frail.reached(key, "ringing")
    frail.kill("listener")
    assert frail.settled(key) == ("no_answer", 0)
    assert frail.rung(source, destination) == [1, 0]


@pytest.mark.parametrize("who", ["far", "near"])
def test_who_hangs_up_while_there_is_no_listener_is_billed_until_then(frail, who):
    source, destination = telephone("213" if who == "near" else "200", low=True), telephone("200" if who == "near" else "213")
    key = frail.call(source, destination)
    frail.talking(key)
    frail.wire.keep_cut()
    frail.kill("listener")
    left_at = frail.noted(key, "s0" if who == "near" else "d", "HANGUP")
    time.sleep(3)
    frail.wire.mend()
    talked_s = left_at - frail.noted(key, "d", "ANSWER")
    assert frail.settled(key) == ("answered", pytest.approx(talked_s, abs=TWO_CLOCKS_S))


def test_a_worker_killed_during_a_call_changes_nothing(frail):
    source, destination = telephone("200", low=True), telephone("213")
    key = frail.call(source, destination)
    frail.talking(key)
    frail.kill("worker")
    assert frail.settled(key) == ("answered", pytest.approx(frail.talked(key), abs=TWO_CLOCKS_S))
    assert frail.rung(source, destination) == [1, 1]


def test_a_hang_up_that_a_killed_worker_took_with_it_happens(frail):
    source, destination = telephone("200", low=True), telephone("200")
    key = frail.call(source, destination)
    frail.talking(key)
    frail.freeze(frail.children()["worker"])
    frail.act(key, "hangup")
    frail.kill("worker")
    asked_at = time.time()
    assert frail.settled(key)[0] == "answered"
    assert time.time() < asked_at + RESUMES_WITHIN_S
