"""What the admin's addresses need of their own: the theme's script policy, the viewer's time zone and language."""

from __future__ import annotations

import logging
from collections.abc import Callable

from csp.constants import UNSAFE_EVAL
from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from calls.outbound import LOOP_HEADER, loop_mark
from tenants.reach import reach_of
from tenants.transport import IN_CLEAR, is_in_clear

log = logging.getLogger(__name__)

_ABORTED = ("40001", "40P01")  # PostgreSQL's codes for two that waited for each other


def refuse_own_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A request of our own that came back, such as a webhook sent on to an API here, ends here: it would go round for ever."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.headers.get(LOOP_HEADER) == loop_mark():
            return HttpResponse("Loop detected: callhub sent this request itself.\n", status=508, content_type="text/plain")
        return get_response(request)

    return answer


def admin_surroundings(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Below the admin's address times and words are the viewer's and Alpine may compile its expressions; elsewhere nothing is.

    The other doors are contracts: what they answer is the same whatever language a client would like, so Django's own
    ``LocaleMiddleware`` is not used. Comes after the CSP and authentication middleware: it sets what django-csp adds to its
    policy for one response.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(reverse("admin:index")):
            return get_response(request)
        if is_in_clear(request):
            return HttpResponse(f"{IN_CLEAR}\n", status=403, content_type="text/plain")
        if "chunked" in request.headers.get("Transfer-Encoding", "").lower():  # Django would read an empty form
            return HttpResponse("Send a Content-Length.\n", status=411, content_type="text/plain")
        reach = reach_of(request)
        language = reach.language or translation.get_language_from_request(request)
        with timezone.override(reach.zone), translation.override(language):
            response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Accept-Language"])
        response._csp_update = {"script-src": [UNSAFE_EVAL]}  # type: ignore[attr-defined]
        return response

    answer.process_exception = _outrun  # type: ignore[attr-defined]
    return answer


def _outrun(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """Who changes in the admin what others change at the same moment is told so, and looks again; nothing was saved."""
    if request.method != "POST" or not request.path.startswith(reverse("admin:index")) or not _is_race(error):
        return None
    log.warning("Changed meanwhile, at %s", request.path, exc_info=error)
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return HttpResponse(status=409)
    said = gettext("Nothing was saved: somebody changed or removed the same just now. Look at it and try again.")
    messages.error(request, said)
    page = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(page if is_ours else reverse("admin:index"))


def _is_race(error: Exception) -> bool:
    """Whether somebody was quicker: a key is taken, a row is gone, or two waited for each other."""
    if isinstance(error, OperationalError):
        return getattr(error.__cause__, "sqlstate", "") in _ABORTED
    return isinstance(error, IntegrityError | ObjectDoesNotExist)
