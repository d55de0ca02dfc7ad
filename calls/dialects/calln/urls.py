"""CallN's addresses."""

from __future__ import annotations

from calls.dialects.base import forgiving_route as route
from calls.dialects.calln.audio import Audio, NewerAudio
from calls.dialects.calln.resellers import Clients, Handsets, OneClient
from calls.dialects.calln.views import Audits, Calls, NewerCalls, OneCall, OneNewerCall, UserAuthToken

urlpatterns = [
    route(r"api/call", Calls.as_view(), "calln-calls"),
    route(r"api/call/(?P<call_id>[^/]+)", OneCall.as_view(), "calln-call"),
    route(r"api/callaudio/(?P<call_id>[^/]+)", Audio.as_view(), "calln-audio"),
    route(r"api/callaudits/(?P<call_id>[^/]+)", Audits.as_view(), "calln-audits"),
    route(r"api/userauthtoken", UserAuthToken.as_view(), "calln-token"),
    route(r"api/client", Clients.as_view(), "calln-clients"),
    route(r"api/client/(?P<client_id>[^/]+)", OneClient.as_view(), "calln-client"),
    route(r"api/handset", Handsets.as_view(), "calln-handsets"),
    route(r"api/v2/call", NewerCalls.as_view(), "calln-v2-calls"),
    route(r"api/v2/call/(?P<call_id>[^/]+)", OneNewerCall.as_view(), "calln-v2-call"),
    route(r"api/v2/callaudio/(?P<call_id>[^/]+)", NewerAudio.as_view(), "calln-v2-audio"),
]
