"""What the admin's addresses need of their own: the theme's script policy, the viewer's time zone and language."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import UNSAFE_EVAL
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from tenants.reach import reach_of


def admin_surroundings(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Below the admin's address times and words are the viewer's and Alpine may compile its expressions; elsewhere nothing is.

    The other doors are contracts: what they answer is the same whatever language a client would like, so Django's own
    ``LocaleMiddleware`` is not used. Comes after the CSP and authentication middleware: it sets what django-csp adds to its
    policy for one response.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(reverse("admin:index")):
            return get_response(request)
        reach = reach_of(request)
        language = reach.language or translation.get_language_from_request(request)
        with timezone.override(reach.zone), translation.override(language):
            response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Accept-Language"])
        response._csp_update = {"script-src": [UNSAFE_EVAL]}  # type: ignore[attr-defined]
        return response

    return answer
