"""What can go wrong with an upload, beside its audio (``recordings.errors``)."""

from __future__ import annotations

from calls.choices import AudioRefusal
from calls.errors import CallConflict, CallError
from calls.recordings.errors import AudioRefused


class TicketNotFound(CallError):
    """There is no such upload: never was, somebody else's, expired or cancelled, all answered alike."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such upload, or it has expired.")


class ChunkRefused(CallError):
    """A chunk's number or total cannot be."""

    code = "invalid_chunk"


class OtherAudio(CallConflict):
    """The upload has its bytes already, and what came now is not the same."""

    def __init__(self) -> None:
        super().__init__("Other audio was sent for this upload before.")


class QuotaUsedUp(AudioRefused):
    """The tenant's uploads of this month are used up; the message ends with how many there may be, ``limit``."""

    def __init__(self, limit: int) -> None:
        super().__init__(AudioRefusal.QUOTA, f"The monthly deposit quota is reached: {limit}")
        self.limit = limit
