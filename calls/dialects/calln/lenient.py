"""JSON as CallN's own page writes it: single quotes, names without quotes, a comma too many.

Strict JSON is tried first. What it refuses for its spelling goes through this tokenizer, which keeps every bound of
``calls.body`` (depth, duplicate keys, numbers, surrogates and NUL), looks at each character once and evaluates nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from calls.body import DEEPEST, BodyRefused, check_text, read_json, read_number

# Possessive, so that a text that never ends is looked at once. A doubled quote inside single quotes stands for itself.
_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
        (?P<mark>[{}\[\]:,])
      | (?P<text>"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"
               | '[^'\\\x00-\x1f]*+(?:(?:\\.|'')[^'\\\x00-\x1f]*+)*+')
      | (?P<number>-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+)(?![\w.$])
      | (?P<word>-?+[A-Za-z_$][\w$]*+)
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPE_OR_DOUBLED = re.compile(rf"{_ESCAPE.pattern}|''", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\", "/": "/"}
_WORDS = {"true": True, "false": False, "null": None}
_SPELLING = frozenset({"malformed_body", "too_deep"})  # strict JSON counts brackets inside single quotes, too


def read_lenient(text: str) -> Any:
    """The value of ``text``, JSON in either spelling; raises ``BodyRefused``."""
    try:
        return read_json(text)
    except BodyRefused as error:
        if error.code not in _SPELLING:
            raise
    value = _Reader(text).read()
    check_text(value)
    return value


class _Reader:
    """One reading of one text, piece by piece."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._kind, self._piece, self._at = next(self._tokens)

    def read(self) -> Any:
        """The one value the text holds."""
        value = self._value(1)
        if self._kind != "end":
            raise self._malformed()
        return value

    def _value(self, depth: int) -> Any:
        kind, piece = self._kind, self._piece
        if kind == "mark" and piece in "{[":
            if depth > DEEPEST:
                raise BodyRefused(f"The JSON is nested deeper than {DEEPEST} levels.", code="too_deep")
            return self._object(depth) if piece == "{" else self._array(depth)
        if kind == "text":
            value: Any = self._unquoted(piece)
        elif kind == "number":
            value = read_number(piece)
        elif kind == "word" and piece in _WORDS:
            value = _WORDS[piece]
        elif kind == "word" and piece.lstrip("-") in ("NaN", "Infinity"):
            raise BodyRefused(f"{piece} is not a JSON number.", code="not_a_number")
        else:
            raise self._malformed()
        self._advance()
        return value

    def _object(self, depth: int) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        self._advance()
        while not self._takes("}"):
            name = self._name()
            if name in fields:
                raise BodyRefused("An object names the same key twice.", code="duplicate_key")
            if not self._takes(":"):
                raise self._malformed()
            fields[name] = self._value(depth + 1)
            self._separate("}")
        return fields

    def _array(self, depth: int) -> list[Any]:
        items: list[Any] = []
        self._advance()
        while not self._takes("]"):
            items.append(self._value(depth + 1))
            self._separate("]")
        return items

    def _name(self) -> str:
        if self._kind not in ("text", "word") or self._piece.startswith("-"):
            raise self._malformed()
        name = self._unquoted(self._piece) if self._kind == "text" else self._piece
        self._advance()
        return name

    def _separate(self, closing: str) -> None:
        """Go past the comma between two items or before the end; without one only the end may follow."""
        if not self._takes(",") and not (self._kind == "mark" and self._piece == closing):
            raise self._malformed()

    def _takes(self, mark: str) -> bool:
        """Go past this mark, if it comes next."""
        if self._kind != "mark" or self._piece != mark:
            return False
        self._advance()
        return True

    def _advance(self) -> None:
        self._kind, self._piece, self._at = next(self._tokens)

    def _unquoted(self, piece: str) -> str:
        """The text between the quotes, its escapes undone; halves of a surrogate pair are joined, as JSON joins them."""
        text, escape = piece[1:-1], _ESCAPE if piece[0] == '"' else _ESCAPE_OR_DOUBLED
        if escape.search(text) is None:
            return text
        return escape.sub(self._unescaped, text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")

    def _unescaped(self, match: re.Match[str]) -> str:
        code, letter = match.groups()
        if code:
            return chr(int(code, 16))
        if letter is None:
            return "'"
        if letter not in _ESCAPED:
            raise self._malformed()
        return _ESCAPED[letter]

    def _malformed(self) -> BodyRefused:
        return BodyRefused(f"The body is not valid JSON (character {self._at + 1}).")


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    at = 0
    while True:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise BodyRefused(f"The body is not valid JSON (character {at + 1}).")
        yield match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)
        at = match.end()
