"""The address at which an exchange fetches what a call says. Its signature is the credential (``telephony.web_sounds``)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from calls.dialer.messages import message_of
from calls.telephony.base import TelephonyError
from calls.telephony.web_sounds import LASTS_S, PATH, read_token


@require_safe
def sound(request: HttpRequest, token: str, name: str) -> HttpResponse:
    """The message of a call that goes on, or 404; 503 where the speech engine fails."""
    order_id = read_token(token)
    try:
        audio = message_of(order_id) if order_id else None
    except TelephonyError:
        return HttpResponse("The message cannot be spoken.\n", status=503, content_type="text/plain")
    if audio is None:
        return HttpResponse("There is no such message.\n", status=404, content_type="text/plain")
    return HttpResponse(audio, content_type="audio/x-wav", headers={"Cache-Control": f"private, max-age={LASTS_S}"})


urlpatterns = [path(f"{PATH}<str:token>/<str:name>.wav", sound, name="sound")]
