"""Failpoints: named places where a test may have the process killed, as a power cut would.

``CALLHUB_FAILPOINT=upload.claimed:kill`` arms one; without it, and in production always, reaching one does nothing.
"""

from __future__ import annotations

import os
import signal

from django.conf import settings

# Every place there is, each kind of work in the order it reaches them.
NAMES = (
    "dial.claimed",
    "dial.noted",
    "dial.placed",
    "upload.appended",
    "chunk.spooled",
    "chunk.noted",
    "upload.received",
    "upload.probed",
    "upload.claimed",
    "upload.object_kept",
    "upload.filed",
    "upload.committed",
    "audio.row_deleted",
    "retention.removed",
    "webhook.fanned_out",
    "webhook.claimed",
    "webhook.sent",
)


def reach(name: str) -> None:
    """Die here if this failpoint is armed."""
    if f"{name}:kill" == settings.CALLHUB_FAILPOINT and not settings.PRODUCTION:
        os.kill(os.getpid(), signal.SIGKILL)
