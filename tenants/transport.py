"""How a request came here: over TLS, or in clear where that is not allowed."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

IN_CLEAR = "TLS is required: use https."


def is_in_clear(request: HttpRequest) -> bool:
    """Whether it came without TLS although credentials travel by TLS only (``CALLHUB_REQUIRE_TLS``).

    Behind a proxy its word counts where it is trusted (``CALLHUB_BEHIND_PROXY``). A redirect would
    come too late.
    """
    return bool(settings.CALLHUB_REQUIRE_TLS) and not request.is_secure()
