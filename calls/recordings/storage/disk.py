"""Recordings as files on disk."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from django.core.files.storage import FileSystemStorage

from calls.recordings.errors import ObjectMissing, StorageTrouble
from calls.recordings.storage.files import copy, full_disk_is_no_room, older, private, sync, sync_folder
from calls.recordings.storage.keeping import Chunks, Readable


class DiskKeeper(FileSystemStorage):
    """Files below ``location``: written aside, synced, then linked to their name, so that no half one is ever seen."""

    is_on_disk = True

    def create(self, key: str, stream: Readable) -> None:
        """Write a new object from a stream; see ``Keeper``."""
        part = self._root / ".incoming" / secrets.token_hex(16)
        part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with full_disk_is_no_room(), open(part, "xb", 0, opener=private) as file:
                copy(stream, file, self._root)
                sync(file.fileno())
            self._link(part, key)
        finally:
            part.unlink(missing_ok=True)

    def adopt(self, key: str, path: Path) -> None:
        """Make a finished local file a new object; see ``Keeper``."""
        with open(path, "rb") as file:
            sync(file.fileno())
        try:
            self._link(path, key)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
                raise
            with open(path, "rb") as file:  # another file system, or one without hard links
                self.create(key, file)

    def read_range(self, key: str, start: int = 0, length: int | None = None) -> Chunks:
        """Some bytes of an object; see ``Keeper``. ``source`` is the open file, at ``start``."""
        try:
            file = open(self.path(key), "rb")  # noqa: SIM115  Chunks closes it
        except FileNotFoundError as error:
            raise ObjectMissing(key) from error
        except OSError as error:
            raise StorageTrouble(f"Cannot read {key}: {error.strerror}") from error
        left = max(0, os.fstat(file.fileno()).st_size - start)
        file.seek(start)
        return Chunks(file, left if length is None else min(left, length), file.close)

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """The file itself; see ``Keeper``."""
        path = Path(self.path(key))
        if not path.is_file():
            raise ObjectMissing(key)
        yield path

    def size(self, name: str) -> int:
        """The object's bytes. Raises ``ObjectMissing``."""
        try:
            return super().size(name)
        except FileNotFoundError as error:
            raise ObjectMissing(name) from error

    def keys_before(self, moment: datetime) -> Iterator[str]:
        """The keys of old objects; see ``Keeper``."""
        for folder, folders, names in os.walk(self._root):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                path = Path(folder, name)
                if older(path, moment):
                    yield path.relative_to(self._root).as_posix()

    def drop_unfinished(self, moment: datetime) -> int:
        """Remove old parts; see ``Keeper``."""
        parts = [part for part in (self._root / ".incoming").glob("*") if older(part, moment)]
        for part in parts:
            part.unlink(missing_ok=True)
        return len(parts)

    @property
    def _root(self) -> Path:
        return Path(self.location)

    def _link(self, path: Path, key: str) -> None:
        """Give a whole file its name, which must be new, and make that last through a power cut."""
        target = Path(self.path(key))
        with full_disk_is_no_room():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.utime(path)  # its age as an object begins now: the sweeper must not take it for an orphan
            os.link(path, target)
            for folder in (target.parent, target.parent.parent, self._root):
                sync_folder(folder)
