"""A house whose every part may be broken, and what has to hold whatever broke."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.asterisk.lab import Lab
from tests.brokers import Embedded
from tests.calls.pbx.house import House, to
from tests.calls.pbx.wire import Wire
from tests.calls.telephony.exchange import running_lab

TWO_CLOCKS_S = 0.5  # an event and the journal's line about it are written by two threads of the exchange
_count = itertools.count(100)


def telephone(behaviour: str, *, low: bool = False) -> str:
    """A number of the lab that nobody else dials; its last digits say what it does (``tests/asterisk/carrier.py``)."""
    return f"{1 if low else 2}{next(_count)}{behaviour}"


class FrailHouse(House):
    """callhub, its exchange and the ``wire`` between them."""

    def __init__(self, lab: Lab, home: Path, wire: Wire) -> None:
        super().__init__(lab, home, CALLHUB_ARI_URL=wire.url)
        self.wire = wire
        self.broker = Embedded(self.var)
        self._frozen: set[int] = set()

    # -- breaking

    def freeze(self, process: int) -> None:
        """Stop a process as a machine that swaps would: it keeps its connections and does nothing."""
        os.kill(process, signal.SIGSTOP)
        self._frozen.add(process)

    def thaw(self) -> None:
        for process in self._frozen:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
        self._frozen.clear()

    def mend(self) -> None:
        """Have everything whole and at work."""
        self.wire.mend()
        self.thaw()
        self.lab.start()
        self.until(lambda: {"web", "worker", "beat", "listener"} <= set(self.children()))
        self.until(self.is_listening)

    def killed(self, failpoint: str) -> None:
        """Wait until a process has died there."""
        self.until(lambda: not self.is_armed())

    def gone(self, name: str, process: int) -> None:
        """Wait until the child is another process than this one."""
        self.until(lambda: self.children().get(name, process) != process)

    # -- calling

    def call(self, source: str, destination: str, *, more: list[str] | None = None, wait: int = 30, record: bool = False) -> str:
        """Order a call between two of the lab's telephones; its id."""
        sources = [to(number) for number in (source, *(more or []))]
        return self.order(to(destination), sources, wait=wait, record=record)

    def noted(self, key: str, leg: str, what: str) -> float:
        """When the exchange noted this of a leg, once it has; waits for it."""
        return self.until(lambda: self.journal(key).get(leg, {}).get(what)) if self.lab.journal.exists() else 0.0

    def talked(self, key: str) -> float:
        """How long the exchange itself says that the destination was connected, in seconds."""
        return self.noted(key, "d", "HANGUP") - self.noted(key, "d", "ANSWER")

    def rung(self, *numbers: str) -> list[int]:
        """How many INVITEs each of these telephones got."""
        return [len(self.invitations(to(number).removeprefix("+"))) for number in numbers]

    # -- what has to hold

    def settled(self, key: str) -> tuple[str, float]:
        """How a call came out, with its billed seconds, once it is over; every promise is checked on the way."""
        row = self.ended(key)
        assert all(count == 1 for count in self.dials(key).values()), self.dials(key)
        self.until(lambda: not self.channels(key))
        self.until(lambda: not any(UUID(key).hex in name for name in self.left_over()))
        call = self.call_of(key)
        assert call["state"] == "ended", call
        assert call["disposition"] == row["disposition"]
        return ":".join(filter(None, (row["disposition"], row["disposition_detail"]))), seconds_of(row)


def seconds_of(row: dict[str, Any]) -> float:
    """The billed seconds."""
    return float(row["billable"])


@contextmanager
def open_frail_house() -> Iterator[FrailHouse]:
    """As ``open_house``, with a wire."""
    with ExitStack() as stack:
        lab = stack.enter_context(running_lab())
        wire = Wire(lab.ari_port)
        stack.callback(wire.close)
        home = Path(tempfile.mkdtemp(prefix="callhub-frail-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        house = FrailHouse(lab, home, wire)
        house.start()
        try:
            yield house
        finally:
            house.thaw()
            house.stop()
