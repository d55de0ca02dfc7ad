"""``/oauth/token.php`` and ``/oauth/token``: an access token for an application's id and secret."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from calls.dialects.base import DialectView, Refusal, basic_credentials, client_address, json_response, read_body
from calls.dialects.voipnow.errors import OAUTH
from tenants import oauth
from tenants.budget import spend

WINDOW_S = 60


class TokenView(DialectView):
    """The token end point. Its refusals are those of RFC 6749, as the vendor's are."""

    dialect = OAUTH
    http_method_names = ["post"]

    def authenticate(self, request: HttpRequest) -> None:
        """The body names who asks; a header that cannot be read is refused here."""
        basic_credentials(request)

    def unauthorized(self) -> Refusal:
        return Refusal(401, "invalid_client", "The client's credentials cannot be read.")

    def post(self, request: HttpRequest) -> HttpResponse:
        fields = {name: str(value) for name, value in read_body(request).items() if isinstance(value, str | int)}
        # By address alone: made-up client ids would each begin a counter, and crowd others'
        # counters out of the cache.
        spent = spend(f"voipnow:oauth:{client_address(request)}", settings.CALLHUB_CALLS_PER_MINUTE, WINDOW_S)
        if not spent.is_allowed:
            headers = {"Retry-After": str(spent.reset_s)}
            raise Refusal(429, "too_many_requests", "Keep the token you have: it lives two hours.", headers=headers)
        answer = oauth.grant(fields, request.headers["Authorization"] if basic_credentials(request) else "")
        body = {**answer.body, "state": fields["state"]} if answer.status == 200 and fields.get("state") else answer.body
        response = json_response(body, status=answer.status)
        response["Pragma"] = "no-cache"
        return response
