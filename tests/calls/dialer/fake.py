"""An exchange that only keeps a journal: what it was asked to dial, one line each, in a file that outlives every kill."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from django.utils import timezone

from calls.dialer import backends
from calls.dialer.book import DatabaseBook
from calls.telephony.base import Backend, Order, Trace, Unanswered
from calls.telephony.book import DESTINATION, Kind, Progress
from calls.telephony.disposition import ANSWERED, CANCELLED

NAME = "asterisk"  # stands in for the real one


class JournalExchange(Backend):
    """Rings every telephone once the book lets it; ``is_deaf`` does it and does not answer."""

    name = NAME
    originates = rings_many = hangs_up = reports_progress = True

    def __init__(self, journal: Path, *, is_deaf: bool = False) -> None:
        super().__init__(DatabaseBook(NAME))
        self._journal, self.is_deaf = journal, is_deaf

    def place(self, order: Order) -> None:
        for leg in [f"s{index}" for index in range(len(order.sources))] or [DESTINATION]:
            if self.tell(order.id, Kind.DIALLING, leg):
                self._write(f"dial {order.id} {leg}")
        if self.is_deaf:
            raise Unanswered("no answer")

    def ask(self, order_id: UUID) -> Trace:
        lines = [line for line in self.lines() if str(order_id) in line]
        return Trace.NONE if not lines else Trace.OVER if any(line.startswith("over") for line in lines) else Trace.LIVE

    def hang_up(self, order_id: UUID) -> None:
        self.tell(order_id, Kind.CANCELLED)
        known = self.book.load(order_id)
        for name, leg in known.legs.items() if known else ():
            outcome = ANSWERED if leg.answered_at else CANCELLED
            self.book.tell(Progress(order_id=order_id, kind=Kind.ENDED, leg=name, at=timezone.now(), outcome=outcome))
        self.book.tell(Progress(order_id=order_id, kind=Kind.OVER, at=timezone.now(), outcome=CANCELLED))
        self._write(f"over {order_id}")

    def tell(self, order_id: UUID, kind: Kind, leg: str = "") -> bool:
        return self.book.tell(Progress(order_id=order_id, kind=kind, leg=leg, at=timezone.now()))

    def dials(self, order_id: object = "") -> int:
        return sum(line.startswith(f"dial {order_id}") for line in self.lines())

    def lines(self) -> list[str]:
        return self._journal.read_text().splitlines() if self._journal.exists() else []

    def _write(self, line: str) -> None:
        with self._journal.open("a") as file:
            file.write(line + "\n")


def stand_in(exchange: JournalExchange) -> None:
    """Let this thread's calls go to the fake exchange."""
    backends._kept.__dict__[NAME] = exchange
