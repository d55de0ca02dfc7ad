"""``python3 -m bench.pages [--calls 1000000] [--rounds 7]``: how long the admin's pages and statistics take over many calls.

A private PostgreSQL with calls of a year in one tenant, first a few (10,000), then all of them; each page is asked for in turns,
so that a noisy minute hits all alike. Printed are the 95th percentile of both, their ratio and the goal.
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
from pathlib import Path
from typing import Any

FEW = 10_000
GOALS_MS = {
    "first page": 500,
    "first page, today": 500,
    "list": 300,
    "list, filtered": 300,
    "list, a number": 300,
    "statistics": 500,
    "statistics by agent": 500,
}
ADDRESSES = {
    "first page": "/admin/?period=30d",
    "first page, today": "/admin/?period=today",
    "list": "/admin/calls/call/?period=all",
    "list, filtered": "/admin/calls/call/?period=30d&scope=missed",
    "list, a number": "/admin/calls/call/?q=0701234567",
    "statistics": "/api/v1/statistics?period=30d&group=day&compare=true",
    "statistics by agent": "/api/v1/statistics?period=30d&group=agent",
}
# A call like the one there is, of another time, number, length, outcome and people.
_VARIED = {
    "id": "gen_random_uuid()",
    "started_at": "now() - n * %(step)s::interval",
    "answered_at": "NULL",
    "ended_at": "now() - n * %(step)s::interval + interval '10 minutes'",
    "ring_ms": "(random() * 30000)::int",
    "talk_ms": "(random() * random() * 560000)::int",
    "direction": "(ARRAY['inbound', 'outbound', 'internal'])[1 + (n %% 3)]",
    "disposition": "(ARRAY['answered', 'answered', 'answered', 'no_answer', 'busy'])[1 + (n %% 5)]",
    "remote_key": "'4670' || (1000000 + n %% 100000)",
    "number_text": "' 4670' || (1000000 + n %% 100000)",
    "agent_id": "(%(agents)s::uuid[])[1 + (n * 7 %% 20)]",
    "company_id": "(%(companies)s::uuid[])[1 + (n * 11 %% 200)]",
    "line_id": "(%(lines)s::uuid[])[1 + (n * 13 %% 10)]",
    "document": "jsonb_build_object('a', repeat('x', 600))",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m bench.pages", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
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
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        told = _prepare()
        print(f"PostgreSQL, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.rounds} rounds")
        _fill(FEW, told)
        few = _measure(told, options.rounds)
        _fill(options.calls - FEW, told)
        many = _measure(told, options.rounds)
    return 0 if _report(few, many) else 1


def _prepare() -> dict[str, Any]:
    from tests.make import make_agent, make_call, make_company, make_line, make_tenant, make_token
    from tests.tenants.admin_walk import signed_in, staff

    tenant = make_tenant("bench", time_zone="Europe/Stockholm")
    owner = staff(tenant, "owner")
    make_call(tenant)
    return {
        "agents": [str(make_agent(tenant).pk) for _ in range(20)],
        "companies": [str(make_company(tenant).pk) for _ in range(200)],
        "lines": [str(make_line(tenant, f"+4685550{n:04}").pk) for n in range(10)],
        "staff": signed_in(owner),
        "secret": make_token(tenant, owner),
    }


def _fill(count: int, told: dict[str, Any]) -> None:
    """So many calls of the last year, by one statement; the ledger would take an hour."""
    from django.db import connection

    from calls.models import Call

    columns = [field.column for field in Call._meta.concrete_fields]
    values = ", ".join(_VARIED.get(column, f'made."{column}"') for column in columns)
    named = ", ".join(f'"{column}"' for column in columns)
    insert = f"""
        INSERT INTO calls_call ({named})
        SELECT {values} FROM (SELECT * FROM calls_call LIMIT 1) made, generate_series(1, %(count)s) n
    """
    step = f"{365 * 86_400 / count} seconds"
    with connection.cursor() as cursor:
        cursor.execute(insert, {**told, "count": count, "step": step, "staff": None})
        cursor.execute("VACUUM ANALYZE calls_call")


def _measure(told: dict[str, Any], rounds: int) -> dict[str, float]:
    """The 95th percentile of each page in milliseconds; the first round only warms up."""
    from django.test import Client

    took: dict[str, list[float]] = {name: [] for name in ADDRESSES}
    for turn in range(rounds + 1):
        for name, address in ADDRESSES.items():
            is_api = address.startswith("/api/")
            client = Client() if is_api else told["staff"]
            headers = {"Host": "localhost", **({"Authorization": f"Bearer {told['secret']}"} if is_api else {})}
            began = time.perf_counter()
            answer = client.get(address, headers=headers)
            if answer.status_code != 200:
                raise RuntimeError(f"{address}: {answer.status_code}")
            if turn:
                took[name].append((time.perf_counter() - began) * 1000)
    return {name: statistics.quantiles(times, n=20, method="inclusive")[-1] for name, times in took.items()}


def _report(few: dict[str, float], many: dict[str, float]) -> bool:
    print(f"{'page':<22}{'few ms':>9}{'many ms':>9}{'ratio':>8}{'goal ms':>9}")
    for name, goal in GOALS_MS.items():
        print(f"{name:<22}{few[name]:>9.0f}{many[name]:>9.0f}{many[name] / few[name]:>8.2f}{goal:>9}")
    return all(many[name] <= goal for name, goal in GOALS_MS.items())


if __name__ == "__main__":
    sys.exit(main())
