"""Calls as a CSV file, row by row: UTF-8 with its mark, so that spreadsheets read it; times in a named zone with their offset.

A cell that a spreadsheet would take for a formula, or part of which it would where it splits cells
at other signs, begins with an apostrophe (OWASP, CSV injection); a plain number in international
form is none. Lengths are seconds.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext

from calls.choices import CallType, Direction, Disposition, Source, State
from calls.models import Call
from calls.models.view import Column

AT_ONCE = 500  # calls read together
_PHONE = re.compile(r"\s*\+[0-9 ]+\Z")
_SPLITS = re.compile(r"([;\t\r\n])")  # where spreadsheets of other countries begin a new cell, or a new row
_FORMULA = re.compile("[\\s\"'\ufeff]*[=+\\-@＝＋－＠]")
_RELATED = ("contact", "company", "agent", "center", "line")
_UNREAD = ("document", "facts", "given_contact", "screen_pop")


def safe(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula, wherever it splits cells."""
    cell = "".join(_defused(part) for part in _SPLITS.split(text))
    return f"'{cell}" if cell[:1] in ("\t", "\r", "\n") else cell


def _defused(part: str) -> str:
    if _FORMULA.match(part) and not _PHONE.match(part):
        return f"'{part}"
    return part


def readable(calls: QuerySet[Call]) -> QuerySet[Call]:
    """The calls with all that a line needs, and no more."""
    return calls.prefetch_related(None).defer(None).defer(*_UNREAD).select_related(*_RELATED).prefetch_related("tags")


class CallTable:
    """The columns of a file of calls, in the words and zone of who asks for it: all of that is settled before the first row."""

    def __init__(self, columns: Sequence[Column], zone: tzinfo) -> None:
        self.zone = zone
        self._words = {
            choices: {str(value): str(label) for value, label in choices.choices}
            for choices in (CallType, Direction, Disposition, Source, State)
        }
        self._yes = gettext("yes")
        self._cells = [cell for column in columns for cell in self._cells_of(column)]
        self._writer = csv.writer(_Echo())

    def lines(self, calls: QuerySet[Call]) -> Iterator[str]:
        """The file in pieces: its heading, then a line for each call in the order of ``calls``."""
        yield self.heading()
        for call in readable(calls).iterator(chunk_size=AT_ONCE):
            yield self.line(call)

    def heading(self) -> str:
        """The first line."""
        return "\ufeff" + self._writer.writerow([safe(title) for title, _ in self._cells])

    def line(self, call: Call) -> str:
        """The line of one call, out of ``readable`` ones."""
        return self._writer.writerow([safe(read(call)) for _, read in self._cells])

    def _cells_of(self, column: Column) -> Iterable[tuple[str, Callable[[Call], str]]]:
        title, (first, *more) = str(column.label), self._readers(column)
        return [(title if column not in _TITLES else f"{title} ({self._unit(column)})", first), *more]

    def _unit(self, column: Column) -> str:
        return str(self.zone) if column == Column.STARTED else gettext("seconds")

    def _readers(self, column: Column) -> list[Any]:
        """What reads the cell, and for a column that takes several the others with their titles."""
        match column:
            case Column.STARTED:
                return [lambda call: self._moment(call.started_at)]
            case Column.TYPE:
                return [lambda call: self._words[CallType][call.type]]
            case Column.DIRECTION:
                return [lambda call: self._words[Direction][call.direction]]
            case Column.PARTY:
                return [_name, (gettext("number"), _number)]
            case Column.DURATION | Column.RING | Column.TALK:
                return [lambda call: _seconds(getattr(call, f"{column}_ms"))]
            case Column.AUDIO:
                return [lambda call: self._yes if call.has_recording else ""]
            case Column.RESULT:
                return [self._result]
            case Column.FLAG:
                return [lambda call: self._yes if call.is_flagged else "", (gettext("flag notes"), lambda call: call.flag_notes)]
            case Column.TAGS:
                return [lambda call: ", ".join(tag.name for tag in call.tags.all())]
            case Column.SOURCE:
                return [lambda call: self._words[Source][call.source]]
            case Column.AGENT:
                return [lambda call: call.agent.name if call.agent else call.agent_name]
            case Column.COMPANY | Column.CENTER | Column.LINE:
                return [lambda call: str(getattr(call, column) or "")]
        return [lambda call: getattr(call, column)]

    def _moment(self, at: datetime) -> str:
        return at.astimezone(self.zone).isoformat(sep=" ", timespec="seconds")

    def _result(self, call: Call) -> str:
        if call.state != State.ENDED:
            return self._words[State][call.state]
        return self._words[Disposition][call.disposition]


_TITLES = (Column.STARTED, Column.DURATION, Column.RING, Column.TALK)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _name(call: Call) -> str:
    return call.contact.name if call.contact else call.remote_name


def _number(call: Call) -> str:
    return call.remote_e164 or call.remote_raw


def _seconds(ms: int | None) -> str:
    return "" if ms is None else f"{ms / 1000:.3f}".rstrip("0").rstrip(".")
