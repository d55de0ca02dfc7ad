"""Changing rows in the admin while others change them."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin


class LocksRows(ModelAdmin):
    """A page whose rows are nobody else's while they are changed or deleted."""

    locks_changed = True  # off where whoever changes a row must have something else before it

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row; where it is being changed, as it is now and nobody else's until that is over.

        A stale one, saved as a whole, would undo what others wrote since, or bring back what they removed.
        """
        row = super().get_object(request, object_id, from_field)
        if row is None or not self.locks_changed or request.method != "POST" or not connection.in_atomic_block:
            return row
        self._lock(pk=row.pk, is_kept=True)
        return super().get_object(request, object_id, from_field)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Whoever is about to refer to the row waits, and finds it gone."""
        with transaction.atomic():
            self._lock(pk=obj.pk)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            self._lock(pk__in=queryset.order_by().values("pk"))
            super().delete_queryset(request, queryset)

    def _lock(self, *, is_kept: bool = False, **rows: Any) -> None:
        """Have these rows until the transaction ends; others may refer to those that are ``is_kept``."""
        locked = self.model._default_manager.select_for_update(no_key=is_kept).filter(**rows)
        list(locked.order_by("pk").values_list("pk"))
