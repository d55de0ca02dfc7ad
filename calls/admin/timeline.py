"""What happened to a call, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.admin.returns import told_of
from calls.choices import Direction, Disposition, EventKind, MatchState, State
from calls.models import Call, CallEvent
from contacts.models import Agent, Company, Contact

RULES = {
    "id": _("by callhub's own id of the contact"),
    "external_id": _("by the id your own system knows the contact by"),
    "number": _("by the very number"),
    "number_ending": _("by a number that ends alike"),
    "company": _("by the company alone"),
    "company_number": _("by the phone number of the company"),
    "chosen": _("chosen by a person"),
    "merged": _("for two contacts were merged"),
}
_FIELDS = {
    "direction": _("Direction"),
    "disposition": _("Disposition"),
    "state": _("State"),
    "started_at": _("Start"),
    "answered_at": _("Answer"),
    "ended_at": _("End"),
    "ring_ms": _("Ring"),
    "talk_ms": _("Talk"),
    "remote_raw": _("Number"),
    "contact_id": _("Contact"),
    "company_id": _("Company"),
    "agent_id": _("Agent"),
    "agent_name": _("Agent's name"),
    "match_state": _("Match"),
    "notes": _("Notes"),
    "outcome": _("Outcome"),
    "is_flagged": _("Flag"),
    "flag_notes": _("Why it is flagged"),
    "flag_resolution": _("How it was solved"),
    "recording_url": _("Recording"),
    "tags": _("Tags"),
}
_WORDS = {"direction": Direction, "disposition": Disposition, "state": State, "match_state": MatchState}
_PROGRESS = {  # what an exchange tells (calls.telephony.book.Kind), with or without the telephone it is about
    "ringing": (_("Ringing"), _("%(who)s rings")),
    "answered": (_("Answered"), _("%(who)s answered")),
    "in_hand": (_("Answered"), _("%(who)s answered")),
    "connected": (_("The parties talk"), _("%(who)s talks")),
    "replaced": (_("Transferred by a telephone"), _("%(who)s came in by a telephone's transfer")),
    "ended": (_("A telephone left"), _("%(who)s left")),
    "cancelled": (_("Somebody asked for its end"), _("Somebody asked for its end")),
    "held": (_("On hold"), _("%(who)s put it on hold")),
    "resumed": (_("Taken back from hold"), _("%(who)s took it back from hold")),
    "over": (_("Over"), _("Over")),
}
_LEGS = {"s": _("The source"), "d": _("The destination"), "t": _("The transfer's telephone")}
_ICONS = {
    EventKind.RECORDED: "add_call",
    EventKind.AMENDED: "edit",
    EventKind.MATCHED: "person_search",
    EventKind.GIVEN_UP: "phone_missed",
    EventKind.INTERACTION: "record_voice_over",
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One field's change: its name and how it was and is, in words."""

    name: str
    before: str
    after: str
    is_long: bool = False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    text: str
    actor: str
    icon: str
    details: str = ""
    changes: tuple[Change, ...] = ()


def events_of(call: Call) -> list[CallEvent]:
    """What happened to a call, oldest first; of very many the first 500."""
    return list(CallEvent.objects.for_tenant(call.tenant).filter(call=call.pk).select_related("actor")[:500])


def timeline(call: Call, events: list[CallEvent]) -> list[Entry]:
    """Its events in words, with names in place of ids."""
    names = _names(call, events)
    returns = [Entry(icon="phone_callback", **line._asdict()) for line in told_of(call)]
    return sorted([*(_entry(event, names) for event in events), *returns], key=lambda entry: entry.at)


def _entry(event: CallEvent, names: dict[str, str]) -> Entry:
    data: dict[str, Any] = event.data if isinstance(event.data, dict) else {}
    text, details = event.get_kind_display(), ""
    changes: tuple[Change, ...] = ()
    if event.kind == EventKind.RECORDED:
        text = gettext("Logged through %(source)s") % {"source": event.get_source_display()}
    elif event.kind == EventKind.INTERACTION:
        text, details = event.summary or text, str(data.get("description") or "")
    elif event.kind == EventKind.GIVEN_UP:
        text, details = gettext("Ended by callhub: nothing was heard of it any more"), _last_heard(data)
    elif event.kind == EventKind.PROGRESSED and data.get("what") in _PROGRESS:
        text = _progressed(data)
    elif event.kind == EventKind.MATCHED:
        text = _matched(data, names)
    elif event.kind == EventKind.AMENDED:
        changes = tuple(_changes(data.get("changed") or {}, names))
        text = ", ".join(f"{change.name}" for change in changes) + " " + gettext("changed") if changes else text
    elif event.summary:
        text = f"{text}: {event.summary}"
    if data.get("by_rule"):
        details = gettext("Tagged by rule: %(tags)s") % {"tags": ", ".join(map(str, data["by_rule"]))}
    actor = str(event.actor) if event.actor else ""
    return Entry(
        at=event.happened_at,
        text=text,
        actor=actor,
        icon=_ICONS.get(EventKind(event.kind), "call"),
        details=details,
        changes=changes,
    )


def _progressed(data: dict[str, Any]) -> str:
    """What an exchange told, and of which telephone."""
    alone, of_leg = _PROGRESS[data["what"]]
    who = _LEGS.get(str(data.get("leg") or "")[:1])
    return str(of_leg) % {"who": who} if who else str(alone)


def _matched(data: dict[str, Any], names: dict[str, str]) -> str:
    if contact := data.get("contact") or data.get("company"):
        who = names.get(str(contact), gettext("a contact that is gone"))
        return gettext("Matched with %(who)s, %(rule)s") % {"who": who, "rule": RULES.get(data.get("rule", ""), "")}
    if data.get("state") == MatchState.SEVERAL:
        return gettext("Several contacts fit now; none is taken")
    return gettext("No contact fits any more")


def _last_heard(data: dict[str, Any]) -> str:
    """Since when there was no sign of a call."""
    heard_of = parse_datetime(str(data.get("heard_of", "")))
    if heard_of is None:
        return ""
    at = date_format(timezone.localtime(heard_of), "MOMENT_WITH_YEAR_FORMAT")
    return gettext("The last sign of it came %(at)s. Its true end, when it comes, takes the place of this one.") % {"at": at}


def _changes(changed: dict[str, Any], names: dict[str, str]) -> Iterable[Change]:
    for name, pair in changed.items():
        before, after = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
        told = [_value(name, value, names) for value in (before, after)]
        yield Change(
            name=str(_FIELDS.get(name, name)),
            before=told[0],
            after=told[1],
            is_long=name in ("notes", "flag_notes", "flag_resolution"),
        )


def _value(name: str, value: Any, names: dict[str, str]) -> str:
    if value in (None, "", []):
        return gettext("nothing")
    if name.endswith("_id"):
        return names.get(str(value), gettext("somebody who is gone"))
    if name.endswith("_ms"):
        return gettext("%(seconds)s s") % {"seconds": value / 1000}
    if name in _WORDS and value in _WORDS[name].values:
        return str(_WORDS[name](value).label)
    if isinstance(value, bool):
        return gettext("set") if value else gettext("not set")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _names(call: Call, events: list[CallEvent]) -> dict[str, str]:
    """The names of contacts, companies and agents that events tell of by id; only this tenant's."""
    wanted: dict[str, set[str]] = {"contact": set(), "company": set(), "agent": set()}
    for event in events:
        data = event.data if isinstance(event.data, dict) else {}
        for kind in ("contact", "company"):
            if isinstance(data.get(kind), str):
                wanted[kind].add(data[kind])
        for kind, ids in wanted.items():
            ids.update(str(value) for value in (data.get("changed") or {}).get(f"{kind}_id", ()) if value)
    names: dict[str, str] = {}
    for kind, model in (("contact", Contact), ("company", Company), ("agent", Agent)):
        if wanted[kind]:
            rows: Any = model._default_manager.filter(tenant=call.tenant_id, pk__in=wanted[kind])
            names |= {str(pk): name for pk, name in rows.values_list("pk", "name")}
    return names
