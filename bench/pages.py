"""``python3 -m bench.pages [--calls 1000000] [--rounds 9] [--explain]``: how long the admin's pages take over many calls.

A private PostgreSQL with two databases that differ in nothing but their calls (``bench.many``): 10,000 in one, all of them in
the other. Each round asks for every page in both, so that a noisy minute hits all alike. Printed are median and 95th percentile,
the ratio of the medians, and the goals; and, for machines that have much else to do, the time the processors worked on a page
for us and PostgreSQL (the average, on Linux), with its ratio. ``--explain`` tells the plan of every slower question instead.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FEW = 10_000
RATIO = 1.5
SLOW_MS = 5


@dataclass(frozen=True, kw_only=True)
class Page:
    """What is asked for, and the goal for its 95th percentile."""

    name: str
    address: str
    goal_ms: int = 300
    asker: str = "owner"


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Milliseconds of waiting, and of the processors."""

    ms: float
    cpu_ms: float


PAGES = [
    Page(name="dashboard", address="/admin/", goal_ms=500),
    Page(name="dashboard, today", address="/admin/?period=today", goal_ms=500),
    Page(name="dashboard, 30 days", address="/admin/?period=30d", goal_ms=500),
    Page(name="list, as it opens", address="/admin/calls/call/"),
    Page(name="list, all time", address="/admin/calls/call/?period=all"),
    Page(name="list, missed of 30 days", address="/admin/calls/call/?period=30d&scope=missed"),
    Page(name="list, busy of all time", address="/admin/calls/call/?period=all&disposition__exact=busy&talk_from=0"),
    Page(name="list, a number", address="/admin/calls/call/?q=070-000+12+34"),
    Page(name="list, part of a number", address="/admin/calls/call/?q=0001234"),
    Page(name="list, a number never seen", address="/admin/calls/call/?q=070-999+99+99"),
    Page(name="operator's dashboard", address="/admin/", goal_ms=500, asker="operator"),
    Page(name="operator's list", address="/admin/calls/call/", asker="operator"),
    Page(name="statistics by day", address="/api/v1/statistics?period=30d&group=day&compare=true", goal_ms=500, asker="api"),
    Page(name="statistics by agent", address="/api/v1/statistics?period=30d&group=agent", goal_ms=500, asker="api"),
]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m bench.pages", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--explain", action="store_true")
    options = parser.parse_args()

    from tests import services

    with contextlib.ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="callhub-bench-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        url = stack.enter_context(services.private_postgresql())
        os.environ |= {"DJANGO_SETTINGS_MODULE": "callhub.settings", "CALLHUB_VAR_DIR": str(home), "DATABASE_URL": url}
        os.environ |= {"CALLHUB_LOG_LEVEL": "ERROR", "CALLHUB_API_REQUESTS_PER_MINUTE": "1000000"}
        import django

        django.setup()
        askers, databases = _prepare(options.calls)
        if options.explain:
            _use(databases[-1])
            _explain(askers)
            return 0
        took: dict[str, dict[str, list[Spent]]] = {name: {page.name: [] for page in PAGES} for name in databases}
        for turn in range(options.rounds + 1):  # the first only warms up
            for database in databases:
                _use(database)
                for page, spent in _round(askers):
                    if turn:
                        took[database][page.name].append(spent)
        print(
            f"{options.calls} calls beside {FEW}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.rounds} rounds"
        )
        return 0 if _report(*took.values()) else 1


def _prepare(count: int) -> tuple[dict[str, Any], list[str]]:
    """Who asks, and the names of the two databases."""
    from django.core.management import call_command
    from django.db import connection

    from bench import many
    from tests.make import make_operator, make_token
    from tests.tenants.admin_walk import signed_in

    call_command("migrate", verbosity=0)
    people = many.prepare()
    token = make_token(people["tenant"], people["user"])
    askers = {"owner": signed_in(people["user"]), "operator": signed_in(make_operator()), "api": token}
    few = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute("ALTER ROLE CURRENT_USER SET max_parallel_workers_per_gather = 0")  # what they work is not ours to read
        cursor.execute(f"CREATE DATABASE many TEMPLATE {few}")
    for name, calls in ((few, FEW), ("many", count)):
        _use(name)
        began = time.perf_counter()
        many.fill(calls, people)
        print(f"{calls} calls made in {time.perf_counter() - began:.0f} s", flush=True)
    return askers, [few, "many"]


def _use(database: str) -> None:
    """From now on ask this database; its first question is not one that is measured."""
    from django.db import connection

    from tenants.models import Tenant

    connection.close()
    connection.settings_dict["NAME"] = database
    Tenant.objects.count()


def _round(askers: dict[str, Any]) -> Iterator[tuple[Page, Spent]]:
    """Every page once, and what it took."""
    backend = _backend()
    for page in PAGES:
        began, worked = time.perf_counter(), _worked_ms(backend)
        _ask(page, askers)
        yield page, Spent(ms=(time.perf_counter() - began) * 1000, cpu_ms=_worked_ms(backend) - worked)


def _backend() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _worked_ms(backend: int) -> float:
    """Processor time of this process and of the one that PostgreSQL serves it by, so far."""
    try:
        fields = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # not on Linux
        return 0
    return time.process_time() * 1000 + (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _ask(page: Page, askers: dict[str, Any]) -> None:
    from django.test import Client

    is_api = page.asker == "api"
    headers = {"Host": "localhost", **({"Authorization": f"Bearer {askers['api']}"} if is_api else {})}
    answer = (Client() if is_api else askers[page.asker]).get(page.address, headers=headers)
    if answer.status_code != 200:
        raise RuntimeError(f"{page.address}: {answer.status_code}")


def _report(few: dict[str, list[Spent]], many: dict[str, list[Spent]]) -> bool:
    """Print all figures; whether the 95th percentiles are within their goals."""
    print(f"{'ms':<28}{'few: median':>12}{'p95':>6}{'many: median':>14}{'p95':>6}{'ratio':>7}{'goal':>6}", end="")
    print(f"{'cpu: few':>10}{'many':>6}{'ratio':>7}")
    is_within = True
    for page in PAGES:
        both = [took[page.name] for took in (few, many)]
        usual, usually = (statistics.median(one.ms for one in took) for took in both)
        late, lately = map(_p95, both)
        cpu, cpus = (statistics.mean(one.cpu_ms for one in took) for took in both)
        is_within &= lately <= page.goal_ms
        print(
            f"{page.name:<28}{usual:>12.0f}{late:>6.0f}{usually:>14.0f}{lately:>6.0f}{usually / usual:>7.2f}{page.goal_ms:>6}"
            f"{cpu:>10.0f}{cpus:>6.0f}{cpus / cpu if cpu else 0:>7.2f}{'' if lately <= page.goal_ms else '  too slow'}"
        )
    print(f"The goal of each ratio is {RATIO}.")
    return is_within


def _p95(took: list[Spent]) -> float:
    return statistics.quantiles((one.ms for one in took), n=20, method="inclusive")[-1]


def _explain(askers: dict[str, Any]) -> None:
    """Print what each page asks that takes long, and how PostgreSQL goes about it."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for page in PAGES:
        _ask(page, askers)
        with CaptureQueriesContext(connection) as made:
            _ask(page, askers)
        asked = [query["sql"] for query in made.captured_queries if float(query["time"]) * 1000 >= SLOW_MS]
        print(f"\n=== {page.name}: {len(made)} questions, {len(asked)} of {SLOW_MS} ms or more")
        for sql in asked:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}")
                plan = "\n".join(row[0] for row in cursor.fetchall())
            print(f"\n{sql[:1500]}\n{plan}")


if __name__ == "__main__":
    sys.exit(main())
