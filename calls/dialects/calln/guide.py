"""What connects a client of CallN's."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from calls.dialects.guide import Credential, Example, Guide

GUIDE = Guide(
    vendor="CallN",
    says=_("Announces a call, then sends its audio: the call is shown when its audio is whole. Finds calls again."),
    replaces="https://api.calln.com",
    credentials=(
        Credential(label="username", value="$user", hint=_("Of HTTP Basic.")),
        Credential(label="password", value="$token", hint=_("A token of yours, or your own password.")),
    ),
    examples=(
        Example(
            title=_("Announce a call"),
            path="/api/call",
            headers={},
            basic="$user:$token",
            body=(
                "{'startdatetimeutc':'$moment','callername':'fred','callerphone':'0409123456','callerdtmf':'',"
                "'destinationname':'bill','destinationphone':'0312345678','destinationdtmf':'',"
                "'clientoperatingsystem':'Windows Server 2008 R2 64-bit','servername':'testpc','location':'Melbourne office'}"
            ),
            answers="tempcallid",
        ),
        Example(
            title=_("Send its audio, under the tempcallid of the answer"),
            method="PUT",
            path="/api/callaudio/tempcallid",
            headers={"Content-Type": "audio/wav", "Content-Range": "chunk 1/1"},
            basic="$user:$token",
            file="call.wav",
            later="tempcallid",
            answers="complete",
        ),
    ),
)
