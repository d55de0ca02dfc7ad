"""``python3 -m bench.many [--calls 1000000]``: a tenant with so many calls, in the database the settings name.

Calls of 18 months in office hours and outside them, by one statement: the ledger, which is what calls otherwise come through,
would take an hour. They have no timelines, and no webhook is told of them. Never meant for a database in earnest.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

DAYS = 548
AGENTS, COMPANIES, LINES, CENTERS, CONTACTS = 40, 300, 20, 6, 300
NUMBERS = 50_000
# A call like the one there is, of another time, number, length, outcome and people: the ``n``-th, at ``t``, ``r`` by chance.
_VARIED = {
    "id": "(lpad(to_hex((extract(epoch FROM t) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || "
    "substr(md5(n::text || %(salt)s), 1, 15))::uuid",
    "external_id": "%(salt)s || n",
    "started_at": "t",
    "answered_at": "NULL",
    "ended_at": "t + interval '10 minutes'",
    "ring_ms": "CASE WHEN n %% 9 > 0 THEN (r * 30000)::int END",
    "talk_ms": "CASE WHEN n %% 5 < 3 THEN (r * r * 560000)::int + 1 ELSE 0 END",
    "direction": "(ARRAY['inbound', 'outbound', 'internal', 'inbound'])[1 + (n %% 4)]",
    "disposition": "(ARRAY['answered', 'answered', 'answered', 'no_answer', 'busy'])[1 + (n %% 5)]",
    "remote_raw": "'+4670' || lpad((n * 7 %% %(numbers)s)::text, 7, '0')",
    "remote_e164": "'+4670' || lpad((n * 7 %% %(numbers)s)::text, 7, '0')",
    "remote_key": "'70' || lpad((n * 7 %% %(numbers)s)::text, 7, '0')",
    "number_text": "'4670' || lpad((n * 7 %% %(numbers)s)::text, 7, '0') || ' 4685550' || lpad((n * 13 %% 20)::text, 4, '0')",
    "match_state": "CASE WHEN n %% 6 = 0 THEN 'none' ELSE 'exact' END",
    "contact_id": "CASE WHEN n %% 6 > 0 THEN (%(contacts)s::uuid[])[1 + (n * 7 %% %(contact_count)s)] END",
    "agent_id": "CASE WHEN n %% 11 > 0 THEN (%(agents)s::uuid[])[1 + ((r * 7919)::int %% %(agent_count)s)] END",
    "company_id": "CASE WHEN n %% 6 > 0 THEN (%(companies)s::uuid[])[1 + (n * 11 %% %(company_count)s)] END",
    "line_id": "(%(lines)s::uuid[])[1 + (n * 13 %% %(line_count)s)]",
    "center_id": "(%(centers)s::uuid[])[1 + (n * 13 %% %(line_count)s %% %(center_count)s)]",
    "is_flagged": "n %% 2000 = 0",
    "notes": "CASE WHEN n %% 20 = 0 THEN 'Wants an offer by Friday, call ' || n ELSE '' END",
    "document": "jsonb_build_object('a', repeat('x', 600))",
}
# Nine of ten between seven and seven, most at noon; weekends have a tenth. What would lie ahead of now is a week earlier.
_TIMES = """
    SELECT n, r, CASE WHEN t > now() - interval '11 minutes' THEN t - interval '7 days' ELSE t END AS t FROM (
        SELECT n, r, day + CASE WHEN r2 < 0.9 THEN interval '7 hours' + (r + r2 / 0.9) / 2 * interval '12 hours'
                                ELSE r * interval '24 hours' END AS t
        FROM (SELECT n, r, r2,
                     CASE WHEN extract(isodow FROM day) > 5 AND r3 > 0.1 THEN day - interval '3 days' ELSE day END AS day
              FROM (SELECT n, random() AS r, random() AS r2, random() AS r3,
                           date_trunc('day', now() - (%(count)s - n)::float / %(count)s * %(days)s * interval '1 day') AS day
                    FROM generate_series(1, %(count)s) n) drawn) worked) timed
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m bench.many", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callhub.settings")
    import django

    django.setup()
    from django.db import connection

    if connection.vendor != "postgresql":
        parser.error("DATABASE_URL must name a PostgreSQL.")
    began = time.perf_counter()
    people = prepare()
    fill(options.calls, people)
    print(f"{options.calls} calls in {time.perf_counter() - began:.0f} s; sign in as {people['user'].username}.")
    return 0


def prepare() -> dict[str, Any]:
    """A tenant with its people, lines and one call."""
    from tests.make import make_agent, make_call, make_center, make_company, make_contact, make_line, make_tenant
    from tests.tenants.admin_walk import staff

    tenant = make_tenant("bench", time_zone="Europe/Stockholm")
    user = staff(tenant, "owner")
    make_call(tenant)
    rows = {
        "agents": [make_agent(tenant, name=f"Agent {n}") for n in range(AGENTS)],
        "companies": [make_company(tenant, name=f"Company {n}") for n in range(COMPANIES)],
        "contacts": [make_contact(tenant, f"+4670{n:07}", name=f"Contact {n}") for n in range(CONTACTS)],
        "lines": [make_line(tenant, f"+4685550{n:04}") for n in range(LINES)],
        "centers": [make_center(tenant, name=f"Center {n}") for n in range(CENTERS)],
    }
    keys = {name: [str(row.pk) for row in made] for name, made in rows.items()}
    counts = {"agent_count": AGENTS, "company_count": COMPANIES, "contact_count": CONTACTS}
    return {"tenant": tenant, "user": user, **keys, **counts, "line_count": LINES, "center_count": CENTERS}


def fill(count: int, people: dict[str, Any]) -> None:
    """So many calls up to now, of the tenant and people that ``prepare`` made."""
    from django.db import connection

    from calls.models import Call

    columns = [field.column for field in Call._meta.concrete_fields]
    values = ", ".join(_VARIED.get(column, f'made."{column}"') for column in columns)
    named = ", ".join(f'"{column}"' for column in columns)
    insert = f"""
        INSERT INTO calls_call ({named})
        SELECT {values} FROM (SELECT * FROM calls_call WHERE tenant_id = %(tenant_id)s LIMIT 1) made, ({_TIMES}) drawn
    """
    told = {name: value for name, value in people.items() if name not in ("tenant", "user")}
    more = {"tenant_id": people["tenant"].pk, "salt": f"bench-{count}-", "numbers": NUMBERS, "days": DAYS, "count": count}
    with connection.cursor() as cursor:
        cursor.execute(insert, told | more)
        cursor.execute("VACUUM ANALYZE calls_call")


if __name__ == "__main__":
    sys.exit(main())
