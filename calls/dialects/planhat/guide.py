"""What connects a client of Planhat's."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from calls.dialects.guide import Credential, Example, Guide

_CALL = '{"nr": "+4670123456", "userId": "max123", "agentId": "987qwe", "start": "$starts", "end": "$ends", "waiting": 10}'

GUIDE = Guide(
    vendor="Planhat",
    says=_("Logs calls that are over, and keeps the people they are matched to. For custom telephone connections."),
    replaces="https://api.planhat.com",
    credentials=(
        Credential(
            label="PERSONAL_ACCESS_TOKEN",
            value="$token",
            hint=_("The user name of HTTP Basic, with any password or none; or “Authorization: Bearer …”."),
        ),
        Credential(label="YOUR_TENANT_ID", value="$tenant", hint=_("For the open address, which takes no credentials.")),
    ),
    examples=(
        Example(
            title=_("Log a call at the open address"),
            path="/$tenant/calls",
            body=_CALL,
            answers="_id",
            needs_open_door=True,
        ),
        Example(title=_("Log a call with a token"), path="/calls", basic="$token:", body=_CALL, answers="_id"),
    ),
)
