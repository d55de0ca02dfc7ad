"""Calls of the exchange's own as its journal tells them: for those nobody heard of, or not to their end. Pure."""

from __future__ import annotations

from calls.choices import Direction
from calls.telephony.asterisk import names
from calls.telephony.asterisk.journal import Entry, Group
from calls.telephony.asterisk.sightings import NO_REASON, WatchedCall, WatchedLeg
from calls.telephony.disposition import ANSWERED, CANCELLED, NO_ANSWER, Outcome, of_leg, of_several


def call_of(group: Group, trunks: tuple[str, ...]) -> WatchedCall | None:
    """The call that these channels were; None where one of them is ours, or none of them came in."""
    if any(names.read_channel(channel) for channel in group.entries):
        return None
    caller_id, caller = next(((channel, entry) for channel, entry in group.entries.items() if not entry.is_rung), ("", None))
    if caller is None or caller.started_at is None:
        return None
    call = WatchedCall(
        id=caller_id,
        direction=Direction.INBOUND if caller.name.startswith(trunks) else Direction.UNKNOWN,
        caller_number=caller.caller_number,
        caller_name=caller.caller_name,
        called_number=caller.dialled,
        started_at=caller.started_at,
        answered_at=caller.answered_at,
        ended_at=caller.ended_at,
    )
    for channel, entry in group.entries.items():
        if entry.is_rung and entry.started_at and not entry.name.startswith("Local/"):
            call = call.with_leg(_leg(channel, entry, caller, trunks))
    return call


def outcome_of(call: WatchedCall, caller: Entry) -> Outcome:
    """How a call that is over came out."""
    if call.answered_at:
        return ANSWERED
    if caller.dial_status == "CANCEL":
        return CANCELLED
    outcomes = [leg.outcome for leg in call.legs if leg.outcome]
    return of_several(outcomes) if outcomes else of_leg(answered=False, cause=caller.cause)


def _leg(channel: str, entry: Entry, caller: Entry, trunks: tuple[str, ...]) -> WatchedLeg:
    assert entry.started_at is not None, "only legs with a beginning are asked for"
    inside = entry.name.partition("/")[2].rpartition("-")[0]  # PJSIP/202-00000001
    is_outside = entry.name.startswith(trunks)
    return WatchedLeg(
        id=channel,
        number=entry.caller_number or (caller.dialled if is_outside else inside),
        started_at=entry.started_at,
        answered_at=entry.answered_at,
        ended_at=entry.ended_at,
        outcome=_outcome_of_leg(entry, caller) if entry.ended_at else None,
        is_outside=is_outside,
    )


def _outcome_of_leg(entry: Entry, caller: Entry) -> Outcome:
    if entry.answered_at is None and entry.cause in NO_REASON:
        return NO_ANSWER if caller.dial_status == "NOANSWER" else CANCELLED
    return of_leg(answered=entry.answered_at is not None, cause=entry.cause)
