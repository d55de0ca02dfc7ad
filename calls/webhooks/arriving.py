"""Noting that a message arrived, which is done for each: as few statements as there can be, prepared once.

Django compiles an UPDATE and an INSERT anew for every row, and that costs more than sending does. On PostgreSQL both are one
statement, which is a transaction of its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from django.db.models import AutoField, Field

from calls.models import Attempt, Delivery

_NOW = {"sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')", "postgresql": "STATEMENT_TIMESTAMP()"}


def note_arrival(delivery: Delivery, attempt: Attempt) -> bool:
    """The delivery is over, and the attempt on record; False, and nothing is written, where another fence holds it by now."""
    key = Delivery._meta.pk.get_db_prep_value(delivery.pk, connection)
    values = [field.get_db_prep_save(field.pre_save(attempt, add=True), connection) for field in _fields()]
    end, insert = _statements(connection.vendor)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"WITH ours AS ({end} RETURNING id) {insert} FROM ours", [key, delivery.fence, *values])
            return bool(cursor.rowcount)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(end, [key, delivery.fence])
        if not cursor.rowcount:
            return False
        cursor.execute(insert, values)
    return True


@lru_cache
def _fields() -> tuple[Field[Any, Any], ...]:
    return tuple(field for field in Attempt._meta.concrete_fields if not isinstance(field, AutoField))


@lru_cache
def _statements(vendor: str) -> tuple[str, str]:
    quoted, now = connection.ops.quote_name, _NOW[vendor]
    end = (
        f"UPDATE {quoted(Delivery._meta.db_table)} SET state = 'delivered', reason = '', attempts = attempts + 1, "  # noqa: S608
        f"delivered_at = {now}, updated_at = {now}, holder = NULL, lease_until = NULL "
        "WHERE id = %s AND fence = %s AND state = 'pending'"
    )
    columns = [quoted(str(field.column)) for field in _fields()]
    table, places = quoted(Attempt._meta.db_table), ", ".join(["%s"] * len(columns))
    return end, f"INSERT INTO {table} ({', '.join(columns)}) SELECT {places}"
