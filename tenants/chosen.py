"""Fields found by typing that show the rows that were chosen, whatever a browser sent.

Django's own ask the database for what was sent when they show a form again; what is no id at all would end in an error there.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.db.models import Field


class _IdsAlone:
    """What is no id is shown by its error alone."""

    field: Any

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        key = self.field.remote_field.model._meta.pk
        return super().optgroups(name, [text for text in value if _is_key(key, text)], attr)  # type: ignore[misc]


class ChosenRow(_IdsAlone, AutocompleteSelect):
    """One row."""


class ChosenRows(_IdsAlone, AutocompleteSelectMultiple):
    """Any number of rows."""


def _is_key(key: Field[Any, Any], text: Any) -> bool:
    try:
        return key.to_python(text) is not None
    except ValidationError:
        return False
