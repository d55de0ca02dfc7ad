"""Pieces of HTML that lists and pages of calls share. Everything a caller may have written is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote, urlsplit

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from calls.choices import CallType, Disposition, State
from calls.models import Call, Tag
from contacts.dialing import dial_button
from contacts.phone import readable
from tenants.list_rows import address_of, page_of

NOTHING = "–"
_ICONS = {
    CallType.INCOMING: "call_received",
    CallType.OUTGOING: "call_made",
    CallType.INTERNAL: "swap_calls",
    CallType.MISSED: "call_missed",
    CallType.VOICEMAIL: "voicemail",
    CallType.UNKNOWN: "question_mark",
}
_TONES = {
    Disposition.ANSWERED: "good",
    Disposition.VOICEMAIL: "info",
    Disposition.FAILED: "bad",
    Disposition.NO_ANSWER: "warn",
    Disposition.BUSY: "warn",
    Disposition.REJECTED: "warn",
    Disposition.CANCELLED: "warn",
}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")


def icon(name: str) -> SafeString:
    """A symbol of the theme's font; what it says is said in words beside it."""
    return format_html('<span class="material-symbols-outlined ch-icon" aria-hidden="true">{}</span>', name)


def badge(text: object, tone: str = "", icon_name: str = "") -> SafeString:
    """A short word in a coloured box."""
    return format_html('<span class="ch-badge ch-{}">{}{}</span>', tone or "plain", icon(icon_name) if icon_name else "", text)


def moment(at: datetime | None, *, exact: bool = False) -> SafeString | str:
    """A time in the viewer's zone; hovering tells the exact instant. ``exact`` writes year and seconds."""
    if at is None:
        return NOTHING
    local = timezone.localtime(at)
    is_this_year = local.year == timezone.localtime().year
    shape = "EXACT_MOMENT_FORMAT" if exact else "MOMENT_FORMAT" if is_this_year else "MOMENT_WITH_YEAR_FORMAT"
    return format_html(
        '<time datetime="{0}" title="{0}">{1}</time>', local.isoformat(timespec="milliseconds"), date_format(local, shape)
    )


def length(ms: int | None) -> str:
    """Milliseconds as minutes and seconds, ``2:05``, or ``1:02:05`` from an hour on."""
    if ms is None:
        return NOTHING
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def call_type(call: Call) -> SafeString:
    """Which kind of call, by symbol and word."""
    kind = call.type
    return badge(kind.label, "bad" if kind == CallType.MISSED else "plain", _ICONS[kind])


def disposition(call: Call) -> SafeString:
    """How it came out, or how far it has come."""
    if call.state != State.ENDED:
        return badge(State(call.state).label, "live", "fiber_manual_record")
    return badge(Disposition(call.disposition).label, tone_of(call.disposition))


def tone_of(told: str) -> str:
    """The tone in which a disposition is shown."""
    return _TONES.get(Disposition(told), "plain")


def number_link(number: str, shown: str = "", *, raw: str = "") -> SafeString:
    """A number as people read it, leading to every call with it; hovering tells it in full, and how it was told."""
    address = f"{address_of('admin:calls_call_changelist')}?period=all&q={quote(number)}"
    told = f"{number} ({raw})" if raw not in ("", number) else number
    return format_html('<a class="ch-number" dir="ltr" href="{}" title="{}">{}</a>', address, told, shown or readable(number))


def party(call: Call) -> SafeString:
    """The other side: name, leading to the contact, and number, leading to its calls."""
    if call.contact is not None:
        address = page_of("admin:contacts_contact_change", call.contact_id)
        name = format_html('<a class="ch-name" href="{}"><bdi>{}</bdi></a>', address, call.contact.name)
    elif call.remote_name:
        name = format_html('<span class="ch-name"><bdi>{}</bdi></span>', call.remote_name)
    else:
        name = SafeString("")
    shown = call.remote_e164 or call.remote_raw
    number: SafeString | str = format_html("{}{}", number_link(shown, raw=call.remote_raw), dial_of(call)) if shown else ""
    if call.is_withheld:
        number = gettext("Number withheld")
    return format_html(
        '<span class="ch-party">{}<span class="ch-dim">{}</span></span>', name, number or ("" if name else NOTHING)
    )


def dial_of(call: Call) -> SafeString:
    """The button that calls the other side, where whoever fetched the call says that its reader may."""
    if call.is_withheld or not getattr(call, "is_dialled", False):
        return SafeString("")
    name = call.contact.name if call.contact else call.remote_name
    return dial_button(call.remote_raw, call.tenant_id, e164=call.remote_e164, name=name)


def tags(rows: Iterable[Tag]) -> SafeString:
    """Tags in their colours."""
    return format_html_join(
        " ",
        '<span class="ch-tag" style="--ch-tag: {}"><bdi>{}</bdi></span>',
        ((tag.colour if _COLOUR.match(tag.colour) else "#64748b", tag.name) for tag in rows),
    )


def flag(call: Call, *, short: bool = False) -> SafeString | str:
    """A flag, whose note is read by hovering; ``short`` says the word to screen readers only."""
    if not call.is_flagged:
        return ""
    word = format_html('<span class="{}">{}</span>', "ch-unseen" if short else "", gettext("Flagged"))
    return format_html(
        '<span class="ch-flag" title="{}">{}{}</span>', call.flag_notes[:300] or gettext("Flagged"), icon("flag"), word
    )


def recording(call: Call, *, short: bool = False) -> SafeString | str:
    """The recording's address in full, or ``short`` as a symbol.

    It is a link only where it is http(s) and the call came with credentials, and it tells the host it leads to.
    """
    if not call.recording_url:
        return "" if short else NOTHING
    host = web_host(call.recording_url)
    if not (host and call.is_verified):
        why = gettext("Not a link: the call is unverified") if host else gettext("Not a link: no web address")
        shown = _symbol("link_off", host or why) if short else call.recording_url
        return format_html('<span class="ch-address" title="{}">{}</span>', why, shown)
    return format_html(
        '<a class="ch-address" href="{}" title="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>',
        call.recording_url,
        gettext("Opens %(host)s, outside callhub") % {"host": host},
        _symbol("graphic_eq", host) if short else call.recording_url,
    )


def web_host(address: str) -> str:
    """The host of an http(s) address; empty for everything else."""
    try:
        parts = urlsplit(address)
        return (parts.hostname or "") if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""


def _symbol(name: str, words: str) -> SafeString:
    """A symbol whose meaning screen readers hear."""
    return format_html('{}<span class="ch-unseen">{}</span>', icon(name), words)


def row(*pieces: object) -> SafeString:
    """Pieces side by side, empty ones left out."""
    return format_html('<span class="ch-row">{}</span>', format_html_join(" ", "{}", ((piece,) for piece in pieces if piece)))
