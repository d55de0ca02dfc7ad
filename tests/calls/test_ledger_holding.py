"""Time on hold: what is told of holds, in any order and more than once, against what the call keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calls import ledger
from calls.choices import Disposition, Source, State
from calls.drafts import CallDraft, CallProgress
from calls.models import Call, CallEvent
from tests.make import make_tenant

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HELD, RESUMED = ledger.HELD, ledger.RESUMED


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
def call(db) -> Call:
    """Answered after ten seconds."""
    draft = CallDraft(source=Source.PBX, external_id="1", started_at=START, begun=State.RINGING)
    call = ledger.record(make_tenant(), draft).call
    tell(call, State.IN_PROGRESS, State.IN_PROGRESS, 10)
    return call


def tell(call: Call, state: State, what: str, seconds: float, leg: str = "") -> Call:
    is_over = state == State.ENDED
    told = CallProgress(
        state=state,
        what=str(what),
        leg=leg,
        happened_at=at(seconds),
        answered_at=at(10),
        ended_at=at(seconds) if is_over else None,
        disposition=Disposition.ANSWERED if is_over else Disposition.UNKNOWN,
    )
    ledger.progress(call.pk, told)
    call.refresh_from_db()
    return call


@pytest.mark.parametrize(
    ("facts", "count", "seconds"),
    [
        ([], 0, None),
        ([(HELD, 20, ""), (RESUMED, 25, "")], 1, 5),
        ([(HELD, 20, ""), (RESUMED, 25, ""), (HELD, 30, ""), (RESUMED, 32.5, "")], 2, 7.5),
        ([(HELD, 20, "")], 1, 40),  # nobody took it back: until the end
        ([(HELD, 20, "s0"), (HELD, 22, "d"), (RESUMED, 25, "s0"), (RESUMED, 27, "d")], 1, 7),  # both at once count once
        ([(HELD, 20, "s0"), (HELD, 20.003, "s0"), (RESUMED, 25, "s0"), (RESUMED, 25.002, "s0")], 1, 5),  # two tell the same
        ([(RESUMED, 25, ""), (HELD, 20, "")], 1, 5),  # told late
        ([(RESUMED, 25, "")], 0, 0),
        ([(HELD, 4, ""), (RESUMED, 12, "")], 1, 2),  # nobody talks before the answer
    ],
)
def test_holds_are_summed(call, facts, count, seconds):
    for what, moment, leg in facts:
        tell(call, State.IN_PROGRESS, what, moment, leg)
    call = tell(call, State.ENDED, State.ENDED, 60)
    assert (call.hold_count, call.hold_ms) == (count, None if seconds is None else round(seconds * 1000))
    assert call.ring_ms + (call.hold_ms or 0) + call.talk_ms == call.duration_ms == 60_000


def test_what_was_told_before_is_no_news(call):
    for _ in range(3):
        tell(call, State.IN_PROGRESS, HELD, 20)
    assert CallEvent.objects.filter(data__what=HELD).count() == 1


def test_hold_shows_while_the_call_goes_on(call):
    assert tell(call, State.IN_PROGRESS, HELD, 20).hold_count == 1
    assert tell(call, State.IN_PROGRESS, RESUMED, 22).hold_ms == 2000


def test_nothing_is_held_after_the_end(call):
    tell(call, State.ENDED, State.ENDED, 60)
    assert tell(call, State.IN_PROGRESS, HELD, 30).hold_count == 0
