"""Live calls: opened when they are ordered, carried on by what their exchange tells, ended once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db import transaction

from calls import events
from calls.choices import STATE_ORDER, EventKind, State
from calls.drafts import CallDraft, CallProgress, LegDraft
from calls.ledger.holding import HELD, RESUMED, is_repeat, take_holds
from calls.ledger.judging import settle_times, transfer_ms_of
from calls.ledger.legs import settle_around, take_places, talk_of
from calls.ledger.reaping import forget_guess, was_given_up
from calls.ledger.recording import record
from calls.ledger.retaining import follow_call
from calls.ledger.ruling import IS_RULED, tag_anew
from calls.models import Call, CallLeg
from calls.models.rule import RuledFacts
from contacts.phone import read_number
from tenants.models import Tenant, User

_LEG_FACTS = ("disposition", "started_at", "answered_at", "ended_at")
_COLUMNS = (
    "state", "disposition", "disposition_detail", "answered_at", "ended_at", "duration_ms", "ring_ms", "talk_ms", "hold_ms",
    "hold_count", "is_answered_elsewhere", "transfer_ms",
    "version", "updated_at",
)  # fmt: skip


def open_call(tenant: Tenant, draft: CallDraft, *, actor: User | None = None) -> Call:
    """Log a call that is ordered and has not begun. Raises ``InvalidCall``."""
    return record(tenant, dataclasses.replace(draft, begun=State.QUEUED), actor=actor).call


def progress(call_id: UUID, told: CallProgress) -> Call | None:
    """Carry a live call on; None where it is gone.

    Its state only moves forward; one that has ended stays as it is, unless it was only given up and this is its true end. The
    end settles disposition and lengths.
    """
    with transaction.atomic():
        calls = Call.objects.select_for_update(of=("self",)).select_related("tenant").annotate(is_ruled=IS_RULED)
        call = calls.filter(pk=call_id).first()
        if call is None:
            return None
        if call.state == State.ENDED:
            if told.state != State.ENDED or not was_given_up(call):
                return call
            forget_guess(call)
        if told.what in (HELD, RESUMED) and is_repeat(call, told):
            return call
        was, facts = (call.state, call.answered_at), RuledFacts.of(call)
        has_new_legs = _take_legs(call, told.legs)
        _take(call, told)
        if was[0] != State.ENDED and not has_new_legs and was == (call.state, call.answered_at) and told.what == call.state:
            return call  # only the state was told, and it is the same
        call.version += 1
        if call.state == State.ENDED:
            take_places([call])
        call.save(update_fields=_COLUMNS)
        if call.state == State.ENDED:
            settle_around([talk_of(call)])
            follow_call(call)
        events.write(
            events.event_of(call, EventKind.PROGRESSED, happened_at=told.happened_at, data=_data(told, tag_anew(call, facts)))
        )
        return call


def _take(call: Call, told: CallProgress) -> None:
    call.state = max(State(call.state), told.state, key=STATE_ORDER.index)
    if told.answered_at is not None and call.answered_at is None:
        call.answered_at = max(told.answered_at, call.started_at)  # the exchange's clock may be a little behind ours
    if call.state != State.ENDED:
        if told.what in (HELD, RESUMED):
            take_holds(call, told)
        return
    call.disposition, call.disposition_detail = told.disposition, told.disposition_detail
    call.ended_at = max(told.ended_at or told.happened_at, call.answered_at or call.started_at)
    if call.hold_count:
        take_holds(call, told)
    if told.legs:
        call.transfer_ms = transfer_ms_of(told.legs)
    settle_times(call)


def _take_legs(call: Call, told: Sequence[LegDraft]) -> bool:
    """Write the legs that are new or have changed; whether any was."""
    kept = {leg.position: leg for leg in call.legs.all()} if told else {}
    fresh, changed = [], []
    for position, draft in enumerate(told):
        leg = kept.get(position) or _leg(call, position, draft)
        changes = dict(_changes(leg, draft))
        for name, value in changes.items():
            setattr(leg, name, value)
        if position not in kept:
            fresh.append(leg)
        elif changes:
            changed.append(leg)
    CallLeg.objects.bulk_create(fresh)
    for leg in changed:
        leg.save(update_fields=[*_LEG_FACTS, "updated_at"])
    return bool(fresh or changed)


def _leg(call: Call, position: int, draft: LegDraft) -> CallLeg:
    number = read_number(draft.party.number, call.tenant.place)
    return CallLeg(
        tenant_id=call.tenant_id,
        call=call,
        position=position,
        role=draft.role,
        number_raw=number.raw,
        number_e164=number.e164,
        name=(draft.party.name or number.name)[:200],
    )


def _changes(leg: CallLeg, draft: LegDraft) -> Iterator[tuple[str, object]]:
    for name in _LEG_FACTS:
        value = getattr(draft, name)
        if value is not None and value != getattr(leg, name):
            yield name, value


def _data(told: CallProgress, by_rule: list[str]) -> dict[str, str | list[str]]:
    data: dict[str, str | list[str]] = {"by_rule": by_rule, "what": told.what, "leg": told.leg, "state": str(told.state)}
    if told.state == State.ENDED:
        data |= {"disposition": str(told.disposition), "detail": told.disposition_detail}
    return {name: value for name, value in data.items() if value}
