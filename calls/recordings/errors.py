"""What can go wrong with audio: refusals the sender can act on, and troubles of ours."""

from __future__ import annotations

from calls.choices import AudioRefusal
from calls.errors import CallError


class AudioRefused(CallError):
    """The audio is not taken; ``code`` is one of ``AudioRefusal`` and never changes."""

    def __init__(self, code: AudioRefusal, message: str) -> None:
        super().__init__(message, code=code.value)


class StorageTrouble(Exception):
    """Ours, not the sender's, and it passes: a door answers 503 and the same request may be sent again."""

    code = "storage_unavailable"
    status = 503


class NoRoom(StorageTrouble):
    """The disk is, or would become, too full (507)."""

    code = "no_room"
    status = 507


class ObjectMissing(StorageTrouble):
    """A key has no object. For a stored recording that must not happen: it is logged as an error."""

    code = "object_missing"


class SpoolMissing(StorageTrouble):
    """There is no such spool: it was discarded, promoted or swept."""

    code = "spool_missing"
    status = 404


class SpoolBusy(StorageTrouble):
    """Another request is writing to this spool."""

    code = "spool_busy"
    status = 423


class SpoolSealed(StorageTrouble):
    """All bytes have come and are being kept: nothing can be added."""

    code = "upload_complete"
    status = 409


class OffsetConflict(StorageTrouble):
    """Bytes were offered for another place than the end; ``size`` says where that is."""

    code = "offset_conflict"
    status = 409

    def __init__(self, size: int) -> None:
        super().__init__(f"The next byte is number {size}.")
        self.size = size
