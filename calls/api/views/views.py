"""Saved views: a person's own, and those the tenant's people share."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from calls.api.authentication import MANAGERS, WRITERS
from calls.api.filters.views import Looker, ViewFilters, narrowed
from calls.api.problems import Problem, bad_parameter
from calls.api.serializers.views import ViewDocument
from calls.api.views.resource import Resource
from calls.models import Call, SavedView
from tenants.authentication import Principal


def views_of(principal: Principal) -> QuerySet[SavedView]:
    """The views this party may use."""
    rows: QuerySet[SavedView] = SavedView.objects.for_tenant(principal.tenant).usable_by(principal.user)
    return rows


def view_named(principal: Principal, text: str) -> SavedView:
    """The view with this id; one that is not theirs to use is no view."""
    view: SavedView | None = views_of(principal).by_public_id(text)  # type: ignore[attr-defined]
    if view is None:
        raise bad_parameter("view", "There is no such view.")
    return view


class Views(Resource):
    """Saved views of the log. People change their own; managers and owners also those that are shared."""

    model, document_class, filterset_class = SavedView, ViewDocument, ViewFilters
    noun = ("view", "views")
    erase_roles = WRITERS
    conflict_detail = "You have a view with this name already."

    def rows(self) -> QuerySet[SavedView]:
        return views_of(self.principal)

    def kept(self, row: SavedView, values: dict[str, Any]) -> Any:
        if row._state.adding:
            row.owner = self.principal.user
        self._refuse_others(row)
        self._refuse_unreadable(values.get("filters", {}))
        return super().kept(row, values)

    def erase(self, row: SavedView) -> None:
        self._refuse_others(row)
        row.delete()

    def _refuse_others(self, row: SavedView) -> None:
        manages = self.principal.role in MANAGERS and self.principal.center_id is None
        if row.owner_id != self.principal.user.pk and not manages:
            raise Problem(403, "forbidden", "Only its owner, managers and owners of the tenant change a shared view.")

    def _refuse_unreadable(self, filters: dict[str, str]) -> None:
        try:
            narrowed(Call.objects.none(), filters, Looker(tenant=self.principal.tenant, user=self.principal.user))
        except Problem as problem:
            told: Any = {fault.parameter: [fault.detail] for fault in problem.faults}
            raise serializers.ValidationError({"filters": told}) from problem
