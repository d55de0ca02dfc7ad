"""Every word of the admin's pages comes from a catalogue: shown in a language made of marks, nothing but data is without them."""

from __future__ import annotations

import re
import zoneinfo
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.utils import translation

from tenants import drawn_filters, list_rows
from tenants.models import ApiToken, OAuthApp, User
from tests.make import make_operator
from tests.tenants.admin_walk import addresses, furnish, signed_in

WORD = "Uppsala"
BEGIN, END = "\u27e6", "\u27e7"
SILENT = {"script", "style", "code", "pre", "template", "svg", "kbd"}
SPOKEN = ("aria-label", "title", "placeholder", "alt", "data-lost", "data-gone", "data-failed", "data-ended", "data-pause")
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "base", "embed"}
BLOCKS = {"p", "div", "td", "th", "li", "h1", "h2", "h3", "option", "label", "button", "dt", "dd", "section", "title", "summary"}
DATA = zoneinfo.available_timezones() | set(settings.CELERY_BEAT_SCHEDULE) | {"test", "SE", "U"}
# What is the same in every language: names of products, units and things of the wire.
NAMES = {
    "callhub", "Planhat", "CallN", "FoneStorm", "VoipNow", "HostedSuite", "API", "Asterisk", "JSON", "GET", "POST", "PUT", "SIP",
    "English", "Deutsch", "UTC", "SHA", "MD5", "dBFS", "E", "kB", "MB", "GB", "s", "h", "URL", "HTTP", "x", "AB",
    "Content", "Type", "Callhub", "wav", "uploads", "Uploads",
}  # fmt: skip
# Addresses, names in code, ids, hexadecimal numbers, moments, countries with their code.
_TECHNICAL = re.compile(r"\S*(?:://|[@/_=])\S*|\b\w+\.\w+\b|\S*\d\S*|^\s*[A-Z]{2} \+\d+")
_PASSWORD = re.compile(r"\s*: (?:md5|\S+\*+)")  # what Django shows of one
_NUMBERS = re.compile(r' (?:data-[a-z]+|style|x|y|width|height|value)="[^"]*\d,\d[^"]*"')  # with a decimal comma
pytestmark = [  # it walks every page, which takes its time on a busy machine
    pytest.mark.django_db,
    pytest.mark.once,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]


@pytest.fixture
def marked(monkeypatch):
    """A language whose words are the English ones in marks."""
    real = {name: getattr(translation._trans, name) for name in ("gettext", "ngettext", "pgettext", "npgettext")}

    def mark(text):
        return f"{BEGIN}{text}{END}" if text.strip() and BEGIN not in text else text

    monkeypatch.setattr(translation._trans, "gettext", lambda text: mark(real["gettext"](text)))
    monkeypatch.setattr(translation._trans, "ngettext", lambda *texts: mark(real["ngettext"](*texts)))
    monkeypatch.setattr(translation._trans, "pgettext", lambda *texts: mark(real["pgettext"](*texts)))
    monkeypatch.setattr(translation._trans, "npgettext", lambda *texts: mark(real["npgettext"](*texts)))
    monkeypatch.setattr(drawn_filters, "_drawn", {})  # what was drawn in real words is not shown here, nor this elsewhere
    monkeypatch.setattr(list_rows, "_tick_box", list_rows._tick_box.__wrapped__)


class Reader(HTMLParser):
    """The words a page shows and says that are outside of any marks."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.depth = 0  # how many texts are open; one goes on over tags within it, but not past its block
        self.words: dict[str, str] = {}

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        is_silent = tag in SILENT or "material-symbols-outlined" in (told.get("class") or "")
        for name in SPOKEN if not self.is_silent else ():
            self.note(told.get(name) or "", self.outside(told.get(name) or "", 0)[0])
        if tag not in VOID:
            self.open.append((tag, is_silent))
        if tag in BLOCKS:
            self.depth = 0

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass
        if tag in BLOCKS:
            self.depth = 0

    def handle_data(self, data):
        if not self.is_silent and data.strip():
            text, self.depth = self.outside(data, self.depth)
            self.note(data, text)

    @property
    def is_silent(self):
        return any(is_silent for _tag, is_silent in self.open)

    @staticmethod
    def outside(text, depth):
        """The part of a text outside of any marks, and how many are open after it."""
        letters = []
        for letter in text:
            depth = max(0, depth + (letter == BEGIN) - (letter == END))
            letters.append(letter if depth == 0 and letter != END else " ")
        return "".join(letters), depth

    def note(self, piece, text):
        if WORD.lower() in text.lower() or text.strip() in DATA or _PASSWORD.match(text):
            return  # data, or made of it
        for word in set(re.findall(r"[^\W\d_]+", _TECHNICAL.sub(" ", text))) - NAMES:
            self.words.setdefault(word, " ".join(piece.split())[:120])


def pages(client, rows):
    """Every page of the admin, once, in German."""
    for address in addresses(rows):
        path, _mark, query = address.partition("?")
        if path.endswith("/autocomplete/") or (query and not query.startswith(("period=all", "tenant=", "what="))):
            continue  # the same words again
        if path.startswith("/admin/calls/tag/") and path.endswith("/delete/"):
            continue  # counts rows of a table between two, whose name Django makes in English alone
        page = client.get(address, HTTP_ACCEPT_LANGUAGE="de")
        if page.status_code == 200 and not page.streaming and page.headers["Content-Type"].startswith("text/html"):
            yield address, page.content.decode()


@pytest.mark.parametrize("who", ["owner", "operator"])
def test_every_word_of_the_admin_can_be_translated_and_no_number_for_programs_is(marked, who):
    rows = furnish(WORD)
    ApiToken.objects.update(name=WORD)
    OAuthApp.objects.update(client_id=WORD)  # a random one may look like a word
    client = signed_in(rows[User] if who == "owner" else make_operator())
    words, numbers = {}, []
    for address, page in pages(client, rows):
        numbers += [(address, found) for found in _NUMBERS.findall(page)]
        reader = Reader()
        reader.feed(page)
        words |= {word: (address, piece) for word, piece in reader.words.items() if word not in words}
    assert (words, numbers) == ({}, [])
