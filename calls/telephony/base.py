"""The contract of a telephony backend: what it can do, what goes to the exchange and what comes back.

Nothing here knows about models. What is known of an order is kept by a ``Book`` (see ``book``), which the dialer provides.
"""

from __future__ import annotations

import re
from abc import ABC
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar
from uuid import UUID

if TYPE_CHECKING:
    from calls.telephony.book import Book

MOST_SOURCES = 10
LONGEST_WAIT_S = 300
LONGEST_CALL_S = 24 * 3600
_DIGITS = {
    "number": re.compile(r"\+?[0-9]{2,15}"),
    "extension": re.compile(r"[0-9]{1,16}(\*[0-9]{1,16})?"),
}


class TelephonyError(Exception):
    """The exchange cannot or will not do it; ``permanent`` says whether asking again is pointless."""

    def __init__(self, message: str, *, permanent: bool = True, status: int = 0) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.status = status


class Unanswered(TelephonyError):
    """The exchange did not answer: it may have done it or not. Ask it (``Backend.ask``); never repeat a dial."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


class NotPossible(TelephonyError):
    """This backend cannot do that, whatever the state of the call."""


class EndpointKind(StrEnum):
    """How the exchange finds a telephone."""

    NUMBER = "number"  # through a trunk
    EXTENSION = "extension"  # one of its own


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A telephone to ring. ``digits`` are proven digits, never free text: they become part of a dial string."""

    kind: EndpointKind
    digits: str

    def __post_init__(self) -> None:
        if not _DIGITS[self.kind].fullmatch(self.digits):
            raise ValueError(f"no {self.kind} that can be dialled")


@dataclass(frozen=True, kw_only=True)
class CallerId:
    """Who is shown as the caller; nobody where ``number`` is empty."""

    number: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        if self.number and not (_DIGITS["number"].fullmatch(self.number) or _DIGITS["extension"].fullmatch(self.number)):
            raise ValueError("not a number that can be shown")


@dataclass(frozen=True, kw_only=True)
class Message:
    """What the called party hears before anything else: words to be spoken, or a file of audio."""

    text: str = ""
    language: str = "en"
    file: Path | None = None

    def __post_init__(self) -> None:
        if bool(self.text.strip()) == bool(self.file):
            raise ValueError("a message is either text or a file")


@dataclass(frozen=True, kw_only=True)
class Order:
    """A call to be made. All sources ring at once, the first to pick up is connected with the destination.

    With no source the call is an announcement: the message is played to the destination, then it is hung up.
    """

    id: UUID
    destination: Endpoint
    sources: tuple[Endpoint, ...] = ()
    shown_to_sources: CallerId = field(default_factory=CallerId)
    shown_to_destination: CallerId = field(default_factory=CallerId)
    wait_for_pickup_s: int = 25  # for the sources, then again for the destination
    max_duration_s: int = 4 * 3600  # from the destination's answer; the exchange itself keeps it
    message: Message | None = None
    is_recorded: bool = False

    def __post_init__(self) -> None:
        if not self.sources and self.message is None:
            raise ValueError("a call needs a source or a message")
        if len(self.sources) > MOST_SOURCES:
            raise ValueError(f"a call rings {MOST_SOURCES} sources at most")
        if not (1 <= self.wait_for_pickup_s <= LONGEST_WAIT_S and 1 <= self.max_duration_s <= LONGEST_CALL_S):
            raise ValueError("a length of time is out of range")


class Trace(StrEnum):
    """What the exchange knows of an order."""

    LIVE = "live"  # a telephone rings or talks
    OVER = "over"  # it was dialled, and is over
    NONE = "none"  # it was never dialled, for certain
    UNKNOWN = "unknown"  # nothing is live; whether it was dialled cannot be told


class Backend(ABC):
    """A kind of exchange. The flags say which verbs work; the others raise ``NotPossible``.

    Every verb may be repeated: each makes sure of a state. All raise ``Unanswered`` when the exchange did not answer and
    ``TelephonyError`` when it refused. What happens afterwards is told to the book.
    """

    name: ClassVar[str]
    originates: ClassVar[bool] = False
    rings_many: ClassVar[bool] = False
    speaks_text: ClassVar[bool] = False
    records: ClassVar[bool] = False
    hangs_up: ClassVar[bool] = False
    transfers: ClassVar[bool] = False
    holds: ClassVar[bool] = False
    reports_progress: ClassVar[bool] = False
    needs_listener: ClassVar[bool] = False  # somebody has to hear the exchange, or else nobody connects who picks up
    is_simulation: ClassVar[bool] = False  # nothing rings; what happens is worked out when somebody looks (``advance``)

    def __init__(self, book: Book) -> None:
        self.book = book

    def place(self, order: Order) -> None:
        """Ring the sources (or the destination, with none). The order is in the book before this is called.

        Each telephone is dialled once at most, however often and by however many this is called.
        """
        raise self._cannot("make calls")

    def advance(self, order_id: UUID) -> None:
        """Tell the book what has happened by now; nothing to do where the exchange tells it."""
        return

    def ask(self, order_id: UUID) -> Trace:
        """What the exchange knows of the order; asked after ``Unanswered``."""
        raise self._cannot("be asked")

    def hang_up(self, order_id: UUID) -> None:
        """End every leg. Nothing to hang up is as good."""
        raise self._cannot("hang up")

    def hold(self, order_id: UUID) -> None:
        """The far party waits with music; the near one hears nothing."""
        raise self._cannot("hold calls")

    def resume(self, order_id: UUID) -> None:
        """Bring both parties of a held call together again."""
        raise self._cannot("hold calls")

    def transfer(self, order_id: UUID, to: Endpoint, *, instead_of: str) -> None:
        """Blind transfer: the leg ``instead_of`` leaves, the other party is connected with ``to`` once that answers."""
        raise self._cannot("transfer calls")

    def recordings(self) -> Iterable[str]:
        """Names of the recordings that wait at the exchange; ``recording_of`` an order is the name told in its progress."""
        raise self._cannot("record")

    def own_recordings(self) -> Mapping[str, str]:
        """Those that the exchange made of calls of its own: the call's id there → the recording's name."""
        return {}

    def fetch_recording(self, name: str, into: IO[bytes]) -> int:
        """Copy the recording's bytes, playable, into the open file; their number."""
        raise self._cannot("record")

    def delete_recording(self, name: str) -> None:
        """Remove it from the exchange once it is safe here. Gone already is as good."""
        raise self._cannot("record")

    def _cannot(self, verb: str) -> NotPossible:
        return NotPossible(f"{self.name} cannot {verb}")
