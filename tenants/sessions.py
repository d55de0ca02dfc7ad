"""Sessions in the database, for cookies of any content."""

from __future__ import annotations

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Django's own; a key that is not made of letters and digits names no session, as no database stores NUL."""

    def _validate_session_key(self, key: str) -> bool:
        is_long = bool(super()._validate_session_key(key))  # type: ignore[misc]
        return is_long and key.isascii() and key.isalnum()
