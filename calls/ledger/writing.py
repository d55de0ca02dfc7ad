"""Writing new rows of several models in one round trip.

Django compiles an INSERT anew for every row and sends one per model, between a BEGIN and a COMMIT; for a call's sixty columns
that costs more than all else about it. Here each model's INSERT is prepared once. On PostgreSQL its rows travel as one JSON
document, which is cheaper than sixty parameters, and all INSERTs are one statement, which is a transaction of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, models, transaction
from django.db.models import NOT_PROVIDED, Field, Model


def insert_together(*groups: Sequence[Model]) -> None:
    """Insert every row of every group, in this order, or none; within a transaction that is open already it is part of that.

    Rows hold values as the database gives them back: UUIDs, aware times, plain JSON. Columns with a default in the database
    are left to it, and keys made there are not read back. Raises ``IntegrityError``.
    """
    given = [rows for rows in groups if rows]
    if not given:
        return
    if connection.vendor == "postgresql":
        _as_one_statement(given)
    else:
        _one_by_one(given)
    for row in (row for rows in given for row in rows):
        row._state.adding, row._state.db = False, connection.alias


def _as_one_statement(groups: Sequence[Sequence[Model]]) -> None:
    """``WITH step0 AS (INSERT …), step1 AS (INSERT …) INSERT …``: every step is carried out, and all of them or none."""
    *earlier, last = (_insert_from_json(type(rows[0])) for rows in groups)
    steps = ", ".join(f"step{number} AS ({step})" for number, step in enumerate(earlier))
    documents = [json.dumps([_columns(row) for row in rows], default=str, ensure_ascii=False) for rows in groups]
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {steps} {last}" if steps else last, documents)


def _one_by_one(groups: Sequence[Sequence[Model]]) -> None:
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        for rows in groups:
            fields = _fields(type(rows[0]))
            values = [[field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields] for row in rows]
            cursor.executemany(_insert_values(type(rows[0])), values)


def _columns(row: Model) -> dict[str, Any]:
    return {str(field.column): field.pre_save(row, add=True) for field in _fields(type(row))}


@lru_cache
def _fields(model: type[Model]) -> tuple[Field[Any, Any], ...]:
    """The columns that are written: not those the database fills."""
    fields = model._meta.concrete_fields
    return tuple(field for field in fields if field.db_default is NOT_PROVIDED and not isinstance(field, models.AutoField))


@lru_cache
def _insert_from_json(model: type[Model]) -> str:
    table, columns = _names(model)
    return f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)"  # noqa: S608


@lru_cache
def _insert_values(model: type[Model]) -> str:
    table, columns = _names(model)
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * len(_fields(model)))})"  # noqa: S608


def _names(model: type[Model]) -> tuple[str, str]:
    quoted = connection.ops.quote_name
    return quoted(model._meta.db_table), ", ".join(quoted(str(field.column)) for field in _fields(model))
