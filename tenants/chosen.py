"""Fields found by typing that show the rows that were chosen, whatever a browser sent.

Django's own ask the database for what was sent when they show a form again; what is no id at all would end in an error there.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.db.models import Field
from django.http import HttpRequest


class _IdsAlone:
    """What is no id is shown by its error alone."""

    field: Any

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        key = self.field.remote_field.model._meta.pk
        return super().optgroups(name, [text for text in value if is_key(key, text)], attr)  # type: ignore[misc]


class ChosenRow(_IdsAlone, AutocompleteSelect):
    """One row."""


class ChosenRows(_IdsAlone, AutocompleteSelectMultiple):
    """Any number of rows."""


def is_key(key: Field[Any, Any], text: Any) -> bool:
    """Whether a text may be the key of a row."""
    try:
        return "\0" not in str(text) and key.to_python(text) is not None
    except ValidationError:
        return False


class FoundRows(AutocompleteJsonView):
    """The rows that are found by typing, for fields that forms have: not for the other side of a relation, nor for NUL."""

    def process_request(self, request: HttpRequest) -> tuple[Any, ...]:
        found: tuple[Any, ...] = super().process_request(request)
        term, _page, field, _key = found
        if field.auto_created and not field.concrete:
            raise PermissionDenied
        if "\0" in term:
            raise SuspiciousOperation("No database stores NUL, so nothing can be found by it.")
        return found
