"""Two hundred calls while workers and listeners are killed at random moments: no telephone rings twice, and every call ends."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter

import pytest

from tests.calls.pbx.frail import telephone

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(900)]

CALLS = 200
PER_SECOND = 4
LIVES_S = 14.0  # at least; the supervisor takes a child that dies sooner for one that cannot start
MOST_UNKNOWN = CALLS // 200


def kill_now_and_then(frail, chance, stop, killed):
    """Kill worker and listener at moments that chance decides, each once it has been at work for a while."""
    names = ["worker", "listener"]
    at_work_since = dict.fromkeys(names, time.monotonic())
    while not stop.wait(chance.uniform(2, 6)):
        name = chance.choice(names)
        is_at_work = name in frail.children() and frail.is_listening()
        if is_at_work and time.monotonic() - at_work_since[name] > LIVES_S:
            frail.kill(name)
            killed[name] += 1
            at_work_since[name] = time.monotonic()


def test_two_hundred_calls_among_random_kills(frail):
    seed = int(os.environ.get("TEST_SEED") or random.SystemRandom().randrange(10**9))
    print(f"seed {seed}: TEST_SEED={seed} has the same kills again")
    chance, stop, killed = random.Random(seed), threading.Event(), Counter()
    killer = threading.Thread(target=kill_now_and_then, args=(frail, chance, stop, killed))
    started = time.monotonic()
    calls = {}
    killer.start()
    try:
        for _ in range(CALLS):
            source, destination = telephone("200", low=True), telephone("210")
            calls[frail.call(source, destination, wait=100)] = (source, destination)
            time.sleep(1 / PER_SECOND)
    finally:
        stop.set()
        killer.join()
    frail.until(lambda: not frail.rows("SELECT 1 FROM calls_origination WHERE state != 'ended' LIMIT 1"), 300)
    every = frail.rows("SELECT id, disposition, disposition_detail, reason FROM calls_origination")
    rows = [row for row in every if row["id"] in {key.replace("-", "") for key in calls}]
    ends = Counter(":".join(filter(None, (row["disposition"], row["disposition_detail"]))) for row in rows)
    reasons = Counter(row["reason"] for row in rows if row["disposition"] != "answered")
    dials = Counter(count for key in calls for count in frail.dials(key).values())
    rings = Counter(count for numbers in calls.values() for count in frail.rung(*numbers))
    print(f"{CALLS} calls, {dict(killed)} killed, {time.monotonic() - started:.0f} s: {dict(ends)}; dials {dials}; rings {rings}")
    print(f"of those not answered: {dict(reasons)}")
    assert sum(ends.values()) == CALLS
    assert set(dials) == {1}, "a telephone was dialled twice, or none at all"
    assert set(rings) == {0, 1} or set(rings) == {1}, "a telephone rang twice, or none at all"
    assert ends["unknown"] <= MOST_UNKNOWN
    assert min(killed["worker"], killed["listener"]) >= 1
    frail.until(lambda: not frail.left_over())
    assert not frail.rows("SELECT 1 FROM calls_call WHERE state != 'ended'")
