"""Where audio is kept: streams in and out of the storage named ``recordings``, on disk or S3, in constant memory.

An object appears whole or not at all, under a random key of its tenant, and is never overwritten. Write the object first
and its row second; ``sweep_orphans`` finds what a crash left between the two.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import cast

from django.core.files.storage import storages

from calls.recordings.storage.files import require_room
from calls.recordings.storage.keeping import Chunks, Digest, Keeper, Measured, Readable, StoredObject, new_key
from calls.recordings.storage.spool import Spool
from tenants.models import Tenant

__all__ = [
    "Chunks",
    "Spool",
    "StoredObject",
    "delete",
    "exists",
    "keeper",
    "local_copy",
    "open_range",
    "put",
    "require_room",
    "size",
]


def keeper() -> Keeper:
    """The storage named ``recordings``."""
    return cast(Keeper, storages["recordings"])


def put(stream: Readable, tenant: Tenant, limit_bytes: int) -> StoredObject:
    """Keep a stream as a new object of the tenant.

    Counts bytes itself. Raises ``AudioRefused`` (too_large) past ``limit_bytes``, ``NoRoom`` and ``StorageTrouble``; whatever
    is raised, the stream's own errors included, nothing is left.
    """
    key, digest = new_key(tenant), Digest()
    keeper().create(key, Measured(stream, limit_bytes, digest))
    return digest.stored_as(key)


def open_range(key: str, start: int = 0, length: int | None = None) -> Chunks:
    """The bytes of an object from ``start``, in chunks; close it when done. Raises ``ObjectMissing``, ``StorageTrouble``."""
    return keeper().read_range(key, start, length)


def local_copy(key: str) -> AbstractContextManager[Path]:
    """A file with the object's bytes: on disk itself, from S3 a copy that is gone afterwards. Not to be written to."""
    return keeper().local_copy(key)


def exists(key: str) -> bool:
    """Whether there is such an object, whole."""
    return keeper().exists(key)


def size(key: str) -> int:
    """The object's bytes. Raises ``ObjectMissing``."""
    return keeper().size(key)


def delete(key: str) -> None:
    """Remove an object; gone already is fine. Change its row first."""
    keeper().delete(key)
