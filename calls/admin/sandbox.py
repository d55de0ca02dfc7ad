"""The simulator's numbers to try things with, and what each of them does, where a newcomer looks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from contacts.dialing import DIALS, dial_button
from tenants.reach import reach_of

# The number as anybody may dial it on the simulator, and what comes of it (calls.telephony.simulator).
NUMBERS = (
    ("00202", _("Answered after 2 seconds, talks until you hang up")),
    ("00213", _("Answered after 1 second, hangs up 3 seconds later")),
    ("00222", _("Answered after 2 seconds, and says nothing")),
    ("00486", _("Busy")),
    ("00603", _("Declined")),
    ("00233", _("Rings 3 seconds, then is busy")),
    ("00243", _("Rings 3 seconds, then declines")),
    ("00180", _("Rings, and nobody answers")),
    ("00100", _("Does not even ring")),
    ("00404", _("Fails: no such number (SIP 404)")),
    ("00503", _("Fails: the network takes no calls (SIP 503)")),
)


def context_of(request: HttpRequest, tenant_id: UUID | None = None) -> dict[str, Any]:
    """What ``admin/calls/line/sandbox.html`` shows; each number with its button where the reader calls for one tenant."""
    reach = reach_of(request)
    only = reach.only_tenant(DIALS)
    tenant_id = tenant_id or (only.pk if only else None)
    may = tenant_id is not None and reach.may(DIALS, tenant_id)
    return {
        "sandbox_numbers": [
            (number, words, dial_button(number, tenant_id) if may and tenant_id else "") for number, words in NUMBERS
        ]
    }
