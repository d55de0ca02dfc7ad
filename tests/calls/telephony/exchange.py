"""A real Asterisk with our listener on it, for tests."""

from __future__ import annotations

import fcntl
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

from calls.telephony.asterisk import AsteriskBackend, Engine, Listener, OrderHearer, Switch
from calls.telephony.asterisk.wav import HEADER
from calls.telephony.base import Order
from calls.telephony.book import Known
from calls.telephony.speech import Espeak
from tests.asterisk import fetching, telephones
from tests.asterisk.lab import PASSWORD, Lab
from tests.calls.telephony.memory import PATIENCE_S, MemoryBook, make_order

SPAN = 2200


@contextmanager
def running_lab() -> Iterator[Lab]:
    """An exchange and the phone network, on ports and in a folder nobody else uses."""
    with ExitStack() as stack:
        base = stack.enter_context(_own_ports())
        run = Path(tempfile.mkdtemp(prefix="callhub-pbx-"))
        stack.callback(shutil.rmtree, run, ignore_errors=True)
        lab = Lab(run=run, base=base, ends_with_us=True)
        stack.callback(lab.stop)
        stack.callback(telephones.stop_all, lab)
        lab.start()
        telephones.start_carrier(lab)
        yield lab


@contextmanager
def _own_ports() -> Iterator[int]:
    """The first of a few ranges that is free; a lock keeps it so among test runs on this machine."""
    for base in range(10_000, 29_000, SPAN):
        with (Path(tempfile.gettempdir()) / f"callhub-pbx-{base}.lock").open("a") as lock, ExitStack() as probes:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for port in range(base + 8, base + 32):
                    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                        probe = probes.enter_context(socket.socket(socket.AF_INET, kind))
                        if kind is socket.SOCK_STREAM:  # a connection that was closed a moment ago is in nobody's way
                            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            probes.close()
            yield base
            return
    raise RuntimeError("no range of ports is free")


class Exchange:
    """Our side of a lab: a book, a backend, and a listener that runs in a thread while ``listening``."""

    def __init__(self, lab: Lab, switch: Switch | None = None) -> None:
        self.lab, self.book = lab, MemoryBook()
        self.switch = switch or Switch(url=lab.ari_url, user="callhub", password=PASSWORD, sounds=lab.sounds, journal=lab.journal)
        self.backend = AsteriskBackend(self.book, self.switch, Espeak(fetching.tool("espeak-ng") or ""))
        self.hearer = OrderHearer(Engine(self.switch.connect(), self.book, self.switch))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """A listener runs, and is the one that Asterisk talks to."""
        stop, heard = threading.Event(), threading.Event()
        listener = Listener(self.hearer, stop=stop.is_set, beat=heard.set)
        thread = threading.Thread(target=listener.run, daemon=True)
        thread.start()
        try:
            assert heard.wait(PATIENCE_S), "the listener does not listen"
            yield
        finally:
            stop.set()
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "the listener does not stop"

    def place(self, sources: str = "1000200", destination: str = "2000200", **fields: object) -> UUID:
        """Place an order; its id."""
        order = make_order(sources, destination, **fields)
        self.place_order(order)
        return order.id

    def place_order(self, order: Order) -> None:
        self.book.add(order)
        self.backend.place(order)

    def wait(self, order_id: UUID, until: Callable[[Known], object], timeout_s: float = PATIENCE_S) -> Known:
        return self.book.wait(order_id, until, timeout_s)

    def talking(self, order_id: UUID) -> Known:
        """Wait until source and destination talk."""
        return self.wait(order_id, lambda known: "d" in known.legs and known.legs["d"].connected_at)

    def over(self, order_id: UUID, timeout_s: float = PATIENCE_S) -> Known:
        """Wait for the end."""
        return self.wait(order_id, lambda known: known.over_at, timeout_s)

    def recording(self, order_id: UUID, into: Path) -> Path:
        """Fetch the recording once it is complete."""
        name = self.wait(order_id, lambda known: known.recording).recording
        with into.open("w+b") as file:
            assert self.backend.fetch_recording(name, file) > HEADER
        self.backend.delete_recording(name)
        return into

    def invitations(self, digits: str) -> list[str]:
        """Who was shown to the telephone of that number, once per INVITE it got."""
        return [line for line in telephones.invitations(self.lab) if f"<sip:{digits}@" in line.split(" from")[0]]

    def heard_since(self, extension: str, before: list[Path]) -> Path:
        """What a soft phone heard in the one call it has had since ``before`` (``telephones.heard``), once it is complete."""
        deadline, size = time.monotonic() + PATIENCE_S, 0
        while True:
            new = [path for path in telephones.heard(self.lab, extension) if path not in before]
            if new and size == (size := new[0].stat().st_size) and size:
                assert len(new) == 1
                return new[0]
            assert time.monotonic() < deadline, "nothing was heard"
            time.sleep(0.3)

    def left_over(self) -> list[str]:
        """Ids of our channels and bridges at Asterisk."""
        return [row["id"] for row in (*self.hearer.ari.channels(), *self.hearer.ari.bridges())]
