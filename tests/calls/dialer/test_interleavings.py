"""Whatever happens in whatever order: one dial per telephone, states that only move forward, one end, nothing kept."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from calls import dialer
from calls.choices import STATE_ORDER, Disposition, OriginationState, State
from calls.dialer.book import DatabaseBook, known_of
from calls.errors import DialRefused
from calls.models import CallEvent, DialUse, Origination
from calls.telephony.book import Kind, Progress
from calls.telephony.disposition import Outcome
from tests.calls.dialer.ordering import ORDINARY, RINGS_ON, TALKS_ON, order
from tests.make import make_line, make_tenant

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FAR_ORDER = list(OriginationState)
BUSY = Outcome(Disposition.BUSY)

facts = st.builds(
    lambda kind, leg, ago: ("fact", kind, leg, ago),
    st.sampled_from([Kind.DIALLING, Kind.RINGING, Kind.ANSWERED, Kind.IN_HAND, Kind.CHOSEN, Kind.CONNECTED, Kind.ENDED]),
    st.sampled_from(["s0", "s1", "d", "t0"]),
    st.integers(0, 30),
)
steps = st.one_of(
    facts,
    st.tuples(st.just("wait"), st.floats(0, 20)),
    st.sampled_from([("place",), ("hang_up",), ("hang_up_call",), ("look_after",), ("hold",), ("unhold",), ("transfer",)]),
)


class CountingBook:
    """Counts which telephones somebody was let dial."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dialled: Counter[tuple[object, str]] = Counter()
        self.dialled_after_cancel = 0
        original = DatabaseBook.tell

        def tell(book: DatabaseBook, progress: Progress) -> bool:
            was_cancelled = Origination.objects.filter(pk=progress.order_id, cancel_requested_at__isnull=False).exists()
            is_news = original(book, progress)
            if is_news and progress.kind is Kind.DIALLING:
                self.dialled[progress.order_id, progress.leg] += 1
                self.dialled_after_cancel += was_cancelled
            return is_news

        monkeypatch.setattr(DatabaseBook, "tell", tell)


def tell(row: Origination, kind: Kind, leg: str, at: datetime) -> None:
    """What an exchange may say, late or twice, of legs that are there or not."""
    known = known_of(row)
    is_transfer = leg == "t0"
    if is_transfer and kind is Kind.DIALLING and "d" not in known.legs:
        return  # nobody is transferred before there is somebody
    facts = {"endpoint": known.order.destination, "instead_of": "s0"} if is_transfer else {}
    outcome = BUSY if kind is Kind.ENDED else None
    DatabaseBook(row.backend).tell(Progress(order_id=row.pk, kind=kind, leg=leg, at=at, outcome=outcome, **facts))


def take(step: tuple, row: Origination, clock: time_machine.Traveller) -> None:
    match step:
        case ("wait", seconds):
            clock.shift(seconds)
            dialer.refresh(row)
        case ("fact", kind, leg, ago):
            tell(dialer.refresh(row), kind, leg, timezone.now() - timedelta(seconds=ago))
        case ("place",):
            dialer.place_call(str(row.pk))
        case ("look_after",):
            Origination.objects.filter(pk=row.pk).update(due_at=NOW)
            dialer.look_after(str(row.pk))
        case ("hang_up_call",):
            dialer.hang_up_call(str(row.pk))
        case (name,):
            try:
                act = getattr(dialer, name)
                act(row, "212") if name == "transfer" else act(row)
            except DialRefused:
                pass


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(path=st.lists(steps, max_size=14), destination=st.sampled_from([ORDINARY, TALKS_ON, RINGS_ON, "+46702000486"]))
@example(path=[("place",), ("wait", 9.0), ("hold",), ("wait", 5.0), ("unhold",), ("wait", 3.0)], destination=TALKS_ON)
@example(path=[("place",), ("wait", 9.0), ("hold",), ("wait", 5.0)], destination=TALKS_ON)
def test_no_order_of_events_breaks_a_promise(path, destination):
    with pytest.MonkeyPatch.context() as patch, time_machine.travel(NOW, tick=False) as clock:
        patch.setattr("callhub.doorbell.ring", lambda *args: None)
        book = CountingBook(patch)
        tenant = make_tenant()
        row = dialer.place(tenant, order(make_line(tenant, "210"), destination, sources=("210", "211")))
        seen, states, ends = [], [], set()
        for step in [*path, ("hang_up",), ("look_after",)]:
            take(step, row, clock)
            row.refresh_from_db()
            row.call.refresh_from_db()
            seen.append(FAR_ORDER.index(row.state))
            states.append(STATE_ORDER.index(row.call.state))
            if row.state == OriginationState.ENDED:
                ends.add((row.disposition, row.ended_at, row.billable_ms, row.call.ended_at, row.call.disposition))
        assert seen == sorted(seen)
        assert states == sorted(states)
        assert (row.state, row.call.state, len(ends)) == (OriginationState.ENDED, State.ENDED, 1)
        assert max(book.dialled.values(), default=0) <= 1
        assert book.dialled_after_cancel == 0
        assert DialUse.objects.get(tenant=tenant, meter="legs").used == 0
        on_hold = row.call.hold_ms or 0
        assert row.call.ring_ms is None or row.call.ring_ms + row.call.talk_ms + on_hold == row.call.duration_ms
        assert CallEvent.objects.filter(call_id=row.call_id, data__state="ended", data__what="over").count() == 1
