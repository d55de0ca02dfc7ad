"""Asterisk's own journal of channels (CEL as CSV): what happened while nobody listened, to the millisecond.

``cel_custom.conf``: eventtype, eventtime (``%s.%3q``), uniqueid, linkedid, accountcode, caller's name and number, exten,
channel, application, peer, extra (JSON with ``hangupcause``).
"""

from __future__ import annotations

import csv
import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from calls.telephony.asterisk import names

MOST_ENTRIES = 20_000
COLUMNS = 12
_KINDS = ("CHAN_START", "ANSWER", "HANGUP", "CHAN_END")


@dataclass(kw_only=True)
class Entry:
    """What the journal says of one channel."""

    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None


class Journal:
    """Reads on from where it was; the newest ``MOST_ENTRIES`` channels are kept. A shorter file is a new one."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0
        self._file_id = 0
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def of(self, channel: str) -> Entry | None:
        """What it says of the channel, as of the last ``refresh``."""
        return self._entries.get(channel)

    def knows(self, order_id: UUID) -> bool:
        """Whether any telephone was dialled for the order; reads the whole file first."""
        self.refresh()
        return any((read := names.read_channel(channel)) and read[0] == order_id for channel in self._entries)

    def refresh(self) -> None:
        """Read what was added; a file that is not there yet is an empty one."""
        try:
            with self._path.open("rb") as file:
                status = self._path.stat()
                if status.st_size < self._offset or status.st_ino != self._file_id:
                    self._offset, self._file_id = 0, status.st_ino
                file.seek(self._offset)
                added = file.read()
        except FileNotFoundError:
            return
        whole = added[: added.rfind(b"\n") + 1]  # the last line may be half written
        self._offset += len(whole)
        for row in csv.reader(whole.decode("utf-8", "replace").splitlines()):
            if len(row) >= COLUMNS and row[0] in _KINDS:
                self._take(row)
        while len(self._entries) > MOST_ENTRIES:
            self._entries.popitem(last=False)

    def _take(self, row: list[str]) -> None:
        kind, at, extra = row[0], datetime.fromtimestamp(float(row[1]), UTC), row[11]
        entry = self._entries.setdefault(row[2], Entry())
        match kind:
            case "CHAN_START":
                entry.started_at = at
            case "ANSWER":
                entry.answered_at = entry.answered_at or at
            case "HANGUP":
                entry.ended_at, entry.cause = at, _cause(extra)
            case "CHAN_END":
                entry.ended_at = entry.ended_at or at


def _cause(extra: str) -> int | None:
    try:
        return int(json.loads(extra)["hangupcause"])
    except (ValueError, KeyError, TypeError):  # written by another version
        return None
