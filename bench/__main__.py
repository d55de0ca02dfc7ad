"""``python3 -m bench [--seconds 5] [--rounds 3] [--database sqlite|postgresql]``: log calls over HTTP, print ratios to baselines.

A private server on a private database: PostgreSQL with durable commits where its programs are there, else SQLite. Rounds
take turns, so that a noisy minute hits all alike; the figures are medians.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4, help="length of one round of one door")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    options = parser.parse_args()

    from tests import services

    on_postgresql = options.database == "postgresql" or (options.database is None and services.find("postgresql"))
    with contextlib.ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="callhub-bench-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        url = (
            stack.enter_context(services.private_postgresql(durable=True)) if on_postgresql else f"sqlite:///{home}/bench.sqlite3"
        )
        port = services.free_port()
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "CALLHUB_VAR_DIR": str(home),
            "DATABASE_URL": url,
            "CALLHUB_LOG_LEVEL": "ERROR",
        }
        tenant = _prepare(environment)
        stack.enter_context(_server(environment, port))
        name = "PostgreSQL" if on_postgresql else "SQLite"
        print(f"{name}, {os.cpu_count()} cores, {options.rounds} rounds of {options.seconds} s")
        _report(tenant, port, options.seconds, options.rounds)
    return 0


def _prepare(environment: dict[str, str]) -> dict[str, str]:
    """Tables, a tenant with all its features on, contacts to match; returns what create_tenant printed."""
    manage = [sys.executable, str(ROOT / "manage.py")]
    for command in (["migrate", "-v0"], ["migrate", "-v0", "--run-syncdb", "bench"]):
        subprocess.run([*manage, *command], env=environment, check=True)
    made = subprocess.run(
        [*manage, "create_tenant", "bench", "--name", "Bench", "--format", "json"],
        env=environment,
        check=True,
        capture_output=True,
    )
    return dict(json.loads(made.stdout))


@contextlib.contextmanager
def _server(environment: dict[str, str], port: int) -> Iterator[None]:
    """One web process with eight threads, as ``manage.py up`` runs it."""
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "callhub.wsgi",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "1",
        "--threads",
        "8",
    ]
    command += ["--no-control-socket", "--log-level", "error", "--keep-alive", "30"]
    server = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live"):
                break
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()


def _report(tenant: dict[str, str], port: int, seconds: float, rounds: int) -> None:
    from bench.load import Door, Result, measure

    told = {
        "nr": "+4670123456",
        "userId": "max123",
        "agentId": "987qwe",
        "start": "2016-10-17T14:00:00.000Z",
        "end": "2016-10-17T14:02:00.000Z",
        "waiting": 10,
    }
    ours = {
        "direction": "outbound",
        "number": "+4670123456",
        "started_at": "2016-10-17T14:00:00Z",
        "ended_at": "2016-10-17T14:02:00Z",
        "ring": 10,
    }
    doors = [
        Door(name="bare view, one INSERT", path="/bench/bare", body=told, status=200),
        Door(name="naive ModelSerializer", path="/bench/naive", body=told, status=201),
        Door(name="Planhat, open address", path=f"/{tenant['tenant']}/calls", body=told, status=200),
        Door(
            name="our API",
            path="/api/v1/calls/",
            body=ours,
            status=201,
            headers={"Authorization": f"Bearer {tenant['token']}"},
        ),
    ]
    for door in doors:
        measure(door, port, seconds=1)  # warm up
    results: dict[str, list[Result]] = {door.name: [] for door in doors}
    for _ in range(rounds):
        for door in doors:
            results[door.name].append(measure(door, port, seconds=seconds))
    speed = {name: statistics.median(result.per_second for result in all_) for name, all_ in results.items()}
    bare, naive = speed["bare view, one INSERT"], speed["naive ModelSerializer"]
    print(f"{'':24}{'calls/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'of bare':>9}{'of naive':>10}")
    for name, all_ in results.items():
        p50, p99 = (statistics.median(getattr(result, cut) for result in all_) for cut in ("p50_ms", "p99_ms"))
        print(f"{name:24}{speed[name]:9.0f}{p50:9.1f}{p99:9.1f}{speed[name] / bare:9.2f}{speed[name] / naive:10.2f}")
    print("goals: Planhat ≥ 0.60 of bare, our API ≥ 0.85 of naive")


if __name__ == "__main__":
    sys.exit(main())
