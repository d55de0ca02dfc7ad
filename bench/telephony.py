"""``python3 -m bench.telephony [--calls 40] [--seconds 5]``: how fast a request to call becomes an INVITE, beside Asterisk alone.

A private Asterisk with a simulated phone network, and a whole callhub (web, worker, scheduler, listener) as ``manage.py up``
runs it. One after the other, a call is ordered over our API and another directly over ARI; both are timed until the network has
the INVITE. Then as many as go are ordered for some seconds; every telephone refuses at once, so nothing piles up.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import os
import re
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import requests

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")  # files of its own; the house has yet others

from bench.load import Door, measure
from tests import services
from tests.asterisk import telephones
from tests.asterisk.lab import PASSWORD
from tests.calls.pbx.house import House, open_house

BUSY = "486"
MOST_ABOVE_MS, LEAST_PER_SECOND = 100, 50
PATIENCE_S = 120
_INVITE = re.compile(r"<sip:(\d+)@.* at ([\d-]+)\s+([\d:.]+)")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m bench.telephony", description=__doc__)
    parser.add_argument("--calls", type=int, default=40, help="how many are timed one by one")
    parser.add_argument("--seconds", type=float, default=5, help="length of the rush")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    options = parser.parse_args()
    if services.find("asterisk") is None:
        parser.exit(1, "Asterisk is not here: make asterisk-setup\n")
    with contextlib.ExitStack() as stack:
        settings = {"CALLHUB_LOG_LEVEL": "ERROR"}
        if options.database == "postgresql":
            settings["DATABASE_URL"] = stack.enter_context(services.private_postgresql(durable=True))
        house = stack.enter_context(open_house(**settings))
        print(f"{options.database}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        above = _latency(house, options.calls)
        rate = _rush(house, options.seconds)
    print(f"goals: at most {MOST_ABOVE_MS} ms above ARI alone, at least {LEAST_PER_SECOND} telephones rung a second")
    return 0 if above <= MOST_ABOVE_MS and rate >= LEAST_PER_SECOND else 1


def _latency(house: House, calls: int) -> float:
    """Time calls one by one; the median of what we add to ARI alone, in milliseconds."""
    direct, answering, ringing = [], [], []
    _order(house, f"1999{BUSY}")  # what is loaded late is loaded now
    _until_rung(house, f"11001999{BUSY}")
    for number in range(calls):
        began = time.time()
        _originate(house, f"2{number:03}{BUSY}")
        direct.append(_until_rung(house, f"2{number:03}{BUSY}") - began)
        began = time.time()
        _order(house, f"1{number:03}{BUSY}")
        answered = time.time()
        answering.append(answered - began)
        ringing.append(_until_rung(house, f"11001{number:03}{BUSY}") - answered)
    print(f"{'one at a time, ms':40}{'p50':>8}{'p90':>8}{'most':>8}")
    _row("ARI alone: request to INVITE", direct)
    _row("ours: request to answer", answering)
    _row("ours: answer to INVITE", ringing)
    above = (statistics.median(ringing) - statistics.median(direct)) * 1000
    print(f"median of ours, answer to INVITE, above ARI alone: {above:.0f} ms")
    return above


def _rush(house: House, seconds: float) -> float:
    """Order as many calls as are taken; how many telephones were rung in a second."""
    basic = base64.b64encode(f"callhub:{PASSWORD}".encode()).decode()
    alone = Door(
        name="ARI alone",
        path=f"/ari/channels?endpoint=PJSIP/2000{BUSY}@carrier&app=bench",
        body={},
        status=200,
        headers={"Authorization": f"Basic {basic}"},
    )
    ours = Door(
        name="ours",
        path="/api/v1/originations/",
        body={"line": "201", "sources": [f"+11001000{BUSY}"], "destination": "+462000201", "record": False, "max_duration": 60},
        status=202,
        headers={"Authorization": f"Bearer {house.credentials['token']}"},
    )
    best = measure(alone, house.lab.ari_port, seconds=seconds)
    before, began = _processor_seconds(house), time.time()
    taken = measure(ours, house.port, seconds=seconds)
    ordered = round(taken.per_second * seconds)
    rung = _all_rung(house, f"11001000{BUSY}", ordered)
    rate = len(rung) / (max(rung) - began)
    _wait_for_the_ends(house)
    spent = {name: value - before[name] for name, value in _processor_seconds(house).items()}
    print(f"in a rush, a second: ARI alone {best.per_second:.0f}, ours taken {taken.per_second:.0f}, ours rung {rate:.0f}")
    each = ", ".join(f"{name} {1000 * value / len(rung):.0f}" for name, value in spent.items())
    print(f"milliseconds of processor for each of {len(rung)} calls, to its end: {each}")
    return rate


def _order(house: House, number: str) -> None:
    body = {"line": "201", "sources": [f"+1100{number}"], "destination": "+462000201", "max_duration": 60, "record": False}
    answer = house.send("POST", "/api/v1/originations/", json=body)
    assert answer.status_code == 202, answer.text


def _originate(house: House, number: str) -> None:
    query = {"endpoint": f"PJSIP/{number}@carrier", "app": "bench"}
    url = f"{house.lab.ari_url}/ari/channels"
    requests.post(url, params=query, auth=("callhub", PASSWORD), timeout=30).raise_for_status()


def _rung_at(house: House, number: str) -> list[float]:
    """When the network got INVITEs for this number, by the same clock as ours."""
    found = (_INVITE.search(line) for line in telephones.invitations(house.lab))
    return [datetime.fromisoformat(f"{row[2]} {row[3]}").timestamp() for row in found if row and row[1] == number]  # local time


def _until_rung(house: House, number: str) -> float:
    return _all_rung(house, number, 1)[0]


def _all_rung(house: House, number: str, count: int) -> list[float]:
    deadline = time.monotonic() + PATIENCE_S
    while len(rung := _rung_at(house, number)) < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(rung)} of {count} telephones rung: {house.said()[-1000:]}")
        time.sleep(0.005 if count == 1 else 0.2)
    return rung


def _wait_for_the_ends(house: House) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while house.get("live/?page_size=1")["results"] and time.monotonic() < deadline:
        time.sleep(0.2)


def _processor_seconds(house: House) -> dict[str, float]:
    """What each of our processes and Asterisk have used so far."""
    roots = {**house.children(), "asterisk": house.lab.pid("asterisk") or 0}
    used = dict.fromkeys(roots, 0.0)
    for pid, parent, ticks in _processes():
        for name, root in roots.items():
            if root in (pid, parent):
                used[name] += ticks / os.sysconf("SC_CLK_TCK")
    return used


def _processes() -> Iterator[tuple[int, int, int]]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            yield int(folder.name), int(fields[1]), int(fields[11]) + int(fields[12])


def _row(name: str, seconds: list[float]) -> None:
    cuts = statistics.quantiles(seconds, n=10)
    print(f"{name:40}{cuts[4] * 1000:8.1f}{cuts[8] * 1000:8.1f}{max(seconds) * 1000:8.1f}")


if __name__ == "__main__":
    sys.exit(main())
