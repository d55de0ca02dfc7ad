"""What both storages share: keys, measuring a stream on its way, and the contract."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from calls.choices import AudioRefusal
from calls.recordings.errors import AudioRefused
from tenants.models import Tenant

CHUNK_BYTES = 1024 * 1024  # what gunicorn takes off a socket at once; smaller reads have it copy the rest again and again
_WORTH_A_THREAD = 128 * 1024  # bytes


class Readable(Protocol):
    """Anything bytes can be read from: a request, a file, a response."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object that is kept, and what its row must say about it."""

    key: str
    size: int
    md5: str
    sha256: str


def new_key(tenant: Tenant) -> str:
    """A key nobody can guess and no file name has a part in: tenant, then 128 random bits."""
    name = secrets.token_hex(16)
    return f"{tenant.pk.hex}/{name[:2]}/{name}"


class Digest:
    """Size and both checksums of bytes seen so far: MD5 for CallN, SHA-256 for everyone.

    MD5, the slower one, works on large chunks in a thread of its own, never more than one chunk behind.
    """

    def __init__(self) -> None:
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._helper: ThreadPoolExecutor | None = None  # ends with this object
        self._behind: Future[None] | None = None

    def update(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.size += len(chunk)
        self._catch_up()
        if len(chunk) < _WORTH_A_THREAD:
            self._md5.update(chunk)
        else:
            self._helper = self._helper or ThreadPoolExecutor(1, "md5")
            self._behind = self._helper.submit(self._md5.update, chunk)
        self._sha256.update(chunk)

    def stored_as(self, key: str) -> StoredObject:
        """What was seen, as the object it became."""
        return StoredObject(key=key, size=self.size, md5=self.md5, sha256=self.sha256)

    @property
    def md5(self) -> str:
        """MD5 in hex."""
        self._catch_up()
        return self._md5.hexdigest()

    @property
    def sha256(self) -> str:
        """SHA-256 in hex."""
        return self._sha256.hexdigest()

    def _catch_up(self) -> None:
        if self._behind is not None:
            self._behind.result()
            self._behind = None


class Measured:
    """A stream that counts what is read of it, and digests it where asked to.

    Refuses to go past ``limit_bytes``, the ``offset`` it begins at included.
    """

    def __init__(self, stream: Readable, limit_bytes: int, digest: Digest | None, *, offset: int = 0) -> None:
        self._stream = stream
        self._limit = limit_bytes
        self._digest = digest
        self._size = offset

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """The next bytes, at most ``size``; empty at the end. Raises ``AudioRefused`` (too_large)."""
        chunk = self._stream.read(size)
        self._size += len(chunk)
        if self._size > self._limit:
            raise AudioRefused(AudioRefusal.TOO_LARGE, f"The audio is larger than {self._limit} bytes.")
        if self._digest:
            self._digest.update(chunk)
        return chunk


class Chunks:
    """Bytes of an object in chunks, at most ``length`` of them; closes its source when told to or at the end."""

    def __init__(self, source: Readable, length: int, close: Callable[[], object]) -> None:
        self.source = source
        self.length = self._left = length
        self._close = close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self.read(CHUNK_BYTES)
        if not chunk:
            self.close()
            raise StopIteration
        return chunk

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """The next bytes, at most ``size``; empty at the end."""
        chunk = self.source.read(min(size, self._left)) if self._left else b""
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        """Let the source go."""
        self._close()


class Keeper(Protocol):
    """A Django storage that also keeps recordings."""

    is_on_disk: bool  # of this machine, where nginx may read it

    def create(self, key: str, stream: Readable) -> None:
        """Write a new object from a stream. Whatever goes wrong, nothing is left; an object that exists stays as it is."""

    def adopt(self, key: str, path: Path) -> None:
        """Make a finished local file a new object. The file may be unlinked afterwards, not written to."""

    def read_range(self, key: str, start: int, length: int | None) -> Chunks:
        """At most ``length`` bytes from ``start``. Raises ``ObjectMissing``."""

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """A file with the object's bytes."""

    def keys_before(self, moment: datetime) -> Iterator[str]:
        """The keys of all objects last touched before ``moment``."""

    def drop_unfinished(self, moment: datetime) -> int:
        """Remove what writing left unfinished before ``moment``; how many there were."""

    def exists(self, name: str) -> bool: ...

    def size(self, name: str) -> int: ...

    def delete(self, name: str) -> None: ...
