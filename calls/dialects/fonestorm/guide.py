"""What connects a client of FoneStorm's."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from calls.dialects.guide import Credential, Example, Guide

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "token": "$token"}
_NOTIFY = '{"fonenumber":"$number", "method":"JSON", "url":"https://requestb.in/1h8v9c01"}'

GUIDE = Guide(
    vendor="FoneStorm",
    says=_("Calls a number and reads a message out, and has calls of your numbers told to an address."),
    replaces="https://api.fonestorm.com/v2",
    base="$address/v2",
    credentials=(
        Credential(label="token", value="$token", hint=_("The header “token”; or one that /v2/auth gives for your password.")),
        Credential(label="fonenumber", value="$number", hint=_("One of your lines with a public number.")),
    ),
    examples=(
        Example(
            title=_("Call a number and read a message out"),
            path="/v2/calls",
            headers=_HEADERS,
            body=(
                '{"fonenumber":"$number", "to":"$to", "tts":"Hi, Jane this is a reminder about your appointment scheduled '
                'for tomorrow at 12:30pm."}'
            ),
            status=201,
            answers="call",
            makes_call=True,
        ),
        Example(
            title=_("Have calls that the number makes told to your address"),
            path="/v2/calls/send_notify",
            headers=_HEADERS,
            body=_NOTIFY,
            answers="callback",
        ),
        Example(
            title=_("Have calls that the number gets told to your address"),
            path="/v2/calls/receive_notify",
            headers=_HEADERS,
            body=_NOTIFY,
            answers="callback",
        ),
    ),
)
