"""Which Asterisk: address, credentials, how its telephones are called, what we share with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from calls.telephony.ari import Ari
from calls.telephony.base import CallerId, Endpoint, EndpointKind

LONGEST_NAME = 60
WATCH_SUFFIX = "-watch"


@dataclass(frozen=True, kw_only=True)
class Switch:
    """One Asterisk. The dial strings are the operator's, ``{}`` stands for the proven digits of an ``Endpoint``."""

    url: str
    user: str
    password: str
    app: str = "callhub"
    number_dial: str = "PJSIP/{}@carrier"
    extension_dial: str = "PJSIP/{}"
    dials_plus: bool = True  # whether the trunk wants the + of an international number
    trunks: tuple[str, ...] = ("PJSIP/carrier-",)  # channels of these come from, or go to, the outside
    sounds: Path | None = None  # a folder we write and Asterisk reads as sound:callhub/
    sounds_url: str = ""  # else our own address as Asterisk reaches it, from which it fetches them
    journal: Path | None = None  # the CSV file of cel_custom, with the columns of ``journal``

    def connect(self) -> Ari:
        """A client of its own for the caller's thread."""
        return Ari(self.url, self.user, self.password, self.app)

    def connect_watch(self) -> Ari:
        """A client of the second application, which sees the calls that are not ours."""
        return Ari(self.url, self.user, self.password, self.app + WATCH_SUFFIX)

    def dial_string(self, endpoint: Endpoint) -> str:
        """What Asterisk dials."""
        if endpoint.kind is EndpointKind.EXTENSION:
            return self.extension_dial.format(endpoint.digits)
        return self.number_dial.format(endpoint.digits if self.dials_plus else endpoint.digits.lstrip("+"))


def shown(caller: CallerId) -> str:
    """The caller as Asterisk reads it: ``"Name" <number>``; empty for nobody. The name cannot break out of its quotes."""
    name = "".join(letter for letter in caller.name if letter.isprintable() and letter not in '"\\<>')[:LONGEST_NAME].strip()
    if not caller.number:
        return ""
    return f'"{name}" <{caller.number}>' if name else f"<{caller.number}>"
