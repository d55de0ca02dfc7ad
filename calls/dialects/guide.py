"""What the page that connects a vendor's program shows. Each dialect declares its own ``GUIDE`` beside its code.

Texts hold ``$names`` (fields of ``Names``), which are filled in for one tenant and one reader; in a JSON body their values are
written as JSON has them. A secret is never kept, so it is a placeholder until the page has just made one.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from string import Template
from typing import Any

_ASIS_IN_DOUBLE_QUOTES = frozenset('"$`\\!\n')


@dataclass(frozen=True, kw_only=True)
class Names:
    """What stands for this callhub, the tenant and the reader. Moments are UTC, days the tenant's."""

    address: str  # of this callhub, without a slash at its end
    tenant: str  # the slug
    user: str
    token: str = "YOUR_TOKEN"  # noqa: S105 - a placeholder, until one is made
    client_id: str = "YOUR_CLIENT_ID"
    client_secret: str = "YOUR_CLIENT_SECRET"  # noqa: S105 - the same
    number: str = "YOUR_NUMBER"  # a public number of the tenant's
    extension: str = "YOUR_EXTENSION"  # the reader's own telephone
    to: str = "NUMBER_TO_CALL"
    starts: str  # 2026-03-02T09:00:00.000Z
    ends: str
    moment: str  # 2026-03-02 9:00:00
    since: str  # 2026-03-01
    until: str

    def fill(self, text: str) -> str:
        """The text with every name filled in; raises ``KeyError`` for a name there is not."""
        return Template(text).substitute(asdict(self))

    def fill_json(self, text: str) -> str:
        """The same within a JSON document."""
        values = {name: json.dumps(value, ensure_ascii=False)[1:-1] for name, value in asdict(self).items()}
        return Template(text).substitute(values)


@dataclass(frozen=True, kw_only=True)
class Credential:
    """Something the vendor's program is told to sign in with, under the vendor's own name for it."""

    label: str
    value: str
    hint: Any = ""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A request of the vendor's page: its answer has ``status`` and ``answers`` in it where all is well.

    ``basic`` is user and password of HTTP Basic, ``file`` the name of a file that is sent as it is, ``later`` a word of the
    path that the answer of the example before told under that name.
    """

    title: Any
    method: str = "POST"
    path: str
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    basic: str = ""
    body: str = ""
    file: str = ""
    later: str = ""
    status: int = 200
    answers: str
    needs_open_door: bool = False
    makes_call: bool = False

    def curl(self, names: Names) -> str:
        """The request as a command, to copy into a shell."""
        parts = [f"curl -X {self.method}"]
        parts += [f"--user {_quoted(names.fill(self.basic))}"] if self.basic else []
        parts += [f"-H {_quoted(names.fill(f'{name}: {value}'))}" for name, value in self.headers.items()]
        parts += [f"-d {_quoted(self._body(names))}"] if self.body else []
        parts += [f"--data-binary @{self.file}"] if self.file else []
        return " \\\n  ".join([*parts, _quoted(names.fill(f"$address{self.path}"))])

    def _body(self, names: Names) -> str:
        return names.fill_json(self.body) if self.body.startswith("{") else names.fill(self.body)


@dataclass(frozen=True, kw_only=True)
class Guide:
    """A vendor's page: what its programs do here, which address takes the place of which, and how they sign in."""

    vendor: str
    says: Any
    replaces: str
    base: str = "$address"
    credentials: tuple[Credential, ...]
    takes_apps: bool = False  # OAuth applications sign in as well
    examples: tuple[Example, ...]


def _quoted(text: str) -> str:
    """One word for a shell; bodies with single quotes stand in double ones where those change nothing."""
    if "'" in text and not _ASIS_IN_DOUBLE_QUOTES & set(text):
        return f'"{text}"'
    return shlex.quote(text)
