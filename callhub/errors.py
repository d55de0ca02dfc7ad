"""Answers to what no view saw: each door's own envelope for unknown addresses and crashes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from calls.dialects.base import Refusal
from calls.dialects.urls import door_of


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 in the envelope of the door the address belongs to."""
    door = door_of(request.path)
    if door is None:
        return defaults.page_not_found(request, exception)
    return door.refuse(Refusal(404, "not_found", "There is nothing at this address."))
