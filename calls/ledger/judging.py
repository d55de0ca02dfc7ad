"""What is possible: whether a draft's facts fit a call and each other, and what follows from them."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from calls.choices import MISSED, Direction, Disposition, LegRole, Source, State
from calls.drafts import CallDraft, LegDraft, PartyDraft
from calls.errors import InvalidCall
from calls.ledger.tagging import tidy_names
from calls.models import Call
from calls.outbound import inside
from contacts.phone import LONGEST_TEXT
from tenants.models import Tenant

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9998, 1, 1, tzinfo=UTC)
LONGEST_MS = 366 * 24 * 3600 * 1000
MOST_PARTS = 1000  # legs, or interactions, of one call
ROUNDING_MS = 1000  # phone systems round each length to the second on its own
CLOCKS_DIFFER = timedelta(days=1)  # a clock that is wrong by its time zone is still a clock
LENGTHS = ("duration_ms", "heard_ms", "ring_ms", "talk_ms", "hold_ms", "transfer_ms", "work_ms")

_VOCABULARY: dict[str, type[models.TextChoices]] = {"source": Source, "direction": Direction, "disposition": Disposition}
_LONGEST = {"external_id": 200, "disposition_detail": 32, "outcome": 60, "recording_url": 2000}
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#\x00-\x20][^\s\x00-\x20]*", re.IGNORECASE)
_TALKED = (Disposition.ANSWERED, Disposition.UNKNOWN)


def judged(tenant: Tenant, draft: CallDraft) -> Call:
    """The unsaved call a draft amounts to: state and lengths settled, nobody looked up yet. Raises ``InvalidCall``."""
    check_facts(vars(draft))
    call = Call(
        tenant=tenant,
        source=draft.source,
        external_id=draft.external_id,
        direction=draft.direction,
        started_at=draft.started_at,
        answered_at=draft.answered_at,
        ended_at=draft.ended_at,
        disposition=draft.disposition or Disposition.UNKNOWN,
        disposition_detail=draft.disposition_detail,
        duration_ms=draft.duration_ms,
        ring_ms=draft.ring_ms,
        talk_ms=draft.talk_ms,
        hold_ms=draft.hold_ms,
        transfer_ms=draft.transfer_ms,
        work_ms=draft.work_ms,
        hold_count=draft.hold_count,
        notes=draft.notes,
        outcome=draft.outcome,
        is_flagged=draft.is_flagged,
        flag_notes=draft.flag_notes,
        screen_pop=draft.screen_pop,
        completed_forms=list(draft.completed_forms),
        recording_url=draft.recording_url,
        facts=dict(draft.facts),
        document=dict(draft.document),
        is_verified=draft.is_verified,
    )
    if call.transfer_ms is None:
        call.transfer_ms = transfer_ms_of(draft.legs)
    if draft.heard_ms is not None:
        _take_heard(call, draft.heard_ms)
    settle_times(call)
    check_possible(call, draft.source)
    call.state = State.ENDED if call.ended_at is not None else draft.begun
    return call


def check_possible(call: Call, source: str) -> None:
    """Refuse what no call can have been, where a person or our own API says it.

    Vendors' programs round each length on their own and have clocks of their own: their contracts
    know no such refusal.
    """
    if source not in (Source.ADMIN, Source.API):
        return
    if call.started_at > timezone.now() + CLOCKS_DIFFER:
        raise InvalidCall.field("started_at", "The call cannot begin in the future.", code="in_the_future")
    rings_at_most = LONGEST_MS if call.duration_ms is None else call.duration_ms + ROUNDING_MS
    if (call.ring_ms or 0) > rings_at_most:
        raise InvalidCall.field("ring_ms", "The call cannot ring longer than it lasts.", code="rings_too_long")


def check(tenant: Tenant, draft: CallDraft) -> None:
    """Raise the ``InvalidCall`` that ``record`` would, for impossible facts; nothing is looked up or written."""
    judged(tenant, draft)


def check_facts(told: Mapping[str, Any]) -> None:
    """Refuse values no call can hold, whatever else is told; ``told`` are fields of a draft, or the changes asked for."""
    for name, value in told.items():
        if value is None or (not value and name not in _VOCABULARY):
            continue  # nothing is told
        if not _is_storable(value):
            raise InvalidCall.field(name, "Holds a NUL, half a surrogate pair, or a number that is none.")
        if name in _VOCABULARY and value not in _VOCABULARY[name]:
            raise InvalidCall.field(name, f"Must be one of: {', '.join(_VOCABULARY[name].values)}.")
        if name in _LONGEST and len(value) > _LONGEST[name]:
            raise InvalidCall.field(name, f"Must have at most {_LONGEST[name]} characters.")
        if name in LENGTHS and not 0 <= value <= LONGEST_MS:
            raise InvalidCall.field(name, "Must be between 0 seconds and 366 days.")
        if isinstance(value, datetime):
            check_moment(name, value)
        if isinstance(value, PartyDraft):
            check_party(name, value)
    if not 0 <= told.get("hold_count", 0) <= 32_767:
        raise InvalidCall.field("hold_count", "Must be between 0 and 32767.")
    if told.get("recording_url") and not _WEB_ADDRESS.fullmatch(told["recording_url"]):
        raise InvalidCall.field("recording_url", "Must be an http or https address.")
    if why := inside(told.get("recording_url") or ""):
        raise InvalidCall.field("recording_url", f"Must be on the public internet: it leads to {why}.")
    tidy_names(told.get("tags") or ())
    _check_parts(told)


def check_moment(name: str, moment: datetime) -> None:
    """Refuse a time without its offset or outside of what every database stores."""
    if moment.tzinfo is None:
        raise InvalidCall.field(name, "Must say its offset from UTC.")
    if not EARLIEST <= moment <= LATEST:
        raise InvalidCall.field(name, "Must lie between the years 1970 and 9997.")


def check_party(name: str, party: PartyDraft) -> None:
    """Refuse a number that is too long to keep as it came."""
    if len(party.number.strip()) > LONGEST_TEXT:
        raise InvalidCall.field(name, f"A number has at most {LONGEST_TEXT} characters.")


def settle_times(call: Call) -> None:
    """Check the times against each other and compute every length that follows: waiting + talk = end − start."""
    for name in ("started_at", "answered_at", "ended_at"):
        moment = getattr(call, name)
        setattr(call, name, None if moment is None else moment.astimezone(UTC))
    _level_rounding(call)
    if call.ended_at is None and call.duration_ms is not None:
        call.ended_at = call.started_at + timedelta(milliseconds=call.duration_ms)
    if call.ended_at is None and call.disposition in MISSED:  # it is over, with a length or without
        call.ended_at = call.answered_at or call.started_at + timedelta(milliseconds=call.ring_ms or 0)
    if call.ended_at is not None:
        if call.ended_at < call.started_at:
            raise InvalidCall.field("ended_at", "The call cannot end before it starts.", code="ends_before_it_starts")
        call.duration_ms = _ms(call.ended_at - call.started_at)
        if call.duration_ms > LONGEST_MS:
            raise InvalidCall.field("ended_at", "A call lasts 366 days at most.")
    if call.answered_at is not None:
        if call.answered_at < call.started_at or (call.ended_at is not None and call.answered_at > call.ended_at):
            raise InvalidCall.field("answered_at", "The answer must lie between start and end.")
        call.ring_ms = _ms(call.answered_at - call.started_at) if call.ring_ms is None else call.ring_ms
        if call.ring_ms > LONGEST_MS:
            raise InvalidCall.field("answered_at", "A call rings 366 days at most.")
    _settle_lengths(call)


def _level_rounding(call: Call) -> None:
    """Let an answer or an end in whole seconds not lie before a time in milliseconds."""
    for before, after in (("started_at", "answered_at"), ("answered_at", "ended_at"), ("started_at", "ended_at")):
        first, last = getattr(call, before), getattr(call, after)
        if first and last and not last.microsecond and timedelta() < first - last < timedelta(seconds=1):
            setattr(call, after, first)


def _take_heard(call: Call, heard_ms: int) -> None:
    """Let a call without a told end last as long as its audio, from the answer on where that is known."""
    if call.ended_at is None and call.duration_ms is None:
        answered_at = call.answered_at or call.started_at + timedelta(milliseconds=call.ring_ms or 0)
        call.ended_at = max(answered_at, call.started_at) + timedelta(milliseconds=max(heard_ms, call.talk_ms or 0))


def transfer_ms_of(legs: Iterable[LegDraft]) -> int | None:
    """How long its transfers took, until answer or end; None where there were none."""
    lengths = []
    for leg in legs:
        until = leg.answered_at or leg.ended_at
        if leg.role == LegRole.TRANSFER and leg.started_at and until:
            lengths.append(max(0, _ms(until - leg.started_at)))
    return sum(lengths) if lengths else None


def has_talked(disposition: str) -> bool:
    """Whether a call that came out so may have been talked on."""
    return disposition in _TALKED


def _settle_lengths(call: Call) -> None:
    """Ringing longer than the whole call leaves no talk; a longer talk, if reported, is refused.

    Of an answered call without a reported wait, what is no talk was the wait.
    """
    is_talk_told = call.talk_ms is not None
    if call.duration_ms is not None and not is_talk_told:
        elsewhere = (call.ring_ms or 0) + (call.hold_ms or 0) + (call.transfer_ms or 0)
        call.talk_ms = max(0, call.duration_ms - elsewhere) if has_talked(call.disposition) else 0
    if call.duration_ms is not None and call.talk_ms is not None and call.talk_ms > call.duration_ms + ROUNDING_MS:
        raise InvalidCall.field("talk_ms", "The talk cannot last longer than the call.")
    if call.disposition == Disposition.UNKNOWN and call.talk_ms:
        call.disposition = Disposition.ANSWERED
    if call.ring_ms is None and call.talk_ms is not None and is_talk_told and call.disposition == Disposition.ANSWERED:
        elsewhere = call.talk_ms + (call.hold_ms or 0) + (call.transfer_ms or 0)
        call.ring_ms = None if call.duration_ms is None else max(0, call.duration_ms - elsewhere)
    if call.answered_at is None and call.disposition == Disposition.ANSWERED and call.ring_ms is not None:
        answered_at = call.started_at + timedelta(milliseconds=call.ring_ms)
        call.answered_at = answered_at if call.ended_at is None or answered_at <= call.ended_at else None


def _check_parts(told: Mapping[str, Any]) -> None:
    legs, interactions = told.get("legs", ()), told.get("interactions", ())
    for name, parts in (("legs", legs), ("interactions", interactions)):
        if len(parts) > MOST_PARTS:
            raise InvalidCall.field(name, f"A call has at most {MOST_PARTS}.")
    for leg in legs:
        check_party("legs", leg.party)
        if leg.role not in LegRole or leg.disposition not in Disposition:
            raise InvalidCall.field("legs", "A leg's role or disposition is not known.")
        for moment in filter(None, (leg.started_at, leg.answered_at, leg.ended_at)):
            check_moment("legs", moment)
        if leg.started_at and leg.ended_at and leg.ended_at < leg.started_at:
            raise InvalidCall.field("legs", "A leg cannot end before it starts.")
    for interaction in interactions:
        check_moment("interactions", interaction.happened_at)


def _is_storable(value: Any) -> bool:
    """Whether every database takes this text, or every text in this; PostgreSQL's JSON has neither NUL nor NaN."""
    if isinstance(value, str):
        return _UNSTORABLE.search(value) is None
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(_is_storable(name) and _is_storable(item) for name, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_storable, value))
    if dataclasses.is_dataclass(value):
        return all(map(_is_storable, vars(value).values()))
    return True


def _ms(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)
