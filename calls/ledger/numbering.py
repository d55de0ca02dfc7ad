"""Numbers for readers that ask for "everything after number n" (CallN): a later look never shows a lower number.

A number given while a call is written could be committed after a higher one, and a reader that had seen the higher one would
never ask for it. So calls are numbered when somebody asks, once they are committed, and one transaction at a time: whoever sees
a number sees every lower one. The cost falls on readers; logging a call knows nothing of it.

A reseller and its clients share one sequence, because the reseller reads their calls together. It follows the clock, in seconds,
wherever it is behind it, so that the gap between two numbers does not tell one client how many calls the others had; such numbers
fit 32 bits until 2092.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import connection, transaction
from django.db.models import Max, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from calls.models import Call, CallNumbering
from tenants.models import Tenant

AT_ONCE = 2000  # calls per transaction: other readers wait no longer than those take
_BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)


def number_calls(tenants: Sequence[Tenant], *, at_most: int = 5 * AT_ONCE) -> bool:
    """Number the ended calls of these tenants of one tree that have none, in the order they were logged; whether all have one."""
    for _ in range(0, at_most, AT_ONCE):
        if not Call.objects.unnumbered(tenants).exists() or _number_some(tenants) < AT_ONCE:
            return True
    return not Call.objects.unnumbered(tenants).exists()


@transaction.atomic
def _number_some(tenants: Sequence[Tenant]) -> int:
    root = _root(tenants[0])
    CallNumbering.objects.get_or_create(tenant=root)
    numbering = CallNumbering.objects.select_for_update().get(tenant=root)
    highest = Call.objects.filter(tenant__in=tenants).aggregate(highest=Max("number"))["highest"] or 0  # a client that moved here
    last = max(numbering.last, highest, int((timezone.now() - _BEGINNING).total_seconds()))
    numbered = _write(tenants, last)
    if numbered:
        numbering.last = last + numbered
        numbering.save(update_fields=["last"])
    return numbered


def _write(tenants: Sequence[Tenant], last: int) -> int:
    """Give the next calls the numbers after ``last``; how many there were. One statement: rows differ only by their place."""
    place = Window(RowNumber(), order_by="pk")
    chosen = Call.objects.unnumbered(tenants).annotate(place=place).order_by("pk").values("pk", "place")[:AT_ONCE]
    inner, parameters = chosen.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE calls_call SET number = %s + chosen.place FROM ({inner}) AS chosen WHERE calls_call.id = chosen.pk",  # noqa: S608
            [last, *parameters],
        )
        return int(cursor.rowcount)


def _root(tenant: Tenant) -> Tenant:
    while tenant.parent is not None:
        tenant = tenant.parent
    return tenant
