"""Sentences that programs wrote down in English, told in the reader's language.

Why a request failed, or audio was not taken, is kept as a sentence: APIs tell it as it is, people read it translated.
"""

from __future__ import annotations

import re
from functools import cache

from django.conf import settings
from django.utils.translation import get_language, gettext, trans_real

_VALUE = re.compile(r"%\((\w+)\)s|%[sd]")
_FEWEST_LETTERS = 8  # of a sentence beside its values; shorter ones would be found in everything


def in_words(kept: str) -> str:
    """A kept sentence in the language of now; as it is where the catalogue does not know it."""
    language = get_language()
    if not kept or language in (None, settings.LANGUAGE_CODE):
        return kept
    told = gettext(kept)
    if told != kept:
        return told
    for shape, names, text in _sentences(str(language)):
        if found := shape.fullmatch(kept):
            values = [in_words(value) for value in found.groups()]
            plain = gettext(text).replace("%d", "%s")
            return plain % (dict(zip(names, values, strict=True)) if any(names) else tuple(values))
    return kept


@cache
def _sentences(language: str) -> list[tuple[re.Pattern[str], list[str], str]]:
    """The catalogue's sentences with values in them: their shape, the values' names, the text. Those that say most come first."""
    catalogue = trans_real.translation(language)._catalog  # type: ignore[attr-defined]
    texts = {text for text, _told in catalogue.items() if isinstance(text, str)}
    fitting = [text for text in texts if text.endswith((".", "%s")) and _VALUE.search(text) and "\x04" not in text]
    said = {text: len(_VALUE.sub("", text)) for text in fitting}
    return [_shape(text) for text in sorted(fitting, key=lambda text: -said[text]) if said[text] >= _FEWEST_LETTERS]


def _shape(text: str) -> tuple[re.Pattern[str], list[str], str]:
    names = [match.group(1) or "" for match in _VALUE.finditer(text)]
    pieces = (re.escape(piece.replace("%%", "%")) for piece in _VALUE.sub("\0", text).split("\0"))
    return re.compile("(.+?)".join(pieces), re.DOTALL), names, text
