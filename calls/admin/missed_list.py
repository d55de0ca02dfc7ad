"""The list of missed calls: what waits unless told otherwise, the quick scopes, and how well calls are returned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from calls import missed
from calls.admin import cells
from calls.choices import MissedState
from calls.models.missed import MissedCallQuerySet
from contacts.dialing import DialingList
from tenants.reach import reach_of

WAITING = "waiting"
SCOPES = [
    (WAITING, _("Waiting")),
    ("mine", _("Mine")),
    ("snoozed", _("Put off")),
    ("returned", _("Returned")),
    ("done", _("Done")),
    ("never", _("Never returned")),
    ("all", _("All")),
]
_BULKY = ("document", "facts", "notes", "given_contact", "screen_pop", "match_candidates")


def in_scope(rows: MissedCallQuerySet, scope: str, user: Any) -> MissedCallQuerySet:
    """The rows of a quick scope."""
    scopes = {
        WAITING: rows.waiting,
        "mine": lambda: rows.open().filter(assigned_to=user),
        "snoozed": rows.snoozed,
        "returned": lambda: rows.filter(state=MissedState.RETURNED),
        "done": lambda: rows.filter(state=MissedState.DONE),
        "never": rows.never_returned,
    }
    return scopes[scope]() if scope in scopes else rows


class ScopeFilter(DropdownFilter):
    """What waits, unless told otherwise."""

    title = _("scope")
    parameter_name = "scope"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        return SCOPES

    def value(self) -> str:
        told = super().value()
        return told if told in dict(SCOPES) else WAITING

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return in_scope(queryset, self.value(), reach_of(request).user.pk)


class MissedList(DialingList):
    """The queue, with its quick scopes and figures above it."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        rows = super().get_queryset(request, exclude_parameters)
        return rows.defer(*(f"last_call__{name}" for name in _BULKY))

    @property
    def scopes(self) -> list[tuple[Any, str, bool]]:
        """Label, address and whether it is chosen; the rest of the filter stays."""
        told = str(self.params.get("scope", ""))
        chosen = told if told in dict(SCOPES) else WAITING
        return [(label, self.get_query_string({"scope": name}, ["p"]), name == chosen) for name, label in SCOPES]

    @cached_property
    def figures(self) -> list[tuple[str, Any]]:
        """What waits, and how the last 30 days went, each with its words."""
        told = missed.figures_of(self.root_queryset)
        oldest = timesince(told.oldest_at, depth=1) if told.oldest_at else cells.NOTHING
        share = cells.NOTHING if told.share_returned is None else f"{told.share_returned} %"
        usual = cells.NOTHING if told.usual_return is None else cells.length(int(told.usual_return.total_seconds() * 1000))
        return [
            (str(told.waiting), _("waiting")),
            (oldest, _("the longest wait")),
            (share, _("returned, of those missed in 30 days")),
            (usual, _("usual time until they are returned")),
            (str(told.never_returned), _("never returned, of the last 30 days")),
        ]
