"""Reading a long list of calls in batches, each beginning after the last call of the one before.

Batches do not depend on calls that come or go meanwhile, and hold no cursor or transaction open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from django.core.exceptions import FieldDoesNotExist
from django.db import connection
from django.db.models import Field, Q, QuerySet

from calls.models import Call

NEWEST_FIRST = ("-started_at", "-id")
Position = list[str | None]  # of a call in the list: the columns it is sorted by, as text


def batches(calls: QuerySet[Call], after: Position | None, at_once: int) -> Iterator[tuple[list[Call], Position]]:
    """The calls after a position (None: from the first) in the order of ``calls``, and the position
    of each batch's last.

    A list in the order of a related row's name is read newest first.
    """
    order = _order_of(calls)
    calls = calls.order_by(*order)
    while True:
        found = list((calls.filter(_after(order, after)) if after else calls)[:at_once])
        if not found:
            return
        after = [_as_text(_field(name), found[-1]) for name in order]
        yield found, after


def _order_of(calls: QuerySet[Call]) -> Sequence[str]:
    names = [str(name).replace("pk", "id") if str(name) in ("pk", "-pk") else str(name) for name in calls.query.order_by]
    return names if names and all(map(_is_column, names)) and names[-1] in ("id", "-id") else NEWEST_FIRST


def _is_column(name: str) -> bool:
    try:
        return not _field(name).is_relation
    except FieldDoesNotExist:
        return False


def _field(name: str) -> Field[Any, Any]:
    return cast("Field[Any, Any]", Call._meta.get_field(name.removeprefix("-")))


def _as_text(field: Field[Any, Any], call: Call) -> str | None:
    return None if getattr(call, field.attname) is None else field.value_to_string(call)


def _after(order: Sequence[str], position: Position) -> Q:
    """The calls behind this position: later in a column, and the same in those before it."""
    equal, behind = Q(), Q(pk__in=[])
    for name, text in zip(order, position, strict=True):
        field = _field(name)
        value = None if text is None else field.to_python(text)
        behind |= equal & _later(name, field, value)
        equal &= Q(**{f"{field.name}__isnull": True}) if value is None else Q(**{field.name: value})
    return behind & _bound(order[0], position[0])


def _later(name: str, field: Field[Any, Any], value: Any) -> Q:
    """The calls later in one column. Calls without a value stand where the database sorts them."""
    is_descending = name.startswith("-")
    has_nulls_last = connection.features.nulls_order_largest != is_descending
    if value is None:
        return Q(pk__in=[]) if has_nulls_last else Q(**{f"{field.name}__isnull": False})
    later = Q(**{f"{field.name}__{'lt' if is_descending else 'gt'}": value})
    return later | Q(**{f"{field.name}__isnull": True}) if field.null and has_nulls_last else later


def _bound(name: str, text: str | None) -> Q:
    """The same of the first column alone, so that its index is entered at the right place."""
    field = _field(name)
    if field.null or text is None:
        return Q()
    return Q(**{f"{field.name}__{'lte' if name.startswith('-') else 'gte'}": field.to_python(text)})
