"""What a line of the log must not hold, and how many lines one cause may write.

Queries are cut off addresses, as HostedSuite's scripts put passwords there. Telephone numbers are
masked. What others sent cannot begin a line of its own. A stranger who causes the same warning
again and again causes a few lines a minute.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from types import TracebackType

AT_MOST, WINDOW_S = 10, 60.0
_MOST_CAUSES = 1000
_QUERY = re.compile(r"\?\S*")
_NUMBER = re.compile(r"((?:(?<![\w.-])|%2[Bb])\+?)(\d{4,12})(\d{3})(?![\w-])")  # 7 to 15 digits: E.164
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class WithoutQueries(logging.Filter):
    """Cuts the query off every address among a record's arguments; for loggers of request lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, shortened."""
        if isinstance(record.args, tuple):
            record.args = tuple(_QUERY.sub("?…", value) if isinstance(value, str) else value for value in record.args)
        return True


class Line(logging.Formatter):
    """One line for each record, its telephone numbers masked; a traceback follows, indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name in the base class
        """The line, its control characters escaped."""
        line = super().formatMessage(record)
        return mask(_CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), line))

    def formatException(  # noqa: N802 - as above
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """The traceback, so that no line of it can be taken for a record."""
        return "\n".join(f"    {mask(_CONTROL.sub(' ', line))}" for line in super().formatException(ei).splitlines())


class AtMost(logging.Filter):
    """Lets ``AT_MOST`` warnings of one line of source through each minute.

    The first one after that minute says how many were not logged.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._causes: dict[tuple[str, int, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is one of the first."""
        if record.levelno < logging.WARNING:
            return True
        cause, now = (record.pathname, record.lineno, record.levelno), time.monotonic()
        with self._lock:
            began, count = self._causes.get(cause, (now, 0))
            is_over = now - began >= WINDOW_S
            if len(self._causes) > _MOST_CAUSES:
                self._causes.clear()
            self._causes[cause] = (now, 1) if is_over else (began, count + 1)
        if is_over and count > AT_MOST:
            record.msg, record.args = f"{record.getMessage()} ({count - AT_MOST} more like it were not logged)", ()
        return is_over or count < AT_MOST


def mask(text: str) -> str:
    """The text with all but the last three digits of telephone numbers left out."""
    return _NUMBER.sub(r"\1…\3", text)
