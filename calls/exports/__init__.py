"""Files of calls that take long: queued, written in turns by workers, downloaded by who asked,
and removed.

``orders`` queues, cancels and removes exports, ``working`` writes them.
"""

from calls.exports.orders import (
    EXPORTS,
    ExportRefused,
    ask,
    cancel,
    content,
    is_open_to,
    of_person,
    sweep,
)
from calls.exports.working import waiting, work

__all__ = [
    "EXPORTS", "ExportRefused", "ask", "cancel", "content", "is_open_to", "of_person", "sweep",
    "waiting", "work",
]  # fmt: skip
