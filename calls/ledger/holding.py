"""How long a call was on hold: from the moment a telephone holds it to the moment none does any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from calls.choices import EventKind
from calls.drafts import CallProgress
from calls.models import Call, CallEvent

HELD, RESUMED = "held", "resumed"


@dataclass(frozen=True, kw_only=True)
class _Fact:
    """Somebody began or ended a hold; ``leg`` is who, empty for callhub itself."""

    at: datetime
    what: str
    leg: str


def is_repeat(call: Call, told: CallProgress) -> bool:
    """Whether this beginning or end of a hold was told before."""
    return _fact(told) in _facts(call)


def take_holds(call: Call, told: CallProgress) -> None:
    """Count and sum the holds of a call, with what is told now; one that nobody ended lasts as long as the call."""
    facts = _facts(call)
    if told.what in (HELD, RESUMED):
        facts.append(_fact(told))
    if not facts:
        return
    count, total, since, holding = 0, timedelta(), None, set[str]()
    for fact in sorted(facts, key=lambda fact: fact.at):
        if fact.what == HELD and fact.leg not in holding:
            count, since = (count, since) if holding else (count + 1, fact.at)
            holding.add(fact.leg)
        elif fact.what == RESUMED and fact.leg in holding:
            holding.remove(fact.leg)
            total += _length(call, since, fact.at) if not holding else timedelta()
    if holding and call.ended_at is not None:
        total += _length(call, since, call.ended_at)
    call.hold_count, call.hold_ms = count, round(total.total_seconds() * 1000)


def _length(call: Call, since: datetime | None, until: datetime) -> timedelta:
    """As far as it lies between the answer and the end."""
    start = max(since or until, call.answered_at or call.started_at)
    return max(min(until, call.ended_at or until) - start, timedelta())


def _facts(call: Call) -> list[_Fact]:
    events = CallEvent.objects.filter(call_id=call.pk, kind=EventKind.PROGRESSED, data__what__in=[HELD, RESUMED])
    rows = events.order_by("id").values_list("happened_at", "data")
    return [_Fact(at=at, what=data["what"], leg=data.get("leg", "")) for at, data in rows]


def _fact(told: CallProgress) -> _Fact:
    return _Fact(at=told.happened_at, what=told.what, leg=told.leg)
