"""The simulator: nothing rings, everything happens as if. The default, so that callhub works before it has an exchange.

What has happened is worked out from the moments that the book knows and the clock: whenever somebody looks (``advance``), in
any process, after any restart. What a telephone does depends on its number; the numbers are those of the project's own
phone network (``tests/asterisk/carrier.py``), so that tests can share them:

======================  =====================================================================================
number                  what it does
======================  =====================================================================================
ordinary                rings about 2 seconds, is answered, hangs up after 5 seconds of talk
…1000NNN, …2000NNN      sandbox numbers: the last three digits choose
  ``486`` ``603`` …     refuses at once with that SIP status (486 busy, 603 declined, 404 not found, 503 …)
  ``180``               rings until the caller gives up
  ``100``               does not even ring
  ``20N``               rings, answers after N seconds, talks until the other side hangs up
  ``21N``               answers after 1 second, hangs up N seconds later
  ``22N``               as ``20N``, and says nothing
  ``23N`` / ``24N``     rings N seconds, then is busy / declines
``…*00``                the sandbox extension: an ordinary one; ``…*00NNN`` chooses as above
======================  =====================================================================================

A source that is an ordinary number picks up after about a second and never hangs up by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, ClassVar
from uuid import UUID

from calls.choices import LegRole
from calls.telephony import flow
from calls.telephony.base import Backend, Endpoint, Order, TelephonyError, Trace
from calls.telephony.book import DESTINATION, Kind, Known, Leg, Progress, role_of
from calls.telephony.disposition import ANSWERED, CANCELLED, NO_ANSWER, Outcome, of_sip_status
from calls.telephony.flow import Do, Step

SETUP_S = 0.3  # from dialling to ringing
RINGS_S = 2.3
SOURCE_PICKS_UP_S = 1.0
TALKS_S = 5.0
SPEAKS_S = 0.07  # a letter of a spoken message
MOST_STEPS = 200  # of one order, in one look
_SANDBOX = re.compile(r"(?:.*[12]000|.*\*00|00)(?P<code>\d{3})")


@dataclass(frozen=True, kw_only=True)
class Script:
    """What a telephone does; seconds count from the dial, ``hangs_up_after_s`` from the answer. None: it does not."""

    rings_s: float | None = SETUP_S
    answers_s: float | None = None
    hangs_up_after_s: float | None = None
    refuses_s: float | None = None
    sip_status: int = 0
    is_silent: bool = False


class SimulatorBackend(Backend):
    """An exchange of no telephones."""

    name: ClassVar[str] = "simulator"
    originates = True
    rings_many = True
    speaks_text = True
    records = True
    hangs_up = True
    transfers = True
    holds = True
    reports_progress = True
    is_simulation = True

    def place(self, order: Order) -> None:
        for leg in [f"s{index}" for index in range(len(order.sources))] or [DESTINATION]:
            self._tell(order.id, Kind.DIALLING, leg)
        self.advance(order.id)

    def advance(self, order_id: UUID) -> None:
        for _ in range(MOST_STEPS):
            known = self.book.load(order_id)
            fact = next_fact(known) if known else None
            if fact is None or fact.at > now():
                return
            self.book.tell(fact)

    def ask(self, order_id: UUID) -> Trace:
        self.advance(order_id)
        known = self.book.load(order_id)
        if known is None or not known.legs:
            return Trace.NONE
        return Trace.LIVE if known.over_at is None else Trace.OVER

    def hang_up(self, order_id: UUID) -> None:
        self.advance(order_id)
        self._tell(order_id, Kind.CANCELLED)
        known = self.book.load(order_id)
        for leg in sorted(flow.unwanted(known)) if known else ():
            self._tell(order_id, Kind.ENDED, leg, outcome=_dropped(known.legs[leg]))  # type: ignore[union-attr]
        self.advance(order_id)

    def hold(self, order_id: UUID) -> None:
        self._talking(order_id)
        self._tell(order_id, Kind.HELD)

    def resume(self, order_id: UUID) -> None:
        self._talking(order_id)
        self._tell(order_id, Kind.RESUMED)

    def transfer(self, order_id: UUID, to: Endpoint, *, instead_of: str) -> None:
        known = self._talking(order_id)
        both = flow.parties(known)
        if instead_of not in (both.near, both.far):
            raise TelephonyError("this leg does not talk")
        new = f"t{sum(role_of(name) == LegRole.TRANSFER for name in known.legs)}"
        self._tell(order_id, Kind.DIALLING, new, endpoint=to, instead_of=instead_of)
        self._tell(order_id, Kind.ENDED, instead_of, outcome=ANSWERED)
        self.advance(order_id)

    def recordings(self) -> Iterator[str]:
        return iter(())  # they are made when they are fetched

    def fetch_recording(self, name: str, into: IO[bytes]) -> int:
        from calls.telephony.tones import write_conversation  # late: numpy is large, and only who fetches needs it

        known = self.book.load(UUID(name))
        if known is None:
            raise TelephonyError("there is no such recording")
        near_speaks, far_speaks = _who_speaks(known)
        return write_conversation(into, round(talk_s(known) * 1000), near_speaks=near_speaks, far_speaks=far_speaks)

    def delete_recording(self, name: str) -> None:
        pass

    def _talking(self, order_id: UUID) -> Known:
        self.advance(order_id)
        known = self.book.load(order_id)
        far = known.legs.get(flow.parties(known).far) if known else None
        if known is None or flow.is_ending(known) or far is None or far.connected_at is None:
            raise TelephonyError("the parties are not talking")
        return known

    def _tell(
        self,
        order_id: UUID,
        kind: Kind,
        leg: str = "",
        *,
        outcome: Outcome | None = None,
        endpoint: Endpoint | None = None,
        instead_of: str = "",
    ) -> bool:
        fact = Progress(
            order_id=order_id, kind=kind, at=now(), leg=leg, outcome=outcome, endpoint=endpoint, instead_of=instead_of
        )
        return self.book.tell(fact)


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def script_of(endpoint: Endpoint, role: LegRole, place: int = 0) -> Script:
    """What the telephone with this number does; ``place`` says which of several sources it is."""
    sandbox = _SANDBOX.fullmatch(endpoint.digits)
    chosen = _sandbox_script(int(sandbox["code"])) if sandbox else None
    if chosen is not None:
        return chosen
    if role == LegRole.SOURCE:
        return Script(answers_s=SOURCE_PICKS_UP_S + 0.2 * place)
    return Script(answers_s=RINGS_S, hangs_up_after_s=TALKS_S)


def _sandbox_script(code: int) -> Script | None:
    kind, seconds = divmod(code, 10)
    match kind:
        case 20 | 22:
            return Script(rings_s=0, answers_s=seconds, is_silent=kind == 22)
        case 21:
            return Script(rings_s=0, answers_s=1, hangs_up_after_s=seconds)
        case 23 | 24:
            return Script(rings_s=0, refuses_s=seconds, sip_status=486 if kind == 23 else 603)
    if code == 100:
        return Script(rings_s=None)
    if code == 180:
        return Script(rings_s=0)
    return Script(rings_s=None, refuses_s=0, sip_status=code) if 400 <= code < 700 else None


def next_fact(known: Known) -> Progress | None:
    """The first thing that happens, or has happened, after what is known; None when nothing will. Pure."""
    if known.over_at is not None:
        return None
    steps = flow.next_steps(known)
    if steps:
        return _fact_of(known, steps[0])
    facts = [fact for name, leg in known.legs.items() if leg.is_open for fact in _facts_of_leg(known, name, leg)]
    if known.message_started_at and not known.message_played_at and known.order.message:
        lasts = timedelta(seconds=1 + SPEAKS_S * len(known.order.message.text))
        facts.append(Progress(order_id=known.order.id, kind=Kind.MESSAGE_PLAYED, at=known.message_started_at + lasts))
    return min(facts, key=lambda fact: fact.at, default=None)


def talk_s(known: Known) -> float:
    """How long the parties have talked."""
    started = min((leg.connected_at for leg in known.legs.values() if leg.connected_at), default=None)
    ended = flow.ended_at(known)
    return max(0.0, (ended - started).total_seconds()) if started and ended else 0.0


def _fact_of(known: Known, step: Step) -> Progress:
    """What a step of the exchange's own comes to, in the moment of what led to it."""
    order_id, at = known.order.id, _latest(known)
    match step.do:
        case Do.CHOOSE:
            return Progress(order_id=order_id, kind=Kind.CHOSEN, leg=step.leg, at=at)
        case Do.DIAL:
            return Progress(order_id=order_id, kind=Kind.DIALLING, leg=step.leg, at=at)
        case Do.DROP:
            return Progress(order_id=order_id, kind=Kind.ENDED, leg=step.leg, at=at, outcome=_dropped(known.legs[step.leg]))
        case Do.PLAY:
            return Progress(order_id=order_id, kind=Kind.MESSAGE_STARTED, at=at)
        case Do.CONNECT:
            return Progress(order_id=order_id, kind=Kind.CONNECTED, leg=step.leg, at=at)
        case Do.FINISH:
            return _end(known, at)


def _end(known: Known, at: datetime) -> Progress:
    if known.order.is_recorded and not known.recording and talk_s(known):
        return Progress(order_id=known.order.id, kind=Kind.RECORDED, at=at, recording=known.order.id.hex)
    return Progress(
        order_id=known.order.id,
        kind=Kind.OVER,
        at=flow.ended_at(known) or at,
        outcome=flow.outcome_of(known),
        billable_ms=flow.billable_ms(known),
    )


def _facts_of_leg(known: Known, name: str, leg: Leg) -> Iterator[Progress]:
    """All that may happen to an open leg; the earliest of them does."""
    order = known.order
    place = int(name[1:]) if role_of(name) == LegRole.SOURCE else 0
    script = script_of(known.endpoint_of(name), role_of(name), place)

    def fact(kind: Kind, seconds: float, since: datetime = leg.dialled_at, outcome: Outcome | None = None) -> Progress:
        status = script.sip_status if outcome and script.sip_status else None
        at = since + timedelta(seconds=seconds)
        return Progress(order_id=order.id, kind=kind, leg=name, at=at, outcome=outcome, sip_status=status)

    if leg.answered_at is None:
        if script.rings_s is not None and leg.ringing_at is None:
            yield fact(Kind.RINGING, script.rings_s)
        if script.answers_s is not None:
            yield fact(Kind.IN_HAND, script.answers_s)
        if script.refuses_s is not None:
            yield fact(Kind.ENDED, script.refuses_s, outcome=of_sip_status(script.sip_status))
        yield fact(Kind.ENDED, order.wait_for_pickup_s, outcome=NO_ANSWER)
        return
    if script.hangs_up_after_s is not None and not (known.is_held or _hears_message(known)):
        since = max(leg.answered_at, leg.connected_at or leg.answered_at, known.message_played_at or leg.answered_at)
        yield fact(Kind.ENDED, script.hangs_up_after_s, since, ANSWERED)
    limit_from = known.legs[DESTINATION].answered_at if DESTINATION in known.legs else None
    if limit_from is not None:
        yield fact(Kind.ENDED, order.max_duration_s, limit_from, ANSWERED)


def _hears_message(known: Known) -> bool:
    return known.order.message is not None and known.message_played_at is None


def _latest(known: Known) -> datetime:
    """The moment of what was told last."""
    if known.is_cancelled:
        return now()  # nobody told when
    moments = [known.message_started_at, known.message_played_at]
    for leg in known.legs.values():
        moments += [leg.dialled_at, leg.ringing_at, leg.answered_at, leg.connected_at, leg.ended_at]
    return max(filter(None, moments), default=now())


def _dropped(leg: Leg) -> Outcome:
    return ANSWERED if leg.answered_at is not None else CANCELLED


def _who_speaks(known: Known) -> tuple[bool, bool]:
    """Whether the near party says anything, and the far one; an announcement has no near one."""
    both = flow.parties(known)
    scripts = [
        script_of(known.endpoint_of(name), role_of(name)) if name in known.legs else None for name in (both.near, both.far)
    ]
    near, far = (script is not None and not script.is_silent for script in scripts)
    return near, far
