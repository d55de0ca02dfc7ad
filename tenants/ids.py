"""Public ids: UUIDv7 keys (RFC 9562), and the shorter hex forms some vendors' clients expect.

A UUIDv7 begins with its millisecond, so keys sort by time and stay close together in the index.
A short form is a prefix of the key's hex digits; finding its row is a range on the primary key.
"""

from __future__ import annotations

import re
from uuid import UUID

import uuid6

_HEX = re.compile(r"[0-9a-f]+")


def new_id() -> UUID:
    """A new time-ordered key."""
    return UUID(int=uuid6.uuid7().int)


def short_id(key: UUID, digits: int = 24) -> str:
    """The first ``digits`` hex digits of a key: 24 look like a Mongo id (Planhat), 20 like VoipNow's."""
    return key.hex[:digits]


def key_bounds(text: str) -> tuple[UUID, UUID] | None:
    """The lowest and highest key a text spells: equal for a UUID, else a short form's (12 to 32 hex digits); None for neither."""
    if not 12 <= len(text) <= 36:
        return None
    try:
        return (key := UUID(text)), key
    except ValueError:
        if len(text) > 32 or not _HEX.fullmatch(text):
            return None
    return UUID(hex=text.ljust(32, "0")), UUID(hex=text.ljust(32, "f"))
