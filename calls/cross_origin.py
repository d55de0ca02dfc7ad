"""Which pages of other sites may read our answers in a browser (CORS, fetch.spec.whatwg.org).

Planhat's open address may be called from any page: it takes no credentials and shows nothing. Our
API may be called from the pages a tenant lists (``Tenant.web_origins``), with a token; cookies
never travel there. A preflight carries no credentials, so it is granted to an origin that any
tenant lists; the answer itself is then readable at that tenant only.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from tenants.models import Tenant
from tenants.models.tenant import RESERVED_SLUGS

_API = "/api/v1"


def allows(sender: object, request: HttpRequest, **_: Any) -> bool:
    """Answers django-cors-headers' ``check_request_enabled``, before and after the view."""
    if request.path != _API and not request.path.startswith(f"{_API}/"):
        return _is_open_address(request.path)
    origin = request.headers.get("Origin", "").lower()
    tenant = getattr(request, "api_tenant", None)
    if tenant is not None:
        return origin in tenant.web_origins.split()
    return bool(origin) and _is_listed(origin)


def _is_open_address(path: str) -> bool:
    slug, _, rest = path.strip("/").removeprefix("planhat/").partition("/")
    return rest == "calls" and slug.lower() not in RESERVED_SLUGS


def _is_listed(origin: str) -> bool:
    lists = Tenant.objects.active().filter(web_origins__contains=origin).values_list("web_origins", flat=True)
    return any(origin in text.split() for text in lists)
