"""VoipNow's addresses, and the older beginning that the vendor's own demos use."""

from __future__ import annotations

from calls.dialects.base import route
from calls.dialects.voipnow.token import TokenView
from calls.dialects.voipnow.views import History, NewCall, OnePhoneCall, PhoneCalls

urlpatterns = [
    route(r"oauth/token", TokenView.as_view(), "voipnow-token"),
    route(r"oauth/token\.php", TokenView.as_view(), "voipnow-token-php"),
]
for _root in ("uapi", "unifiedapi"):
    _calls = rf"{_root}/phoneCalls/(?P<user_id>[^/]+)"
    urlpatterns += [
        route(rf"{_calls}/(?P<kind>simple|callback|conferenceInvite)", NewCall.as_view(), f"voipnow-{_root}-create"),
        route(rf"{_calls}/(?P<extension>[^/]+)", PhoneCalls.as_view(), f"voipnow-{_root}-calls"),
        route(rf"{_calls}/(?P<extension>[^/]+)/(?P<call_id>[^/]+)", OnePhoneCall.as_view(), f"voipnow-{_root}-call"),
        route(rf"{_root}/cdr", History.as_view(), f"voipnow-{_root}-cdr"),
        route(rf"{_root}/cdr/(?P<owner_id>[^/]+)", History.as_view(), f"voipnow-{_root}-cdr-of-owner"),
    ]
