"""``{{tokens}}`` in addresses and in JSON templates: which there are, and what takes their place. Pure.

In an address they may stand in the path and the query only, and their values are percent-encoded: no call can change
where a message goes. In a template they stand in texts; a text that is one token alone becomes the value itself, whatever
its type, so what comes out is always JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

_TOKEN = re.compile(r"\{\{\s*([A-Za-z0-9_.]*)\s*\}\}")
_WRITTEN = re.compile(r"(?:\{\{|%7b%7b)(?:\s|%20|\+)*([A-Za-z0-9_.]*)(?:\s|%20|\+)*(?:\}\}|%7d%7d)", re.IGNORECASE)
_MARK = "\ue000"  # in the place of a token; never part of an address
DEEPEST = 16  # objects and lists within each other in a template


class BadTemplate(ValueError):
    """A template or address that cannot be filled in; the message is for the person who wrote it."""


def names_in(text: str) -> list[str]:
    """The tokens of a text, each once, in their order."""
    return list(dict.fromkeys(_TOKEN.findall(text)))


def plain_tokens(address: str) -> str:
    """An address with its tokens as ``{{name}}``: FoneStorm's clients put spaces in them, or percent-encode the braces."""
    return _WRITTEN.sub(r"{{\1}}", address)


def check_address(address: str) -> None:
    """Raise ``BadTemplate`` where a token stands where it could lead the message elsewhere."""
    marked = _TOKEN.sub(_MARK, address)
    if "{{" in marked or "}}" in marked:
        raise BadTemplate("A token is written {{name}}.")
    parts = urlsplit(marked.replace("\\", "/"))  # as browsers and clients read it
    if _MARK in parts.scheme + parts.netloc:
        raise BadTemplate("Tokens may stand in the path and the query only.")


def fill_address(address: str, values: Mapping[str, str]) -> str:
    """The address with each token's value, percent-encoded.

    A token is left out where it has no value, and so are dots that would lead elsewhere.
    """
    return _TOKEN.sub(lambda match: quote(values.get(match[1], ""), safe="").lstrip("."), address)


def check_template(template: str, known: Collection[str]) -> None:
    """Raise ``BadTemplate`` for a template that is no JSON object or names a token there is not."""
    document = _document(template)
    if not isinstance(document, dict):
        raise BadTemplate("A template is a JSON object.")
    for text in _texts(document):
        for name in names_in(text):
            if name not in known:
                raise BadTemplate(f"There is no token “{name}”. There are: {', '.join(sorted(known))}.")


def fill_template(template: str, values: Mapping[str, Any]) -> Any:
    """The template's document with each token's value; one that is not known is null."""
    return _filled(_document(template), values)


def _document(template: str) -> Any:
    try:
        document = json.loads(template, parse_constant=_refuse)
        depth_of(document)
    except (ValueError, RecursionError) as error:
        raise BadTemplate(f"It is not JSON: {error}." if isinstance(error, ValueError) else "It is nested too deep.") from error
    return document


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no value of JSON")


def depth_of(document: Any, depth: int = 0) -> int:
    """How deep a document is nested; raises ``ValueError`` beyond ``DEEPEST``."""
    if depth > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} deep")
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return max((depth_of(part, depth + 1) for part in inner), default=depth)


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for name, part in document.items():
            if names_in(name):
                raise BadTemplate("A token may stand in a value, not in a name.")
            yield from _texts(part)
    elif isinstance(document, list):
        for part in document:
            yield from _texts(part)


def _filled(document: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(document, dict):
        return {name: _filled(part, values) for name, part in document.items()}
    if isinstance(document, list):
        return [_filled(part, values) for part in document]
    if not isinstance(document, str):
        return document
    alone = _TOKEN.fullmatch(document)
    if alone:
        return values.get(alone[1])
    return _TOKEN.sub(lambda match: _as_text(values.get(match[1])), document)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
