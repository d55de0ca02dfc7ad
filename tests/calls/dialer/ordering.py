"""Orders for tests: each function takes only what matters."""

from __future__ import annotations

from typing import Any

from calls.choices import Source
from calls.drafts import CallOrder
from calls.models import Line

ORDINARY = "+46701234567"
TALKS_ON = "+46702000201"  # answers after a second, talks until somebody hangs up
RINGS_ON = "+46702000180"


def order(line: Line, destination: str = ORDINARY, **fields: Any) -> CallOrder:
    """A call from the line's telephone."""
    return CallOrder(**{"door": Source.API, "line": line, "sources": (line.number,), "destination": destination, **fields})
