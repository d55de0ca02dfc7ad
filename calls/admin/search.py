"""One box for everything: people, companies, numbers, calls and notes, in groups of a few each,
with a way to all of them.

It costs the same on a log of any length. Calls with a number, or the beginning of one, come from
their index; other parts of numbers and words are looked for among the newest calls alone, and the
page says so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import phonenumbers
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.admin import cells
from calls.finding import is_number, search
from calls.models import Call, Line
from contacts.finding import with_number
from contacts.models import Company, Contact, ContactNumber
from contacts.phone import KEY_DIGITS, beginnings, read_number, readable
from tenants.folding import place_of
from tenants.place import Place
from tenants.reach import Reach, reach_of

FEW = 5  # of each group
LONGEST = 200
SHORTEST = 2
NEWEST = 20_000  # calls among which words are looked for
MOST_NUMBERED = 2000  # calls with numbers that begin alike
MOST_TENANTS = 200
AROUND = 60  # letters before and after the place in a note
_BULKY = ("document", "facts", "given_contact", "screen_pop", "match_candidates", "completed_forms")


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One thing that was found."""

    title: Any
    address: str
    details: tuple[Any, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Group:
    """Things of one kind; ``more`` leads to all of them, and ``hint`` says where was not looked."""

    title: Any
    icon: str
    hits: list[Hit]
    more: str = ""
    hint: str = ""

    @property
    def shown(self) -> list[Hit]:
        """As many as are shown."""
        return self.hits[:FEW]

    @property
    def has_more(self) -> bool:
        """Whether there are more than are shown."""
        return len(self.hits) > FEW


def page(request: HttpRequest, calls: QuerySet[Call]) -> HttpResponse:
    """The page; ``calls`` are those its reader may see."""
    words = " ".join(request.GET.get("q", "").replace("\0", "").split())[:LONGEST]
    groups = list(found(words, calls, reach_of(request))) if len(words) >= SHORTEST else []
    context = {
        **admin.site.each_context(request),
        "title": _("Search"),
        "words": words,
        "groups": [group for group in groups if group.hits],
        "is_short": bool(words) and len(words) < SHORTEST,
    }
    return TemplateResponse(request, "admin/calls/call/search.html", context)


def found(words: str, calls: QuerySet[Any], reach: Reach) -> Iterator[Group]:
    """All groups, empty ones too."""
    tenants = {
        pk: Place(*place) for pk, *place in reach.tenants().order_by().values_list("pk", "country", "area_code")[:MOST_TENANTS]
    }
    places = sorted(set(tenants.values()))
    keys = keys_of(words, places) if is_number(words) else []
    within = calls.filter(tenant__in=list(tenants)) if len(tenants) < MOST_TENANTS else calls  # indexes begin with the tenant
    yield _contacts(words, places, reach)
    yield _companies(words, places, reach)
    yield _numbers(words, places, reach)
    yield _calls(words, keys, within, places)
    yield _notes(words, within)


# Numbers


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """The keys that begin alike: from ``low`` to before ``high``; one key where ``is_whole``."""

    low: str
    high: str = ""
    is_whole: bool = False

    def on(self, column: str) -> Q:
        """The condition on a column of keys. Ranges of digits, unlike patterns, use its index in
        every collation."""
        if self.is_whole:
            return Q(**{column: self.low})
        above = Q(**{f"{column}__gte": self.low})
        return above & Q(**{f"{column}__lt": self.high}) if self.high else above


def keys_of(words: str, places: Collection[Place]) -> list[Beginning]:
    """What the keys of a number begin with: whole numbers by what their spellings share, shorter
    ones without codes."""
    digits = re.sub(r"\D", "", words)
    if not digits:
        return []
    whole = {number.key for number in (read_number(words, place) for place in places) if number.key}
    found = [Beginning(low=key, is_whole=True) for key in sorted(whole)]
    short = digits.lstrip("0")
    parts = {short} | {_without_code(digits, place.country) for place in places if words.startswith(("+", "00"))}
    return found + [_beginning(part) for part in sorted(parts) if 2 <= len(part) <= KEY_DIGITS]


def _beginning(part: str) -> Beginning:
    low, high = beginnings(part)
    return Beginning(low=low, high=high)


def _without_code(digits: str, country: str) -> str:
    """The digits after a country's code; nothing where they begin with another."""
    code, bare = str(phonenumbers.country_code_for_region(country)), digits.lstrip("0")
    return bare.removeprefix(code) if bare.startswith(code) else ""


# Groups


def _contacts(words: str, places: Collection[Place], reach: Reach) -> Group:
    rows = reach.within(Contact.objects.all())
    if is_number(words):
        numbers = reach.within(ContactNumber.objects.all()).filter(with_number(words, places))
        rows = rows.filter(pk__in=numbers.values("contact"))
    else:
        rows = rows.filter(Q(name__folds=words) | Q(email__icontains=words) | Q(external_id=words))
    found = rows.select_related("company").prefetch_related("numbers").order_by("name", "pk")[: FEW + 1]
    hits = [
        Hit(
            title=marked(row.name, words),
            address=reverse("admin:contacts_contact_change", args=[row.pk]),
            details=(row.company or "", ", ".join(readable(n.e164, n.raw) for n in list(row.numbers.all())[:2]), row.email),
        )
        for row in found
    ]
    return Group(title=_("Contacts"), icon="contacts", hits=hits, more=_list("contacts_contact", q=words))


def _companies(words: str, places: Collection[Place], reach: Reach) -> Group:
    named = Q(name__folds=words) | Q(external_id=words)
    wanted = with_number(words, places) if is_number(words) else named
    rows = reach.within(Company.objects.all()).filter(wanted).order_by("name", "pk")
    hits = [
        Hit(title=marked(row.name, words), address=reverse("admin:contacts_company_change", args=[row.pk]), details=(row.phone,))
        for row in rows[: FEW + 1]
    ]
    return Group(title=_("Companies"), icon="domain", hits=hits, more=_list("contacts_company", q=words))


def _numbers(words: str, places: Collection[Place], reach: Reach) -> Group:
    """Lines of one's own; those of contacts are found with them."""
    rows = reach.within(Line.objects.all())
    rows = rows.filter(with_number(words, places) if is_number(words) else Q(name__folds=words)).order_by("number", "pk")
    hits = [
        Hit(title=readable(row.e164, row.number), address=reverse("admin:calls_line_change", args=[row.pk]), details=(row.name,))
        for row in rows[: FEW + 1]
    ]
    return Group(title=_("Your own numbers"), icon="dialpad", hits=hits, more=_list("calls_line", q=words))


def _calls(words: str, keys: list[Beginning], calls: QuerySet[Any], places: Collection[Place]) -> Group:
    rows = calls.select_related("contact", "agent").defer(*_BULKY, "notes")
    sources = [rows.filter(pk__in=numbered(calls, key).values("pk")) for key in keys]
    sources.append(search(_newest(rows), words, places))  # type: ignore[arg-type]
    found = {call.pk: call for source in sources for call in source.order_by("-started_at", "-id")[: FEW + 1]}
    best = sorted(found.values(), key=lambda call: (call.started_at, call.pk), reverse=True)
    hits = [
        Hit(
            title=cells.moment(call.started_at),
            address=call.get_absolute_url(),
            details=(cells.call_type(call), _who(call), call.agent.name if call.agent else call.agent_name),
        )
        for call in best[: FEW + 1]
    ]
    hint = gettext("Among the newest %(n)s calls; numbers by their beginning among all.") % {"n": NEWEST}
    return Group(title=_("Calls"), icon="call", hits=hits, more=_list("calls_call", period="all", q=words), hint=hint)


def _notes(words: str, calls: QuerySet[Any]) -> Group:
    rows = calls.exclude(notes="").order_by("-started_at", "-id")
    rows = calls.filter(pk__in=rows.values("pk")[:NEWEST], notes__folds=words).order_by("-started_at", "-id")
    rows = rows.select_related("contact").defer(*_BULKY)
    hits = [
        Hit(
            title=cells.moment(call.started_at),
            address=call.get_absolute_url(),
            details=(_who(call), place_in(call.notes, words)),
        )
        for call in rows[: FEW + 1]
    ]
    hint = gettext("Among the newest %(n)s calls with notes.") % {"n": NEWEST}
    return Group(title=_("Notes"), icon="notes", hits=hits, more=_list("calls_call", period="all", notes=words), hint=hint)


def numbered(calls: QuerySet[Any], key: Beginning) -> QuerySet[Any]:
    """Calls with a number: the newest of each that begins so, in the order of the index that has
    them."""
    return calls.filter(key.on("remote_key")).order_by("remote_key", "-started_at")[:MOST_NUMBERED]


def _newest(calls: QuerySet[Any]) -> QuerySet[Any]:
    return calls.filter(pk__in=calls.order_by("-started_at", "-id").values("pk")[:NEWEST])


def _who(call: Call) -> Any:
    name = call.contact.name if call.contact else call.remote_name
    number = readable(call.remote_e164, call.remote_raw)
    return format_html('{} <bdi dir="ltr">{}</bdi>', name, number)


def _list(name: str, **query: str) -> str:
    return f"{reverse(f'admin:{name}_changelist')}?{urlencode(query)}"


# Showing the place


def marked(text: str, words: str) -> SafeString:
    """The text with the words in it marked."""
    place = place_of(text, words)
    if place is None:
        return format_html("{}", text)
    start, end = place
    return format_html("{}<mark>{}</mark>{}", text[:start], text[start:end], text[end:])


def place_in(text: str, words: str) -> SafeString:
    """The words in a long text, marked, with a little of what stands around them."""
    start, end = place_of(text, words) or (0, 0)
    first, last = max(0, start - AROUND), min(len(text), end + AROUND)
    before, after = "…" if first else "", "…" if last < len(text) else ""
    return format_html("{}{}{}", before, marked(text[first:last], words), after)
