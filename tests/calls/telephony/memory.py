"""A book in memory: what the dialer keeps in the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from uuid import UUID, uuid4

from calls.telephony.base import Endpoint, EndpointKind, Message, Order
from calls.telephony.book import Known, Progress, apply

PATIENCE_S = 60.0  # for what takes a few seconds on a machine that does nothing else


class MemoryBook:
    """Orders in a dictionary; ``told`` has every fact that was news, in the order it came."""

    def __init__(self) -> None:
        self._orders: dict[UUID, Known] = {}
        self._change = threading.Condition(threading.RLock())
        self.told: list[Progress] = []

    def add(self, order: Order) -> Known:
        with self._change:
            return self._orders.setdefault(order.id, Known(order=order))

    def load(self, order_id: UUID) -> Known | None:
        return self._orders.get(order_id)

    def open_orders(self) -> list[UUID]:
        return [order_id for order_id, known in list(self._orders.items()) if known.over_at is None]

    def tell(self, progress: Progress) -> bool:
        with self._change:
            known = self._orders[progress.order_id]
            new = apply(known, progress)
            self._orders[progress.order_id] = new
            if new is not known:
                self.told.append(progress)
            self._change.notify_all()
            return new is not known

    def wait(self, order_id: UUID, until: Callable[[Known], object], timeout_s: float = PATIENCE_S) -> Known:
        """What is known as soon as ``until`` holds; fails with what is known when it does not in time."""
        deadline = time.monotonic() + timeout_s
        with self._change:
            while not until(self._orders[order_id]):
                left = deadline - time.monotonic()
                assert left > 0, f"waited in vain: {self._orders[order_id]}"
                self._change.wait(left)
            return self._orders[order_id]


def telephone(digits: str) -> Endpoint:
    """An extension where it has three digits, else a number."""
    return Endpoint(kind=EndpointKind.EXTENSION if len(digits) == 3 else EndpointKind.NUMBER, digits=digits)


def make_order(sources: str = "1000200", destination: str = "2000200", **fields: object) -> Order:
    """An order that rings ``sources`` (separated by blanks) and then ``destination``."""
    text = fields.pop("text", "")
    facts = {"wait_for_pickup_s": 20, "message": Message(text=str(text)) if text else None, **fields}
    endpoints = tuple(telephone(digits) for digits in sources.split())
    return Order(id=uuid4(), sources=endpoints, destination=telephone(destination), **facts)  # type: ignore[arg-type]
