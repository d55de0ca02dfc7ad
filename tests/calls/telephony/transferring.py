"""How a desk phone of a call transfers the other side, and who is together afterwards."""

from __future__ import annotations

from uuid import UUID

from calls.telephony.asterisk import Engine, names
from calls.telephony.asterisk.reconciling import Reconciler
from tests.asterisk.desk import DeskPhone
from tests.calls.telephony.exchange import Exchange

COLLEAGUE = "2001200"  # talks until somebody hangs up


def blind(desk: DeskPhone, to: str) -> None:
    desk.transfer(desk.calls[0], to)


def attended(desk: DeskPhone, to: str) -> None:
    desk.hold(desk.calls[0])
    desk.connect(desk.calls[0], desk.dial(to))


def transferred(exchange: Exchange, desk: DeskPhone, order_id: UUID, key=blind) -> None:
    """The transfer is made, and the desk phone is put down."""
    key(desk, COLLEAGUE)
    exchange.wait(order_id, lambda known: known.legs.get("t0") and known.legs["t0"].answered_at)
    desk.hang_up(desk.calls[0])


def together(exchange: Exchange, order_id: UUID) -> list[str]:
    """Who is in the call's bridge at Asterisk."""
    ari = exchange.switch.connect()
    return next((bridge["channels"] for bridge in ari.bridges() if bridge["id"] == names.bridge_of(order_id)), [])


def reconcile(exchange: Exchange, times: int = 3) -> None:
    """As a listener does each minute."""
    reconciler = Reconciler(Engine(exchange.switch.connect(), exchange.book, exchange.switch))
    for _ in range(times):
        reconciler.run()
