"""Answers to what no view saw: each door's own envelope for unknown addresses, unacceptable requests and crashes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from calls.api.problems import Problem, plain_response
from calls.dialects.base import Refusal
from calls.dialects.urls import door_of

_OURS = "/api/v1"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 in the envelope of the door the address belongs to."""
    answer = _refuse(request, 400, "bad_request", "The request is not acceptable.")
    return answer or defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 in the envelope of the door the address belongs to."""
    answer = _refuse(request, 403, "forbidden", "This is not allowed.")
    return answer or defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 in the envelope of the door the address belongs to."""
    answer = _refuse(request, 404, "not_found", "There is nothing at this address.")
    return answer or defaults.page_not_found(request, exception)


def crashed(request: HttpRequest) -> HttpResponse:
    """500 in the envelope of the door the address belongs to."""
    answer = _refuse(request, 500, "internal_error", "Something went wrong here. It has been logged.")
    return answer or defaults.server_error(request)


def _refuse(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse | None:
    """The refusal as our API or a dialect words it; None where the address is neither's."""
    if request.path == _OURS or request.path.startswith(f"{_OURS}/"):
        return plain_response(Problem(status, code, message))
    door = door_of(request.path)
    return door.refuse(Refusal(status, code, message)) if door else None
