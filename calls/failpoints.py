"""Failpoints: named places where a test may have the process killed, as a power cut would.

``CALLHUB_FAILPOINT=upload.claimed:kill`` arms one; without it, and in production always, reaching one does nothing. Where it is
the path of a file, the file's text arms one, and goes as it fires: of many processes one dies, once.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from django.conf import settings

# Every place there is, each kind of work in the order it reaches them.
NAMES = (
    "dial.claimed",
    "dial.noted",
    "dial.asked",
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
    "fetch.claimed",
    "fetch.received",
    "fetch.object_kept",
    "audio.row_deleted",
    "retention.removed",
    "batch.item",
    "export.part_stored",
    "notice.mailed",
    "webhook.fanned_out",
    "webhook.claimed",
    "webhook.sent",
)


def reach(name: str) -> None:
    """Die here if this failpoint is armed."""
    armed = settings.CALLHUB_FAILPOINT
    if not armed or settings.PRODUCTION:
        return
    if armed == f"{name}:kill" or (armed.startswith("/") and _fires(Path(armed), f"{name}:kill")):
        os.kill(os.getpid(), signal.SIGKILL)


def _fires(file: Path, told: str) -> bool:
    """Whether the file says so, and this process is the first to find that."""
    try:
        if file.read_text().strip() != told:
            return False
        file.unlink()
    except FileNotFoundError:
        return False
    return True
