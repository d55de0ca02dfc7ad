"""VoipNow UnifiedAPI: click-to-call with typed errors. Its addresses are known here; they are not built yet.

Source: wiki.4psa.com, VNUAPI30 "Create Simple PhoneCalls" and its siblings; readings in ``README.md``.
"""

from __future__ import annotations

from typing import Any

from calls.dialects.base import Dialect, NotBuilt, Refusal, route


def _envelope(refusal: Refusal) -> dict[str, Any]:
    return {"error": {"code": refusal.code, "message": refusal.message}}


DIALECT = Dialect(name="voipnow", owns=("/uapi/", "/unifiedapi/", "/oauth/"), envelope=_envelope)


class VoipNowView(NotBuilt):
    """Any documented address."""

    dialect = DIALECT


_view = VoipNowView.as_view()
_ROOT = r"(?:uapi|unifiedapi)"
urlpatterns = [
    route(rf"{_ROOT}/phoneCalls/(?P<user_id>[^/]+)/(?P<kind>simple|callback|conferenceInvite)", _view, "voipnow-create"),
    route(rf"{_ROOT}/phoneCalls/(?P<user_id>[^/]+)/(?P<extension>[^/]+)", _view, "voipnow-calls"),
    route(rf"{_ROOT}/phoneCalls/(?P<user_id>[^/]+)/(?P<extension>[^/]+)/(?P<call_id>[^/]+)", _view, "voipnow-call"),
    route(rf"{_ROOT}/cdr(?:/(?P<owner_id>[^/]+))?", _view, "voipnow-cdr"),
    route(r"oauth/token(?:\.php)?", _view, "voipnow-token"),
]
