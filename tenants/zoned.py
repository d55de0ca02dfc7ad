"""Times that people type: forms say in which zone they are read."""

from __future__ import annotations

from typing import Any

from django.db.models import DateTimeField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext


class ZonedTimes:
    """Each field of a time names the zone the admin reads and shows it in, which need not be that of the person's browser."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and isinstance(db_field, DateTimeField):
            told = gettext("In your time zone, %(zone)s.") % {"zone": str(timezone.get_current_timezone())}
            field.help_text = f"{field.help_text} {told}".strip()
        return field
