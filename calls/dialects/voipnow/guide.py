"""What connects a client of VoipNow's."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from calls.dialects.guide import Credential, Example, Guide

GUIDE = Guide(
    vendor="VoipNow",
    says=_("Has telephones rung and connected, watches and ends calls, and reads the history of calls."),
    replaces="https://uapi.voipnow.com",
    credentials=(
        Credential(label="token", value="$token", hint=_("“Authorization: Bearer …”. It acts as you, an App of a user.")),
        Credential(
            label="client_id",
            value="$client_id",
            hint=_("Or the id and secret of an OAuth application, for programs that ask for tokens themselves."),
        ),
        Credential(label="client_secret", value="$client_secret"),
    ),
    takes_apps=True,
    examples=(
        Example(
            title=_("Make a call from your telephone"),
            path="/uapi/phoneCalls/@me/simple",
            headers={"Content-Type": "application/json", "Authorization": "Bearer $token"},
            body=(
                '{"extension": "$extension", "phoneCallView": '
                '[{"source": ["$extension"], "destination": ["$to"], "callerId": "John Doe <$number>"}]}'
            ),
            status=202,
            answers="links",
            makes_call=True,
        ),
        Example(
            title=_("Read the history of calls"),
            method="GET",
            path="/uapi/cdr/@me",
            headers={"Authorization": "Bearer $token"},
            answers="entry",
        ),
        Example(
            title=_("Ask for a token as an OAuth application"),
            path="/oauth/token.php",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=(
                "grant_type=client_credentials&redirect_uri=http%3A%2F%2Flocalhost%2Fcallback"
                "&client_id=$client_id&client_secret=$client_secret&state=0&type=unifiedapi"
            ),
            answers="access_token",
        ),
    ),
)
