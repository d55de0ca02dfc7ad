"""Which changes."""

from __future__ import annotations

from typing import Any

from calls.api.filters.base import AnyOfFilter
from calls.api.filters.calls import CallFilters
from calls.feed.reading import OBJECTS
from contacts.choices import Change


class ChangeFilters(CallFilters):
    """Of what, what became of it, and of which calls: the list's filters that say what a call is.

    When it happened is what ``since`` is for.
    """

    started_after = started_before = ended_after = ended_before = updated_after = date = None  # type: ignore[assignment]
    duration_min = duration_max = talk_min = talk_max = ring_min = ring_max = None  # type: ignore[assignment]
    number_part = notes = None  # type: ignore[assignment]
    object = AnyOfFilter(method="is_told", words=OBJECTS, help_text="Of what; everything, if left out.")
    change = AnyOfFilter(method="is_told", words=Change.values, help_text="What became of it.")

    def is_told(self, calls: Any, name: str, words: list[str]) -> Any:
        """These two choose among events, not among calls."""
        return calls


OF_EVENTS = ("object", "change")
