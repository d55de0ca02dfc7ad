"""What the admin's addresses need of their own: the theme's script policy and the viewer's time zone."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import UNSAFE_EVAL
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from tenants.reach import reach_of


def admin_surroundings(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Below the admin's address times are the viewer's and Alpine may compile its expressions; elsewhere nothing changes.

    Comes after the CSP and authentication middleware: it sets what django-csp adds to its policy for one response.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(reverse("admin:index")):
            return get_response(request)
        with timezone.override(reach_of(request).zone):
            response = get_response(request)
        response._csp_update = {"script-src": [UNSAFE_EVAL]}  # type: ignore[attr-defined]
        return response

    return answer
