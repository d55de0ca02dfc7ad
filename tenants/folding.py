"""Finding text without regard to case and accents: ``name__folds="bjork"`` finds Björk, on every
database.

PostgreSQL folds by its extension ``unaccent`` (a migration makes it), SQLite by ``fold``.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup, TextField

# Letters of their own, which no rule of Unicode takes apart.
_ALONE = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})


def fold(text: str) -> str:
    """The text in small letters without accents; ``ß`` is ``ss``."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).translate(_ALONE)


def place_of(text: str, words: str) -> tuple[int, int] | None:
    """From where to where in ``text`` the words stand, by the same rule; None where they do not."""
    folded, wanted = [fold(sign) for sign in text], fold(words)
    start = "".join(folded).find(wanted) if wanted else -1
    if start < 0:
        return None
    ends, length = [], 0
    for part in folded:
        length += len(part)
        ends.append(length)
    last = start + len(wanted)
    return sum(end <= start for end in ends), sum(end < last for end in ends) + 1


@CharField.register_lookup
@TextField.register_lookup
class Folds(Lookup):
    """Whether the text contains another, case and accents aside."""

    lookup_name = "folds"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        text, params = self.process_lhs(compiler, connection)
        words = connection.ops.prep_for_like_query(unicodedata.normalize("NFC", str(self.rhs)))
        if connection.vendor == "postgresql":
            return f"lower(unaccent({text})) LIKE lower(unaccent(%s))", (*params, f"%{words}%")
        return f"callhub_fold({text}) LIKE %s ESCAPE '\\'", (*params, f"%{fold(words)}%")


def _fold_if_any(text: str | None) -> str | None:
    return None if text is None else fold(text)


def teach(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Give a new connection to SQLite its function."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("callhub_fold", 1, _fold_if_any, deterministic=True)
