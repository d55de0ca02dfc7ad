"""What must not stand in a log: the queries of addresses, where HostedSuite's scripts put passwords."""

from __future__ import annotations

import logging
import re

_QUERY = re.compile(r"\?\S*")


class WithoutQueries(logging.Filter):
    """Cuts the query off every address among a record's arguments; for loggers of request lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, shortened."""
        if isinstance(record.args, tuple):
            record.args = tuple(_QUERY.sub("?…", value) if isinstance(value, str) else value for value in record.args)
        return True
