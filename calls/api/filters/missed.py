"""Which missed calls."""

from __future__ import annotations

from typing import Any

from calls.api.filters.base import AnyOfFilter, Filters, IdsFilter, MomentFilter, NumberFilter, TruthFilter
from calls.choices import MissedState
from calls.models import MissedCall
from contacts.phone import read_number


class MissedFilters(Filters):
    """Which rows of the queue."""

    state = AnyOfFilter("state", words=MissedState.values)
    waiting = TruthFilter(method="are_waiting", help_text="Open ones that are not put off; false: all others.")
    returned = TruthFilter("returned_by", "isnull", exclude=True, help_text="Whether the caller was talked to since.")
    number = NumberFilter(method="by_number", help_text="The number, whole and in any spelling.")
    assigned_to = IdsFilter("assigned_to_id")
    agent = IdsFilter("agent_id")
    center = IdsFilter("center_id")
    missed_after = MomentFilter("last_at", "gte", help_text="Last tried at this time or later.")
    missed_before = MomentFilter("last_at", "lt", help_text="Last tried before this time.")

    class Meta:
        model = MissedCall
        fields: list[str] = []

    def are_waiting(self, rows: Any, name: str, wanted: bool | None) -> Any:
        if wanted is None:
            return rows
        waiting = MissedCall.objects.waiting().values("pk")
        return rows.filter(pk__in=waiting) if wanted else rows.exclude(pk__in=waiting)

    def by_number(self, rows: Any, name: str, text: str) -> Any:
        number = read_number(text, self.place)
        if not number:
            return rows.none()
        rows = rows.filter(match_key=number.key)
        return rows.filter(number__in=[number.e164, number.key]) if number.e164 else rows
