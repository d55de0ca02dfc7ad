"""Pages that show what happens by itself: nobody adds, changes or deletes a row there."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


class ReadOnly:
    """For an admin page, before its other bases. What may be done beyond looking has an address and a right of its own."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
