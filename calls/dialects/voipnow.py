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
urlpatterns = [route(r"oauth/token", _view, "voipnow-token"), route(r"oauth/token\.php", _view, "voipnow-token-php")]
for _root in ("uapi", "unifiedapi"):
    _calls = rf"{_root}/phoneCalls/(?P<user_id>[^/]+)"
    urlpatterns += [
        route(rf"{_calls}/(?P<kind>simple|callback|conferenceInvite)", _view, f"voipnow-{_root}-create"),
        route(rf"{_calls}/(?P<extension>[^/]+)", _view, f"voipnow-{_root}-calls"),
        route(rf"{_calls}/(?P<extension>[^/]+)/(?P<call_id>[^/]+)", _view, f"voipnow-{_root}-call"),
        route(rf"{_root}/cdr", _view, f"voipnow-{_root}-cdr"),
        route(rf"{_root}/cdr/(?P<owner_id>[^/]+)", _view, f"voipnow-{_root}-cdr-of-owner"),
    ]
