"""Saved views: filters, columns and an order under a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from calls.api.fields import ChoiceField, MomentField
from calls.api.filters.calls import CallFilters
from calls.api.filters.views import MOST_TEXT
from calls.api.serializers.base import RowDocument
from calls.finding import SORTS
from calls.models import SavedView
from calls.models.view import Column

_VALUE = {"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
_FILTERS = {
    "type": "object",
    "additionalProperties": {"oneOf": [*_VALUE["oneOf"], {"type": "array", "items": {"type": "string"}}]},
    "description": "Parameters of /api/v1/calls and their values; several values as a list or with commas between.",
    "example": {"type": ["missed"], "period": "7d"},
}


@extend_schema_field(_FILTERS)
class FiltersField(serializers.Field[dict[str, str], Any, Any, Any]):
    """Filters by the names they have in an address, each value as its text there."""

    default_error_messages = {"invalid": "Write an object of filters and their values."}

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if not isinstance(data, Mapping):
            self.fail("invalid")
        faults, filters = {}, {}
        for name, value in data.items():
            text = _text(value)
            if name not in CallFilters.base_filters:
                faults[str(name)[:60]] = ["There is no such filter of calls."]
            elif text is None or not text.strip() or len(text) > MOST_TEXT or "\0" in text:
                faults[name] = [f"Write a text, number, true or false, or a list of texts, of at most {MOST_TEXT} characters."]
            else:
                filters[name] = text
        if faults:
            raise serializers.ValidationError(faults)
        return filters

    def to_representation(self, value: dict[str, str]) -> dict[str, str]:
        return value


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return None


class ViewDocument(RowDocument):
    """A way to look at the log. `GET /api/v1/calls?view=` with its id lists the calls it shows."""

    shared = serializers.BooleanField(
        source="is_shared", required=False, help_text="Everybody in the tenant sees it; else its owner alone."
    )
    owner = serializers.UUIDField(source="owner_id", read_only=True, help_text="The id of the person who keeps it.")
    filters = FiltersField(required=False)
    columns = serializers.ListField(
        child=ChoiceField(choices=Column.choices),
        required=False,
        max_length=len(Column),
        help_text="What the admin's list shows of each call; none means what its reader chose.",
    )
    sort = ChoiceField(
        choices=["", *(order for name in SORTS for order in (name, f"-{name}"))],
        required=False,
        help_text="As the parameter of the same name of /api/v1/calls.",
    )
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)

    class Meta:
        model = SavedView
        fields = ["id", "name", "shared", "owner", "filters", "columns", "sort", "created_at", "updated_at"]
