"""Places in the feed, and the tokens that clients keep them by."""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple, Self

_PLAIN = re.compile(r"1:(\d{1,19}):(\d{1,19}):(\d{1,19})", re.ASCII)
LAST = 2**63 - 1


class UnreadableToken(Exception):
    """Not a token of ours."""


class FeedPosition(NamedTuple):
    """A place between two changes. Events of calls stand at (transaction, id, 0), of contacts at (transaction, place, id)."""

    transaction: int
    place: int
    id: int

    @property
    def token(self) -> str:
        """The position as clients keep it.

        It is opaque but not signed: a changed secret key must not end it, and whoever makes one up reads only their own log.
        """
        return base64.urlsafe_b64encode(f"1:{self.transaction}:{self.place}:{self.id}".encode()).decode().rstrip("=")

    @classmethod
    def of_token(cls, token: str) -> Self:
        """The position of a token. Raises ``UnreadableToken``."""
        try:
            plain = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode("ascii")
        except (binascii.Error, ValueError) as error:
            raise UnreadableToken from error
        parts = _PLAIN.fullmatch(plain)
        if parts is None or (position := cls(*map(int, parts.groups()))).token != token or max(position) > LAST:
            raise UnreadableToken
        return position


BEGINNING = FeedPosition(0, 0, 0)
