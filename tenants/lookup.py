"""Look-ups that travel together: several questions about a tenant's rows, one statement, one round trip.

They are written in SQL because compiling them anew from querysets costs, for every call, ten times what the database needs to
answer. Each selects the same few columns (``Answer``), so that any number of them make one ``UNION ALL``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models import DEFERRED

from tenants.ids import key_bounds
from tenants.models import Tenant

Model = TypeVar("Model", bound=models.Model)


class Answer(NamedTuple):
    """One row that was found; ``asked`` or ``asked_id`` is what it was found by where no other column tells that."""

    kind: str
    asked: str
    asked_id: UUID
    id: UUID
    external_id: str
    name: str
    e164: str
    of_id: UUID | None  # of what it belongs to


class Question:
    """A SELECT of ``Answer``'s columns from one tenant's rows: those for which any of the conditions holds.

    ``select`` ends with ``… WHERE tenant_id = %s``. Without a condition nothing is asked.
    """

    def __init__(self, select: str, tenant: Tenant) -> None:
        self.select = select
        self.params: list[Any] = [tenant.pk]
        self.conditions: list[str] = []

    def where(self, column: str, values: Iterable[Any]) -> Self:
        """Rows whose column is one of these values; the empty text is nobody's."""
        wanted = {value for value in values if value}
        if wanted:
            self.conditions.append(f"{column} IN ({', '.join(['%s'] * len(wanted))})")
            self.params += wanted
        return self

    def where_id(self, column: str, texts: Iterable[str]) -> Self:
        """Rows whose key is spelt by one of these texts: a UUID, or the beginning of one (``tenants.ids``)."""
        bounds = {pair for text in texts if (pair := key_bounds(text))}
        self.where(column, (low for low, high in bounds if low == high))
        for low, high in bounds:
            if low != high:
                self.conditions.append(f"{column} BETWEEN %s AND %s")
                self.params += (low, high)
        return self

    @property
    def sql(self) -> str:
        """The statement."""
        return f"{self.select} AND ({' OR '.join(self.conditions)})"


def ask(questions: Iterable[Question]) -> dict[str, list[Answer]]:
    """The answers to all questions by their kind, in the order of the ids they were found by."""
    asked = [question for question in questions if question.conditions]
    answers: dict[str, list[Answer]] = defaultdict(list)
    if asked:
        sql = " UNION ALL ".join(question.sql for question in asked)
        for row in _rows(f"{sql} ORDER BY 3", [param for question in asked for param in question.params]):
            answers[row[0]].append(_answer(row))
    return answers


def ask_one(sql: str, params: Iterable[Any]) -> tuple[Any, ...] | None:
    """The first row of a statement of one's own, if there is one; keys in it still need ``as_key``."""
    rows = _rows(sql, params)
    return rows[0] if rows else None


class Named(Protocol):
    """Whatever has an id somebody gave it."""

    @property
    def external_id(self) -> Any: ...


Row = TypeVar("Row", bound=Named)


class Found(Generic[Row]):
    """Rows, or answers, by their keys and by the ids others gave them."""

    def __init__(self, rows: Mapping[UUID, Row]) -> None:
        self._rows = rows
        self._by_external_id = {row.external_id: row for row in rows.values() if row.external_id}

    def by_id(self, text: str) -> Row | None:
        """The one row whose key the text spells (``Question.where_id``)."""
        bounds = key_bounds(text)
        if bounds is None:
            return None
        low, high = bounds
        if low == high:
            return self._rows.get(low)
        begun = [row for key, row in self._rows.items() if low <= key <= high]
        return begun[0] if len(begun) == 1 else None

    def by_external_id(self, text: str) -> Row | None:
        """The row of this external id."""
        return self._by_external_id.get(text)


def known(model: type[Model], **columns: Any) -> Model:
    """A saved row of which these columns are known; any other is fetched when somebody looks at it."""
    fields = model._meta.concrete_fields
    return model.from_db(DEFAULT_DB_ALIAS, columns, [columns.get(field.attname, DEFERRED) for field in fields])


def _rows(sql: str, params: Iterable[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [_as_param(param) for param in params])
        return cursor.fetchall()


def _answer(row: tuple[Any, ...]) -> Answer:
    kind, asked, asked_id, id_, external_id, name, e164, of_id = row
    return Answer(kind, asked, as_key(asked_id), as_key(id_), external_id, name, e164, as_key(of_id))


def _as_param(value: Any) -> Any:
    """SQLite has no type for UUIDs, of which it keeps the hex digits, nor for times."""
    if isinstance(value, UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def as_key(value: Any) -> Any:
    """A key as SQLite keeps it, as the UUID it is."""
    return UUID(value) if isinstance(value, str) else value
