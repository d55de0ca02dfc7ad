"""What a database would do with the log of many, asked where few rows are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from tenants.models import Tenant
from tests.make import make_call, make_tenant

_LIKE_MANY = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
_OTHERS, _OWN = 100, 10  # calls


def prefer_indexes(*tenants: Tenant, calls: int = _OWN) -> None:
    """Have PostgreSQL plan this transaction's queries as on a full log of another tenant, and so many calls of these.

    It reads few rows whole; and what it knows of a table would be what it last saw there, in whichever test that was.
    """
    if connection.vendor != "postgresql":
        return
    for tenant, count in ((make_tenant(), _OTHERS), *((tenant, calls) for tenant in tenants)):
        for _ in range(count):
            make_call(tenant)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE calls_call, calls_callevent; {_LIKE_MANY}")


def plan_of(sql: str, parameters: Sequence[Any] | None = None) -> str:
    """How the database would go about a query."""
    with transaction.atomic(), connection.cursor() as cursor:
        prefer_indexes()
        cursor.execute(f"EXPLAIN {'QUERY PLAN' if connection.vendor == 'sqlite' else ''} {sql}", parameters)
        return str(cursor.fetchall())
