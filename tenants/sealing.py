"""Secrets that must be used again, such as the key of a signature: kept encrypted, under a key the database does not hold.

The key follows from ``SECRET_KEY``; what was sealed under one of ``SECRET_KEY_FALLBACKS`` can still be opened.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

_SALT = "tenants.sealing"


class Unreadable(Exception):
    """A sealed text was made under a key that is not known any more."""


def seal(text: str) -> str:
    """The text as it may be stored; nothing is sealed as nothing."""
    return _box().encrypt(text.encode()).decode("ascii") if text else ""


def unseal(sealed: str) -> str:
    """The text that was sealed; raises ``Unreadable``."""
    if not sealed:
        return ""
    return _opened(sealed, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=512)  # a busy endpoint's secret is used for every message
def _opened(sealed: str, keys: tuple[str, ...]) -> str:
    try:
        return _box_of(keys).decrypt(sealed.encode("ascii", "replace")).decode()
    except InvalidToken as error:
        raise Unreadable("It was sealed under another secret key.") from error


def _box() -> MultiFernet:
    return _box_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _box_of(keys: tuple[str, ...]) -> MultiFernet:
    digests = (salted_hmac(_SALT, "key", secret=key, algorithm="sha256").digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
