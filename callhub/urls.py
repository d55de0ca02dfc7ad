"""Which address leads to which door: our own first, then the vendors' (``calls.dialects.urls``)."""

from __future__ import annotations

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView

from tenants.admin.password import change_own
from tenants.chosen import FoundRows


def live(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """There is nothing at this address."""
    raise Http404


to_admin = RedirectView.as_view(pattern_name="admin:index", http_method_names=["get", "head"])

urlpatterns = [
    path("", to_admin),
    path("admin", to_admin),
    path("health/live", live, name="live"),
    path("admin/settings/", include("calls.admin.settings.urls")),
    path("admin/autocomplete/", admin.site.admin_view(FoundRows.as_view(admin_site=admin.site))),
    path("admin/r/<path:rest>", nothing),  # Django's redirection to any row asks nobody whose it is
    path("admin/password_change/", admin.site.admin_view(change_own, cacheable=True)),
    path("admin/search/", nothing),  # the theme's own search; ours is that of calls
    path("admin/", admin.site.urls),
    path("api/v1", include("calls.api.urls")),  # before HostedSuite's /api/
    path("", include("calls.api.sounds")),
    path("", include("calls.api.trying")),
    path("", include("calls.dialects.urls")),
]

handler400 = "callhub.errors.bad_request"
handler403 = "callhub.errors.forbidden"
handler404 = "callhub.errors.not_found"
handler500 = "callhub.errors.crashed"
