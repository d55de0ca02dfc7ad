"""What connects a client of HostedSuite's."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from calls.dialects.guide import Credential, Example, Guide

_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}
_WHO = '"CustomerName":"$tenant","UserName":"$user","Password":"$token"'

GUIDE = Guide(
    vendor="HostedSuite",
    says=_("Searches the log, whatever system its calls came from, and edits their notes."),
    replaces="https://cpo.hostedsuite.com",
    credentials=(
        Credential(label="CustomerName", value="$tenant"),
        Credential(label="UserName", value="$user", hint=_("It sees what you see.")),
        Credential(label="Password", value="$token", hint=_("A token of yours, or your own password.")),
    ),
    examples=(
        Example(
            title=_("List the calls of this month"),
            path="/api/calls",
            headers=_HEADERS,
            body=(
                '{"StartDate":"$since","EndDate":"$until","MinCallDuration":0,"MaxCallDuration":0,"CallType":null,'
                '"Page":0,"ItemsPerPage":0,"DisableStats":false,"SortField":"StartTime","SortDir":"Desc",' + _WHO + "}"
            ),
            answers="Items",
        ),
        Example(
            title=_("See whether the credentials are right"),
            path="/api/authenticate",
            headers=_HEADERS,
            body="{" + _WHO + "}",
            answers="Authenticated",
        ),
    ),
)
