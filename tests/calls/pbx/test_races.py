"""Hang-up against dispatch against answer, on the real exchange: one end, everybody gets a 2xx, nobody is rung after it."""

from __future__ import annotations

import random
import threading
import time

import pytest
import requests

from tests.calls.pbx.frail import telephone
from tests.calls.pbx.house import to

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(900)]

SEED = 20260302  # of the moments
AT_ONCE = 4


def post(frail, path, body=None):
    """An answer of the API, over a connection of the thread's own."""
    headers = {"Authorization": f"Bearer {frail.credentials['token']}"}
    with requests.Session() as http:
        http.trust_env = False
        return http.post(f"http://127.0.0.1:{frail.port}/api/v1/{path}", json=body, headers=headers, timeout=100)


def hang_up_twice(frail, key):
    """Two clients ask for the end at the same time; their answers."""
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(post(frail, f"originations/{key}/hangup/"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def race(frail, pause_s, outcomes):
    """Order a call whose telephones pick up at once, and hang it up ``pause_s`` later."""
    source, destination = telephone("200", low=True), telephone("200")
    body = {"line": "201", "sources": [to(source)], "destination": to(destination), "wait": 30, "record": False}
    ordered = post(frail, "originations/", body)
    assert ordered.status_code == 202, ordered.text
    key = ordered.json()["id"]
    time.sleep(pause_s)
    answers = hang_up_twice(frail, key)
    outcomes.append((key, [answer.status_code for answer in answers], time.time(), source, destination))


def test_a_hang_up_at_any_moment_is_one_end(frail):
    chance = random.Random(SEED)
    pauses = [0.0] * 8 + [chance.uniform(0, 1.5) for _ in range(24)]
    outcomes: list[tuple] = []
    while pauses:
        threads = [threading.Thread(target=race, args=(frail, pauses.pop(), outcomes)) for _ in range(AT_ONCE) if pauses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(outcomes) == 32
    ends = []
    for key, statuses, _, source, destination in outcomes:
        assert statuses == [200, 200]
        disposition, seconds = frail.settled(key)
        ends.append(disposition)
        assert disposition in {"cancelled", "answered"}
        assert disposition == "answered" or seconds == 0
        assert max(frail.rung(source, destination)) <= 1
    print(f"seed {SEED}: {ends.count('cancelled')} cancelled, {ends.count('answered')} answered")
    time.sleep(6)  # a sweeper comes by
    for key, _, _, source, destination in outcomes:
        assert max(frail.rung(source, destination)) <= 1
        assert not frail.channels(key)
        [row] = frail.rows("SELECT known FROM calls_origination WHERE id = ?", key.replace("-", ""))
        assert bool(frail.dials(key)) <= ('"s0"' in row["known"])


def test_a_call_hung_up_before_its_worker_came_rings_nobody(frail):
    frail.freeze(frail.children()["worker"])
    source, destination = telephone("200", low=True), telephone("200")
    key = frail.call(source, destination)
    assert [answer.status_code for answer in hang_up_twice(frail, key)] == [200, 200]
    assert frail.ended(key)["disposition"] == "cancelled"
    frail.thaw()
    marker = frail.call(telephone("200", low=True), telephone("210"))
    frail.settled(marker)
    assert frail.settled(key) == ("cancelled", 0)
    assert (frail.dials(key), frail.rung(source, destination)) == ({}, [0, 0])
