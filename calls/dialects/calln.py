"""CallN: call upload in two phases. Its addresses are known here; the upload itself is not built yet.

Source: developers-guide pages of calln.com; readings of its contradictions in ``README.md``.
"""

from __future__ import annotations

from typing import Any

from calls.dialects.base import Dialect, NotBuilt, Refusal, route


def _envelope(refusal: Refusal) -> dict[str, Any]:
    return {"message": refusal.message}


DIALECT = Dialect(
    name="calln",
    owns=("/api/call", "/api/callaudio", "/api/callaudits", "/api/userauthtoken", "/api/client", "/api/handset", "/api/v2/"),
    envelope=_envelope,
)


class CallNView(NotBuilt):
    """Any documented address."""

    dialect = DIALECT


_view = CallNView.as_view()
urlpatterns = [
    route(r"api/callaudits/(?P<call_id>[^/]+)", _view, "calln-audits"),
    route(r"api/userauthtoken", _view, "calln-token"),
    route(r"api/client", _view, "calln-clients"),
    route(r"api/handset", _view, "calln-handsets"),
]
for _version in ("", "v2/"):
    urlpatterns += [
        route(rf"api/{_version}call", _view, f"calln-{_version}calls"),
        route(rf"api/{_version}call/(?P<call_id>[^/]+)", _view, f"calln-{_version}call"),
        route(rf"api/{_version}callaudio/(?P<call_id>[^/]+)", _view, f"calln-{_version}audio"),
    ]
