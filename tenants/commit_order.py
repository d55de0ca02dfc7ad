"""The order in which events became visible: what a reader follows without missing or doubling one.

Ids alone do not give it: on PostgreSQL a transaction that took its ids first may well commit last, and who read past them
would never see its rows. So the database writes beside each event the number of the transaction it belongs to, and a reader
takes only events of transactions older than every one that is still open (``settled``), ordered by transaction, then id:
nothing can appear behind what was read. One long writing transaction anywhere in the cluster therefore holds the feed
back while it lasts; it never makes it wrong. On SQLite writers wait for each other before they take ids (IMMEDIATE), so the
number is always 0 and the ids are the order.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self, TypeVar

from django.db import models
from django.db.models import Func, Q, Value

from tenants.scoping import TenantQuerySet

Row = TypeVar("Row", bound=models.Model)


class Position(NamedTuple):
    """A place between two events; the reader has everything up to and including the event it names."""

    transaction: int = 0
    id: int = 0


class _OfDatabase(Func):
    """A number the database alone knows; where writers are serial, a constant takes its place."""

    output_field = models.BigIntegerField()
    arity = 0
    template = ""
    template_postgresql = ""

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.template_postgresql, **context)


class TransactionNumber(_OfDatabase):
    """The number of the transaction this statement is part of; it never wraps and never comes twice."""

    template = "0"
    template_postgresql = "pg_current_xact_id()::text::bigint"


class OldestOpenTransaction(_OfDatabase):
    """Every transaction with a lower number has ended, and what it wrote is seen by this statement."""

    template = "1"
    template_postgresql = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


class LastIdTaken(Func):
    """The last id that a table has given out. Only where writers are serial does it tell an order; elsewhere it is 0."""

    output_field = models.BigIntegerField()
    template = "COALESCE((SELECT seq FROM sqlite_sequence WHERE name = %(expressions)s), 0)"

    def __init__(self, table: str, **context: Any) -> None:
        super().__init__(Value(table), **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return "0", []


class CommitOrderQuerySet(TenantQuerySet[Row]):
    """Events, as they are followed."""

    def settled(self) -> Self:
        """Those before which no other can appear any more, in commit order."""
        return self.filter(transaction__lt=OldestOpenTransaction()).order_by("transaction", "id")

    def settled_after(self, position: Position) -> Self:
        """What a reader who has come to ``position`` reads next, in commit order."""
        later = Q(transaction__gt=position.transaction) | Q(transaction=position.transaction, id__gt=position.id)
        return self.settled().filter(later, transaction__gte=position.transaction)  # the latter for the index


class InCommitOrder(models.Model):
    """An event that readers follow. Rows are only ever added; the column is the database's own to write."""

    transaction = models.BigIntegerField(db_default=TransactionNumber(), editable=False)

    class Meta:
        abstract = True

    @property
    def position(self) -> Position:
        """Where a reader stands who has taken this event in."""
        return Position(self.transaction, self.pk)
