"""Asterisk's own journal of channels (CEL as CSV): what happened while nobody listened, to the millisecond.

``cel_custom.conf``: eventtype, eventtime (``%s.%3q``), uniqueid, linkedid, accountcode, caller's name and number, exten,
channel, application, peer, extra (JSON with ``hangupcause`` and ``dialstatus``). Lines that are something else are passed over;
a line that comes twice says nothing new.
"""

from __future__ import annotations

import csv
import json
import mmap
import os
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from uuid import UUID
from zlib import crc32

from calls.telephony.asterisk import names
from calls.telephony.asterisk.sightings import DIALLED_APPS, Place

MOST_ENTRIES = 20_000
COLUMNS = 12
NEWLINE = b"\n"
FIRST_READ = 16 * 1024 * 1024  # bytes of a journal never read before
LONGEST_FIRST_LINE = 64 * 1024
KEPT = timedelta(days=2)  # how long ago a file may have been put aside in which a call of ours is looked for
_KINDS = ("CHAN_START", "ANSWER", "HANGUP", "CHAN_END", "APP_START")


@dataclass(kw_only=True)
class Entry:
    """What the journal says of one channel. ``dial_status`` is how the last ``Dial`` of a caller came out."""

    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None
    name: str = ""
    caller_name: str = ""
    caller_number: str = ""
    dialled: str = ""
    dial_status: str = ""
    is_rung: bool = False  # it did not come in


@dataclass(kw_only=True)
class Group:
    """The channels that belong together, in the order they began; ``place`` is where the first line of them is."""

    place: Place
    entries: dict[str, Entry] = field(default_factory=dict)
    last_at: datetime

    @property
    def is_over(self) -> bool:
        """Whether all of them have ended."""
        return all(entry.ended_at for entry in self.entries.values())


class Journal:
    """Reads on from where it was, also in a file that was renamed meanwhile; a shorter file is a new one.

    ``of`` answers about the newest ``MOST_ENTRIES`` channels. With ``keeps_groups``, ``groups`` has what nobody has closed.
    """

    def __init__(self, path: Path, place: Place | None = None, *, keeps_groups: bool = False) -> None:
        self._path, self._place, self._keeps_groups = path, place, keeps_groups
        self._file: IO[bytes] | None = None
        self._file_id, self._offset = "", 0
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._groups: OrderedDict[str, Group] = OrderedDict()

    @property
    def is_there(self) -> bool:
        """Whether Asterisk keeps one."""
        return self._path.exists()

    def of(self, channel: str) -> Entry | None:
        """What it says of the channel, as of the last ``refresh``."""
        return self._entries.get(channel)

    def groups(self) -> list[tuple[str, Group]]:
        """What belongs together and is not closed, by linked id, oldest first."""
        return list(self._groups.items())

    def close(self, linked: str) -> None:
        """Nobody asks for these any more."""
        self._groups.pop(linked, None)

    @property
    def place(self) -> Place:
        """Where another reader has to begin so that it knows every group that is not closed."""
        first = next(iter(self._groups.values()), None)
        return first.place if first else Place(file_id=self._file_id, offset=self._offset)

    def knows(self, order_id: UUID) -> bool:
        """Whether any telephone was dialled for the order, by this file or one put aside lately."""
        sign = names.channel_of(order_id, "").encode()
        since = (datetime.now(UTC) - KEPT).timestamp()
        return any(_contains(path, sign) for path in self._siblings() if path.stat().st_mtime >= since)

    def refresh(self) -> None:
        """Read what was added; a file that is not there yet is an empty one."""
        if self._file is None and not self._begin():
            return
        self._read_on()
        if self._is_replaced():
            self._open(self._path, 0)
            self._read_on()
        while len(self._entries) > MOST_ENTRIES:
            self._entries.popitem(last=False)

    # -- files

    def _begin(self) -> bool:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return False
        place = self._place
        if place is None:
            self._open(self._path, max(0, status.st_size - FIRST_READ))
        else:
            known = next((path for path in self._siblings() if _identity(path) == place.file_id), None)
            if known == self._path:
                self._open(self._path, place.offset)
            else:
                self._read_aside(known, place.offset)
                self._open(self._path, 0)
        return True

    def _read_aside(self, known: Path | None, offset: int) -> None:
        """Read on in the known file, then in those put aside after it; without a known one in all that are left."""
        aside = sorted((path for path in self._siblings() if path != self._path), key=lambda path: path.stat().st_mtime_ns)
        for path in aside[aside.index(known) :] if known else aside:
            self._open(path, offset if path == known else 0)
            self._read_on()

    def _open(self, path: Path, offset: int) -> None:
        if self._file:
            self._file.close()
        self._file = path.open("rb")
        self._file_id, self._offset = _identity(path), offset

    def _is_replaced(self) -> bool:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return False  # it was put aside, and the next one is not there yet
        return status.st_size < self._offset or _identity(self._path) != self._file_id

    def _siblings(self) -> list[Path]:
        return sorted(self._path.parent.glob(f"{self._path.name}*"))

    def _read_on(self) -> None:
        assert self._file is not None
        self._file.seek(self._offset)
        for line in self._file:
            if not line.endswith(NEWLINE):
                return  # it is half written
            self._take_line(line)
            self._offset += len(line)

    # -- lines

    def _take_line(self, line: bytes) -> None:
        try:  # each line by itself, so that a quote that is never closed spoils one line only
            row = next(csv.reader([line.decode("utf-8", "replace")]))
            if len(row) < COLUMNS or row[0] not in _KINDS:
                return
            at = datetime.fromtimestamp(float(row[1]), UTC)
        except (csv.Error, StopIteration, ValueError, OverflowError, OSError):
            return
        entry = self._entries.get(row[2])
        if entry is None:
            entry = self._entries[row[2]] = Entry()
        if self._keeps_groups:
            self._put_in_group(row[3] or row[2], row[2], entry, at, is_first=row[0] == "CHAN_START")
        _take(entry, row, at)

    def _put_in_group(self, linked: str, channel: str, entry: Entry, at: datetime, *, is_first: bool) -> None:
        group = self._groups.get(linked)
        if group is None:
            if not is_first:
                return  # the rest of one that is closed, or whose beginning is not here
            group = self._groups[linked] = Group(place=Place(file_id=self._file_id, offset=self._offset), last_at=at)
            while len(self._groups) > MOST_ENTRIES:
                self._groups.popitem(last=False)
        if is_first or channel in group.entries:
            group.entries.setdefault(channel, entry)
            group.last_at = max(group.last_at, at)


def _take(entry: Entry, row: list[str], at: datetime) -> None:
    kind, application, extra = row[0], row[9], row[11]
    entry.is_rung = entry.is_rung or application in DIALLED_APPS
    entry.name = entry.name or row[8]
    entry.caller_name, entry.caller_number = entry.caller_name or row[5], entry.caller_number or row[6]
    match kind:
        case "CHAN_START":
            entry.started_at, entry.dialled = entry.started_at or at, entry.dialled or row[7]
        case "ANSWER":
            entry.answered_at = entry.answered_at or at
        case "HANGUP" if entry.cause is None:
            told = _told(extra)
            entry.ended_at = at
            entry.cause = told["hangupcause"] if isinstance(told.get("hangupcause"), int) else None
            entry.dial_status = str(told.get("dialstatus") or "")
        case "CHAN_END":
            entry.ended_at = entry.ended_at or at


def _told(extra: str) -> dict[str, Any]:
    try:
        told = json.loads(extra)
    except (ValueError, RecursionError):  # written by another version
        return {}
    return told if isinstance(told, dict) else {}


def _identity(path: Path) -> str:
    """What stays the same when a file is renamed, and changes when it is cut off and written anew: its number, its first line."""
    with path.open("rb") as file:
        first, number = file.readline(LONGEST_FIRST_LINE), os.fstat(file.fileno()).st_ino
    return f"{number}:{crc32(first) if first.endswith(NEWLINE) else 0:08x}"


def _contains(path: Path, sign: bytes) -> bool:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.rfind(sign) >= 0
    except (OSError, ValueError):  # gone meanwhile, or empty
        return False
