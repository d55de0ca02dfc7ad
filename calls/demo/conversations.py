"""What the calls of the demo are like: drafts, as a phone system or a vendor's client would have told them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any

from calls.choices import Direction, Disposition, LegRole, Source
from calls.demo.cast import Cast, Desk
from calls.demo.rhythm import moments, yesterday_afternoon
from calls.demo.words import FLAG_NOTES
from calls.drafts import CallDraft, InteractionDraft, LegDraft, PartyDraft
from contacts.matching import AgentHint

LIVE = 3  # calls that go on now, per tenant

# Direction, disposition, how often among a thousand.
_KINDS = [
    (Direction.INBOUND, Disposition.ANSWERED, 500),
    (Direction.INBOUND, Disposition.NO_ANSWER, 75),
    (Direction.INBOUND, Disposition.CANCELLED, 35),
    (Direction.INBOUND, Disposition.BUSY, 12),
    (Direction.INBOUND, Disposition.REJECTED, 4),
    (Direction.INBOUND, Disposition.FAILED, 4),
    (Direction.INBOUND, Disposition.VOICEMAIL, 50),
    (Direction.OUTBOUND, Disposition.ANSWERED, 180),
    (Direction.OUTBOUND, Disposition.NO_ANSWER, 50),
    (Direction.OUTBOUND, Disposition.BUSY, 15),
    (Direction.OUTBOUND, Disposition.CANCELLED, 8),
    (Direction.OUTBOUND, Disposition.FAILED, 7),
    (Direction.OUTBOUND, Disposition.VOICEMAIL, 8),
    (Direction.INTERNAL, Disposition.ANSWERED, 38),
    (Direction.INTERNAL, Disposition.NO_ANSWER, 8),
    (Direction.UNKNOWN, Disposition.UNKNOWN, 6),
]
_SOURCES = [
    (Source.PBX, 70),
    (Source.PLANHAT, 10),
    (Source.API, 8),
    (Source.CALLN, 6),
    (Source.VOIPNOW, 3),
    (Source.FONESTORM, 3),
]
_ANSWERED = (Disposition.ANSWERED, Disposition.UNKNOWN)
_CAUSES = ["404", "480", "503", "Q.850;1", "Q.850;38"]


class Storyteller:
    """Tells the calls of one tenant, the same ones for the same random numbers."""

    def __init__(self, cast: Cast, now: datetime, rng: random.Random) -> None:
        self.cast, self.now, self.rng = cast, now, rng
        self.told = 0
        self.weights = [1 / (rank + 3) ** 0.7 for rank in range(len(cast.regulars))]  # a few call often, most seldom

    def tell(self, count: int) -> list[CallDraft]:
        """``count`` calls in the order they started: a month's, one that got stuck yesterday, and a few that go on now."""
        places, ended = self.cast.plan.places, count - LIVE - 1
        bounds = [round(ended * share) for share in accumulate((place.share for place in places), initial=0)]
        starts = [
            (moment, place.name)
            for place, (low, high) in zip(places, pairwise(bounds), strict=True)
            for moment in moments(high - low, place.zone, self.now, self.rng)
        ]
        drafts = [self._call(moment, place) for moment, place in sorted(starts)]
        return sorted([*drafts, *self._unfinished()], key=lambda draft: draft.started_at)

    def _call(self, started_at: datetime, place: str) -> CallDraft:
        direction, disposition, _ = self.rng.choices(_KINDS, weights=[kind[2] for kind in _KINDS])[0]
        desk = self._desk(place)
        ring_ms = self._length(9, 0.6) if disposition != Disposition.BUSY else 0
        talk_ms = self._length(140, 0.9) if disposition in _ANSWERED else 0
        hold_ms = self._length(25, 0.5) if talk_ms and self.rng.random() < 0.12 else 0
        is_transferred = bool(talk_ms) and direction == Direction.INBOUND and self.rng.random() < 0.06
        transfer_ms = self._length(12, 0.4) if is_transferred else 0
        message_ms = self._length(22, 0.5) if disposition == Disposition.VOICEMAIL else 0
        lasts = timedelta(milliseconds=ring_ms + talk_ms + hold_ms + transfer_ms + message_ms)
        started_at = min(started_at, self.now - lasts - timedelta(seconds=5))
        draft = CallDraft(
            source=self.rng.choices([source for source, _ in _SOURCES], weights=[weight for _, weight in _SOURCES])[0],
            external_id=self._external_id(started_at),
            started_at=started_at,
            ended_at=started_at + lasts,
            direction=direction,
            disposition=disposition,
            disposition_detail=self.rng.choice(_CAUSES) if disposition == Disposition.FAILED else "",
            ring_ms=ring_ms,
            hold_ms=hold_ms or None,
            hold_count=1 if hold_ms else 0,
            transfer_ms=transfer_ms or None,
            work_ms=self._length(20, 0.5) if talk_ms and self.rng.random() < 0.5 else None,
            agent=AgentHint(external_id=desk.agent.external_id),
            **self._sides(direction, desk),
        )
        return self._with_extras(draft, desk, is_transferred=is_transferred)

    def _unfinished(self) -> Iterator[CallDraft]:
        """The call whose end nobody told, and those that go on now."""
        stuck_since = yesterday_afternoon(self.cast.plan.zone, self.now)
        since = [stuck_since, *(self.now - timedelta(seconds=self.rng.randrange(40, 540)) for _ in range(LIVE))]
        for number, started_at in enumerate(since):
            desk = self.cast.desks[number]
            yield CallDraft(
                source=Source.PBX,
                external_id=self._external_id(started_at),
                started_at=started_at,
                answered_at=started_at + timedelta(seconds=8),
                direction=Direction.INBOUND,
                agent=AgentHint(external_id=desk.agent.external_id),
                **self._sides(Direction.INBOUND, desk),
            )

    # Who

    def _desk(self, place: str) -> Desk:
        return self.rng.choice([desk for desk in self.cast.desks if desk.place.name == place])

    def _sides(self, direction: Direction, desk: Desk) -> dict[str, Any]:
        if direction == Direction.INTERNAL:
            other = self.rng.choice([other for other in self.cast.desks if other is not desk])
            return {
                "caller": PartyDraft(number=desk.extension, name=desk.agent.name),
                "callee": PartyDraft(number=other.extension, name=other.agent.name),
            }
        own, remote = PartyDraft(number=desk.place.number), PartyDraft(number=self._number(direction))
        if direction == Direction.OUTBOUND:
            return {"caller": own, "callee": remote}
        return {"remote": remote} if direction == Direction.UNKNOWN else {"caller": remote, "callee": own}

    def _number(self, direction: Direction) -> str:
        """A contact's, mostly; else withheld, the one two contacts share, or a stranger's, of whom two call often."""
        chance = self.rng.random()
        if chance < 0.04 and direction == Direction.INBOUND:
            return "anonymous"
        if chance < 0.055:
            return self.cast.twins
        if chance < 0.16:
            strangers = self.cast.strangers
            return self.rng.choices(strangers, weights=[6, 5, *[1] * (len(strangers) - 2)])[0]
        contact = self.rng.choices(self.cast.regulars, weights=self.weights)[0]
        return self.rng.choice(self.cast.numbers[contact])

    # What

    def _with_extras(self, draft: CallDraft, desk: Desk, *, is_transferred: bool) -> CallDraft:
        rng, plan = self.rng, self.cast.plan
        is_answered = draft.disposition == Disposition.ANSWERED
        draft = replace(draft, facts={"server": f"pbx-{rng.randint(1, 2)}"} if draft.source == Source.PBX else {})
        if is_answered and draft.direction != Direction.INTERNAL and rng.random() < 0.35:
            draft = replace(draft, notes=rng.choice(plan.notes), outcome=rng.choice(plan.outcomes))
        if is_answered and rng.random() < 0.3:
            draft = replace(draft, tags=tuple(rng.sample(sorted(plan.tags), rng.choice([1, 1, 2]))))
        if is_answered and rng.random() < 0.08:
            draft = replace(
                draft, screen_pop="Customer card", completed_forms=("Contact details", "Reason for the call")[: rng.randint(1, 2)]
            )
        if rng.random() < 0.015:
            draft = replace(draft, is_flagged=True, flag_notes=rng.choice(FLAG_NOTES))
        if draft.source == Source.PLANHAT and rng.random() < 0.3:
            draft = replace(draft, is_verified=False)
        if draft.source == Source.PBX:
            draft = replace(draft, interactions=tuple(self._timeline(draft, desk)))
        return replace(draft, legs=tuple(self._legs(draft, desk))) if is_transferred else draft

    def _timeline(self, draft: CallDraft, desk: Desk) -> Iterator[InteractionDraft]:
        """What the phone system reports of a call as it goes."""
        assert draft.ended_at is not None
        answered_at = draft.started_at + timedelta(milliseconds=draft.ring_ms or 0)
        if draft.direction == Direction.INBOUND:
            yield InteractionDraft(happened_at=draft.started_at, summary="Welcome message", description=desk.place.name)
        yield InteractionDraft(happened_at=draft.started_at, summary="Ringing", description=f"Extension {desk.extension}")
        if draft.disposition == Disposition.ANSWERED:
            yield InteractionDraft(happened_at=answered_at, summary="Answered", description=desk.agent.name)
            if draft.hold_ms:
                hold = answered_at + (draft.ended_at - answered_at) / 3
                yield InteractionDraft(happened_at=hold, summary="On hold")
                yield InteractionDraft(happened_at=hold + timedelta(milliseconds=draft.hold_ms), summary="Resumed")
        elif draft.disposition == Disposition.VOICEMAIL:
            yield InteractionDraft(happened_at=answered_at, summary="Voicemail", description=desk.place.name)
        yield InteractionDraft(happened_at=draft.ended_at, summary="Hung up")

    def _legs(self, draft: CallDraft, desk: Desk) -> Iterator[LegDraft]:
        """The caller, who answered, and whom the call was handed to."""
        assert draft.ended_at is not None
        answered_at = draft.started_at + timedelta(milliseconds=draft.ring_ms or 0)
        handed_at = answered_at + (draft.ended_at - answered_at) / 2
        third = self.rng.choice([other for other in self.cast.desks if other is not desk])
        talked: dict[str, Any] = {"disposition": Disposition.ANSWERED, "started_at": draft.started_at, "answered_at": answered_at}
        first = PartyDraft(number=desk.extension, name=desk.agent.name)
        yield LegDraft(role=LegRole.SOURCE, party=draft.caller, ended_at=draft.ended_at, **talked)
        yield LegDraft(role=LegRole.DESTINATION, party=first, ended_at=handed_at, **talked)
        yield LegDraft(
            role=LegRole.TRANSFER,
            party=PartyDraft(number=third.extension, name=third.agent.name),
            disposition=Disposition.ANSWERED,
            started_at=handed_at,
            answered_at=handed_at + timedelta(milliseconds=draft.transfer_ms or 0),
            ended_at=draft.ended_at,
        )

    def _length(self, median_s: float, spread: float) -> int:
        """A length in milliseconds: many short ones, a few long ones."""
        return int(min(self.rng.lognormvariate(0, spread) * median_s, 3600) * 1000)

    def _external_id(self, started_at: datetime) -> str:
        self.told += 1
        return f"{started_at:%Y%m%d}-{self.told:05}"
