"""The page of one request to call: what was asked, which telephones rang and how each of them came out, and what happened."""

from __future__ import annotations

import json
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.admin import cells, dial, dial_words
from calls.admin.call_page import Facts, row_link
from calls.admin.timeline import events_of, timeline
from calls.choices import LegRole, OriginationState
from calls.models import CallLeg, Origination
from calls.telephony.simulator import SimulatorBackend
from tenants.reach import Reach

_STATES = {
    OriginationState.UNKNOWN: "bad",
    OriginationState.IN_PROGRESS: "good",
    OriginationState.ENDED: "plain",
}


def status(row: Origination) -> SafeString:
    """How far it has come, and whether it was only played."""
    held = cells.badge(gettext("On hold"), "warn") if row.is_live and row.is_held else ""
    played = cells.badge(gettext("Simulation"), "info") if row.backend == SimulatorBackend.name else ""
    state = cells.badge(row.get_state_display(), _STATES.get(OriginationState(row.state), "live"))
    return cells.row(state, held, played)


def result(row: Origination) -> SafeString | str:
    """How it ended, and why, as far as that is known."""
    if row.is_live:
        return cells.NOTHING
    badge = cells.badge(row.get_disposition_display(), cells.tone_of(row.disposition))
    return cells.row(
        badge, format_html('<span class="ch-dim">{}</span>', reason) if (reason := dial_words.reason_of(row)) else ""
    )


def context_of(row: Origination, reach: Reach) -> dict[str, Any]:
    """Everything the page shows; ``row`` has been brought up to this moment."""
    legs = list(row.call.legs.all())
    told = dial.told(row, reach)
    return {
        "row": row,
        "told": told,
        "status": status(row),
        "result": result(row) if not row.is_live else "",
        "party": cells.party(row.call),
        "facts": [(_("Asked for"), _asked(row)), (_("Callers shown and limits"), _terms(row)), (_("Times"), _times(row))],
        "legs": [_leg(leg, row) for leg in legs],
        "timeline": timeline(row.call, events_of(row.call)),
        "document": json.dumps(row.document, indent=2, ensure_ascii=False) if row.document else "",
    }


def _asked(row: Origination) -> Facts:
    return [
        (_("By"), row.requester or cells.NOTHING),
        (_("Through"), row.get_door_display()),
        (_("Line"), row_link("calls_line", row.line)),
        (_("Exchange"), row.get_backend_display()),
        (_("Rung first"), ", ".join(map(str, row.sources)) or gettext("Nobody: an announcement")),
        (_("Destination"), row.destination),
        (_("Message"), format_html('<span class="ch-text">{}</span>', row.message) if row.message else cells.NOTHING),
        (_("Call"), format_html('<a class="ch-link" href="{}">{}</a>', row.call.get_absolute_url(), _("Open the call"))),
    ]


def _terms(row: Origination) -> Facts:
    return [
        (_("To whom is rung first"), _caller(row.source_caller_name, row.source_caller_number)),
        (_("To the destination"), _caller(row.destination_caller_name, row.destination_caller_number)),
        (_("Rings at most"), cells.length(row.wait_for_pickup_s * 1000)),
        (_("Talks at most"), cells.length(row.max_duration_s * 1000)),
        (_("Recorded"), _("Yes") if row.is_recorded else _("No")),
        (_("May be transferred outside"), _("Yes") if row.allows_transfer else _("No")),
    ]


def _times(row: Origination) -> Facts:
    return [
        (_("Asked"), cells.moment(row.created_at, exact=True)),
        (_("Told the exchange"), cells.moment(row.dispatched_at, exact=True)),
        (_("Answered"), cells.moment(row.answered_at, exact=True)),
        (_("Hung up by us"), cells.moment(row.cancel_requested_at, exact=True)),
        (_("Ended"), cells.moment(row.ended_at, exact=True)),
        (_("Billable"), cells.length(row.billable_ms)),
    ]


def _caller(name: str, number: str) -> str:
    return " · ".join(filter(None, [name, number])) or gettext("Nobody")


def _leg(leg: CallLeg, row: Origination) -> dict[str, Any]:
    """One telephone: its number, how it came out, and when it was dialled, answered and left."""
    is_over = leg.ended_at is not None
    if is_over:
        told = cells.badge(leg.get_disposition_display(), cells.tone_of(leg.disposition))
    elif leg.started_at is None:
        told = cells.badge(gettext("Not rung"), "plain")
    else:
        told = cells.badge(gettext("Talking") if leg.answered_at else gettext("Ringing"), "live")
    return {
        "role": LegRole(leg.role).label,
        "number": dial_words.number_of(leg.number_raw, row),
        "name": leg.name,
        "result": told,
        "times": [cells.moment(at, exact=True) for at in (leg.started_at, leg.answered_at, leg.ended_at)],
    }
