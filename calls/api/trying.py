"""The address to try webhooks out with. It takes anything, does nothing with it, and shows it in the admin alone."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from calls.body import BodyRefused, read_raw
from calls.models import TryAddress
from calls.webhooks import trying


@csrf_exempt  # no cookie is looked at
@require_http_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def tried(request: HttpRequest, token: str) -> HttpResponse:
    """Keep what came: 200, or 404 where there is no such address, 413 for a body over 64 kB, 429 where too many come."""
    address = TryAddress.objects.filter(token=token, tenant__is_active=True).first()
    if address is None:
        return _said(404, "There is no such address.")
    try:
        body = read_raw(request, trying.MOST_BODY)
    except BodyRefused as error:
        return _said(error.status, error.message)
    headers, query = dict(request.headers), request.META.get("QUERY_STRING", "")
    if not trying.take(address, method=request.method or "", query=query, headers=headers, body=body):
        answer = _said(429, "Too many requests.")
        answer["Retry-After"] = "60"
        return answer
    return _said(200, "ok")


def _said(status: int, text: str) -> HttpResponse:
    policy = {"Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "no-store"}
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8", headers=policy)


urlpatterns = [re_path(r"^try/(?P<token>[A-Za-z0-9_-]{32})$", tried, name="try")]
