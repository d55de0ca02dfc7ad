"""Writing files so that they last, and not past the room there is."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from io import RawIOBase
from pathlib import Path

from django.conf import settings

from calls.recordings.errors import NoRoom
from calls.recordings.storage.keeping import CHUNK_BYTES, Readable

_ROOM_EVERY_BYTES = 64 * 1024 * 1024
_SYNC_EVERY_BYTES = 32 * 1024 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def require_room(size_bytes: int = 0, folder: Path | None = None) -> None:
    """Raise ``NoRoom`` where ``size_bytes`` more would leave less than ``CALLHUB_FREE_SPACE_FLOOR`` on the disk of ``folder``."""
    folder = folder or settings.CALLHUB_SPOOL_DIR
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free - size_bytes < settings.CALLHUB_FREE_SPACE_FLOOR:
        raise NoRoom("There is too little free space to take more audio.")


def copy(stream: Readable, file: RawIOBase, root: Path, *, durable: bool = True) -> int:
    """Write a stream to an unbuffered file in chunks, minding the free space now and then; how many bytes.

    With ``durable`` they are on their way to the disk while more come, so that ``sync`` has little left to wait for.
    """
    written = checked = 0
    behind = _SyncingBehind(file.fileno() if durable else None)
    try:
        while chunk := stream.read(CHUNK_BYTES):
            if written >= checked:
                require_room(len(chunk), root)
                checked += _ROOM_EVERY_BYTES
            write_all(file, chunk)
            written += len(chunk)
            behind.note(len(chunk))
    finally:
        behind.finish()
    return written


class _SyncingBehind:
    """Syncs a growing file in a thread, again whenever enough was written; errors come out at the latest at the end."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._helper: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None
        self._unsynced = 0

    def note(self, size: int) -> None:
        self._unsynced += size
        if self._descriptor is None or self._unsynced < _SYNC_EVERY_BYTES:
            return
        if self._running is None or self._running.done():
            self.finish()
            self._helper = self._helper or ThreadPoolExecutor(1, "sync")
            self._running = self._helper.submit(sync, self._descriptor)
            self._unsynced = 0

    def finish(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.result()


def write_all(file: RawIOBase, chunk: bytes) -> None:
    """Write the whole chunk. The file has no buffer, so that after an error what was written is known."""
    left = memoryview(chunk)
    while left:
        left = left[file.write(left) or 0 :]


def sync(descriptor: int) -> None:
    """Do not go on before the bytes are on the disk."""
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Do not go on before the folder's names are on the disk, where a system can do that."""
    with suppress(PermissionError, IsADirectoryError):  # Windows cannot open a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def private(path: str, flags: int) -> int:
    """Open a file that only its owner may read."""
    return os.open(path, flags, 0o600)


def older(path: Path, moment: datetime) -> bool:
    """Whether a file was last touched before ``moment``; one that is gone was not."""
    with suppress(FileNotFoundError):
        return path.stat().st_mtime < moment.timestamp()
    return False


@contextmanager
def full_disk_is_no_room() -> Iterator[None]:
    """Raise ``NoRoom`` for a disk that is full."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoRoom("The disk is full.") from error
        raise
