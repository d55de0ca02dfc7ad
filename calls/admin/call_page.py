"""The page of one call: its facts laid out, how the contact was found, legs, earlier calls and the vendor's document."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.admin import cells
from calls.admin.flags import flags_of
from calls.admin.leg_chart import chart_of
from calls.admin.timeline import RULES, events_of, timeline
from calls.choices import MatchState
from calls.models import Call
from contacts.models import Contact

Facts = list[tuple[Any, Any]]


def context_of(call: Call, visible: Any) -> dict[str, Any]:
    """Everything the page shows beside the form; ``visible`` are the calls its reader may see."""
    events, legs = events_of(call), list(call.legs.all())
    return {
        "call": call,
        "kind": cells.call_type(call),
        "disposition": cells.disposition(call),
        "party": cells.party(call),
        "flag": cells.flag(call),
        "tags": cells.tags(call.tags.all()),
        "facts": [
            (_("Parties"), _parties(call)),
            (_("Times"), _times(call)),
            (_("Source"), _source(call)),
        ],
        "match": match_in_words(call),
        "legs": [(leg, cells.number_link(leg.number_e164 or leg.number_raw)) for leg in legs],
        "leg_chart": chart_of(call, legs),
        "timeline": timeline(call, events),
        "flags": flags_of(call, events),
        "earlier": earlier_with_same(call, visible),
        "document": json.dumps(call.document, indent=2, ensure_ascii=False) if call.document else "",
        "told_facts": json.dumps(call.facts, indent=2, ensure_ascii=False) if call.facts else "",
    }


def _parties(call: Call) -> Facts:
    return [
        (_("Caller"), _side(call, "caller")),
        (_("Callee"), _side(call, "callee")),
        (_("Contact"), row_link("contacts_contact", call.contact)),
        (_("Company"), row_link("contacts_company", call.company)),
        (_("Agent"), row_link("contacts_agent", call.agent) if call.agent else call.agent_name or cells.NOTHING),
        (_("Line"), row_link("calls_line", call.line)),
        (_("Center"), call.center or cells.NOTHING),
    ]


def _side(call: Call, side: str) -> SafeString | str:
    name, e164, raw = (getattr(call, f"{side}_{part}") for part in ("name", "e164", "raw"))
    is_remote = bool(e164 or raw) and (e164, raw) == (call.remote_e164, call.remote_raw)
    number = format_html("{}{}", cells.number_link(e164 or raw), cells.dial_of(call) if is_remote else "") if e164 or raw else ""
    told = (
        format_html(' <span class="ch-dim">{}</span>', gettext("told as %(raw)s") % {"raw": raw}) if e164 and raw != e164 else ""
    )
    if not (name or number):
        return gettext("Number withheld") if call.is_withheld and call.remote_raw == raw else cells.NOTHING
    return format_html("<bdi>{}</bdi> {}{}", name, number, told)


def _times(call: Call) -> Facts:
    zone = str(timezone.get_current_timezone())
    return [
        (_("Started"), cells.moment(call.started_at, exact=True)),
        (_("Answered"), cells.moment(call.answered_at, exact=True)),
        (_("Ended"), cells.moment(call.ended_at, exact=True)),
        (_("Time zone"), zone),
        (_("Duration"), cells.length(call.duration_ms)),
        (_("Ring"), cells.length(call.ring_ms)),
        (_("Talk"), cells.length(call.talk_ms)),
        *((label, cells.length(ms)) for label, ms in _rarer(call) if ms is not None),
    ]


def _rarer(call: Call) -> list[tuple[Any, int | None]]:
    return [(_("Hold"), call.hold_ms), (_("Transfer"), call.transfer_ms), (_("After-call work"), call.work_ms)]


def _source(call: Call) -> Facts:
    verified = (
        _("Yes, it came with credentials") if call.is_verified else cells.badge(gettext("No, it came by an open address"), "warn")
    )
    return [
        (_("Came by"), call.get_source_display()),
        (_("External id"), call.external_id or cells.NOTHING),
        (_("Verified"), verified),
        (_("Detail"), call.disposition_detail or cells.NOTHING),
        (_("Recording"), cells.recording(call)),
        (_("Screen pop"), call.screen_pop or cells.NOTHING),
        (_("Forms completed"), ", ".join(map(str, call.completed_forms)) or cells.NOTHING),
        (_("Callhub id"), format_html("<code>{}</code>", call.pk)),
    ]


def row_link(page: str, row: Any) -> SafeString | str:
    """A link to the page of a row; a dash where there is none."""
    if row is None:
        return cells.NOTHING
    return format_html('<a class="ch-link" href="{}"><bdi>{}</bdi></a>', reverse(f"admin:{page}_change", args=[row.pk]), row)


def match_in_words(call: Call) -> SafeString | str:
    """How the contact was found, with links to all who fit where several do."""
    rule = RULES.get(call.match_rule, "")
    if call.match_state == MatchState.SEVERAL:
        ids = [row.get("contact") for row in call.match_candidates if isinstance(row, dict)]
        fitting = Contact.objects.filter(tenant=call.tenant_id, pk__in=[key for key in ids if key])[:20]
        links = format_html_join(", ", "{}", ((row_link("contacts_contact", contact),) for contact in fitting))
        return format_html("{} {}", gettext("Several contacts fit, so none is taken. Choose one below:"), links or cells.NOTHING)
    if call.match_state == MatchState.NONE:
        if call.is_withheld:
            return gettext("The number is withheld.")
        return gettext("No contact has this number. Add it to one, or choose a contact below.")
    if call.contact is None:
        if call.match_state == MatchState.CHOSEN:
            return gettext("A person chose that this is nobody you know.")
        if call.match_state == MatchState.GUESS:
            return gettext("A guess %(rule)s.") % {"rule": rule}
        return gettext("The company was found %(rule)s.") % {"rule": rule}
    said = {
        MatchState.EXACT: gettext("Found %(rule)s."),
        MatchState.GUESS: gettext("A guess %(rule)s."),
        MatchState.CHOSEN: gettext("The contact was %(rule)s; matching never changes it."),
    }[MatchState(call.match_state)]
    return said % {"rule": rule}


def earlier_with_same(call: Call, visible: Any) -> list[tuple[Call, Any, Any, Any, str]]:
    """The last ten calls before this one with the same contact or number, ready to show."""
    same = Q(pk__in=[])
    if call.contact_id:
        same |= Q(contact=call.contact_id)
    if call.remote_key:
        same |= Q(remote_key=call.remote_key)
    rows = visible.filter(same, tenant=call.tenant_id, started_at__lte=call.started_at).exclude(pk=call.pk).newest_first()[:10]
    return [
        (row, cells.moment(row.started_at), cells.call_type(row), cells.disposition(row), cells.length(row.talk_ms))
        for row in rows
    ]
