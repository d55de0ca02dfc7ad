"""Spools: audio on its way in, on local disk whatever the storage, so that it can be continued, probed and then kept."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import cast

from django.conf import settings
from django.core.files import locks
from django.core.files.storage import storages

from calls.recordings.errors import AudioRefused, OffsetConflict, SpoolBusy, SpoolMissing, SpoolSealed
from calls.recordings.storage.files import copy, full_disk_is_no_room, older, private, require_room, sync, sync_folder
from calls.recordings.storage.keeping import CHUNK_BYTES, Digest, Keeper, Measured, Readable, StoredObject, new_key
from tenants.models import Tenant

_NAME = re.compile(r"[0-9a-f]{32}")


class Spool:
    """One file that grows by appending. Keep its ``name`` in a row; ``Spool(name)`` finds it again in any process.

    What ``append`` returned from is on the disk (unless told otherwise) and survives a power cut. To finish: ``promote``,
    commit the row of the object, ``discard``; a crash at any point between leaves a spool that can be promoted again.
    """

    def __init__(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise SpoolMissing("There is no such upload.")
        self.name = name
        self._digest = Digest()
        self._growing = Path(settings.CALLHUB_SPOOL_DIR, f"{name}.part")
        self._sealed = Path(settings.CALLHUB_SPOOL_DIR, f"{name}.whole")  # never written to: it may be an object's own file

    @classmethod
    def create(cls, expected_bytes: int = 0) -> Spool:
        """An empty spool. Raises ``NoRoom`` where so many bytes would not fit."""
        require_room(expected_bytes)
        spool = cls(secrets.token_hex(16))
        with full_disk_is_no_room(), open(spool.path, "xb", opener=private):
            sync_folder(spool.path.parent)
        return spool

    @property
    def path(self) -> Path:
        """Its file, for probing; only ``append`` writes to it."""
        return self._sealed if self._sealed.exists() else self._growing

    @property
    def size(self) -> int:
        """How many bytes have come; the offset of the next. Raises ``SpoolMissing``."""
        with _missing():
            return self.path.stat().st_size

    def append(self, offset: int, stream: Readable, *, limit_bytes: int, durable: bool = True) -> int:
        """Add a stream at ``offset``, which must be the end; the new size.

        Bytes that came before the stream or the disk failed are kept, to go on from. Raises ``OffsetConflict``, ``SpoolBusy``,
        ``SpoolSealed``, ``NoRoom``, and ``AudioRefused`` (too_large) when the whole would pass ``limit_bytes``: then nothing
        is added.
        """
        with self._locked() as file:
            if offset != file.seek(0, os.SEEK_END):
                raise OffsetConflict(file.tell())
            digest = self._digest if self._digest.size == offset else None  # begun elsewhere: digested when it is whole
            try:
                with full_disk_is_no_room():
                    copy(Measured(stream, limit_bytes, digest, offset=offset), file, self.path.parent, durable=durable)
            except AudioRefused:
                file.truncate(offset)
                raise
            except BaseException:
                sync(file.fileno())
                raise
            if durable:
                sync(file.fileno())
            return file.tell()

    def digest(self) -> Digest:
        """Size and checksums of the bytes so far; reads the file again where this object has not seen them all."""
        if self._digest.size != self.size:
            self._digest = Digest()
            with _missing(), open(self.path, "rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    self._digest.update(chunk)
        return self._digest

    def promote(self, tenant: Tenant) -> StoredObject:
        """Keep the bytes as a new object of the tenant; nothing can be appended any more. Raises ``StorageTrouble``.

        Each call makes an object of its own: delete it where its row lost a race.
        """
        self._seal()
        digest = self.digest()
        key = new_key(tenant)
        with _missing():
            cast(Keeper, storages["recordings"]).adopt(key, self._sealed)
        return digest.stored_as(key)

    def discard(self) -> None:
        """Throw the spool away; gone already is fine."""
        self._growing.unlink(missing_ok=True)
        self._sealed.unlink(missing_ok=True)

    def _seal(self) -> None:
        if not self._sealed.exists():
            with self._locked():
                os.rename(self._growing, self._sealed)

    @contextmanager
    def _locked(self) -> Iterator[FileIO]:
        """The growing file, to this request alone."""
        if self._sealed.exists():
            raise SpoolSealed("All of this upload has come already.")
        with _missing(), open(self._growing, "r+b", buffering=0) as file:
            if not locks.lock(file, locks.LOCK_EX | locks.LOCK_NB):
                raise SpoolBusy("Another request is writing to this upload.")
            if self._sealed.exists():
                raise SpoolSealed("All of this upload has come already.")
            yield file


def spools_before(moment: datetime) -> Iterator[str]:
    """The names of spools nobody wrote to since ``moment``."""
    for path in Path(settings.CALLHUB_SPOOL_DIR).glob("*.*"):
        if path.suffix in (".part", ".whole") and _NAME.fullmatch(path.stem) and older(path, moment):
            yield path.stem


@contextmanager
def _missing() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise SpoolMissing("There is no such upload any more.") from error
