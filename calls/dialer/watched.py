"""Calls that an exchange makes or takes on its own, into the log of whose they are."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace

from django.conf import settings

from calls import ledger
from calls.choices import STATE_ORDER, Direction, Disposition, LegRole, Source, State
from calls.drafts import CallDraft, CallProgress, LegDraft, PartyDraft
from calls.errors import CallError
from calls.models import Call, CallLeg, JournalPlace, Line
from calls.telephony.asterisk import Place, WatchedCall, WatchedLeg
from calls.telephony.disposition import Outcome
from contacts.matching import AgentHint
from contacts.phone import LONGEST_TEXT, Number, is_same, read_number
from tenants.models import Tenant

log = logging.getLogger(__name__)

SAME_DIGITS = 7  # what narrows the look-up; the number itself decides
EXCHANGE = "asterisk"


class WatchedCalls:
    """The log, as a watcher of ``server`` sees it."""

    def __init__(self, server: str) -> None:
        self._server = server

    def report(self, call: WatchedCall) -> None:
        """As the contract says; a call that cannot be is left out, so that none keeps the others from being told."""
        try:
            log_watched(call)
        except CallError as error:
            log.warning("a call of the exchange's own cannot be logged: %s", error.code)

    def open_calls(self) -> list[WatchedCall]:
        live = Call.objects.live().filter(source=Source.PBX, external_id__gt="", facts__exchange=EXCHANGE)
        return [_as_watched(call) for call in live.prefetch_related("legs")]

    def load_place(self) -> Place | None:
        row = JournalPlace.objects.filter(pk=self._server).first()
        return Place(file_id=row.file_id, offset=row.offset) if row else None

    def keep_place(self, place: Place) -> None:
        kept = {"file_id": place.file_id, "offset": place.offset}
        if not JournalPlace.objects.filter(pk=self._server, **kept).exists():
            JournalPlace.objects.update_or_create(server=self._server, defaults=kept)


def log_watched(watched: WatchedCall) -> None:
    """Log a call of the exchange's own, or carry it on; told again it changes nothing. Raises ``InvalidCall``."""
    watched = _tidy(watched)
    numbers = [watched.called_number, watched.caller_number, *(leg.number for leg in watched.legs)]
    lines = [line for text in numbers for line in _lines(text)]
    tenant = _owner(lines)
    if tenant is None:
        log.info("a call of the exchange's own belongs to no tenant; see CALLHUB_ARI_TENANT")
        return
    known = Call.objects.for_tenant(tenant).filter(source=Source.PBX, external_id=watched.id).first()
    call = known or ledger.record(tenant, _draft(tenant, watched, lines)).call
    for told in _told(watched):
        ledger.progress(call.pk, told)


def _owner(lines: list[Line]) -> Tenant | None:
    """Whose line took or made it, where that is one tenant's; else the tenant the exchange is set up for."""
    owners = {line.tenant_id: line.tenant for line in lines}
    if len(owners) == 1:
        return next(iter(owners.values()))
    return Tenant.objects.active().filter(slug=settings.CALLHUB_ARI_TENANT).first() if settings.CALLHUB_ARI_TENANT else None


def _lines(text: str) -> list[Line]:
    """The proven lines of the exchange that this number is; each tenant reads it by its own country."""
    digits = re.sub(r"\D", "", text)
    if not digits:
        return []
    proven = Line.objects.proven_on(EXCHANGE)  # anybody can write down a number
    lines = proven.filter(match_key__endswith=digits[-SAME_DIGITS:], tenant__is_active=True)
    return [
        line
        for line in lines.select_related("tenant")
        if is_same(read_number(text, line.tenant.place), Number(e164=line.e164, key=line.match_key))
    ]


def _draft(tenant: Tenant, watched: WatchedCall, lines: list[Line]) -> CallDraft:
    agent_id = next((str(line.agent_id) for line in lines if line.agent_id and line.tenant_id == tenant.pk), "")
    own = read_number(watched.caller_number if watched.direction == Direction.OUTBOUND else watched.called_number, tenant.place)
    return CallDraft(
        source=Source.PBX,
        external_id=watched.id,
        begun=State.RINGING,
        started_at=watched.started_at,
        direction=watched.direction,
        infer_direction=True,
        caller=PartyDraft(number=watched.caller_number, name=watched.caller_name),
        callee=PartyDraft(number=watched.called_number),
        agent=AgentHint(id=agent_id, extension="" if agent_id or not own.is_extension else own.key),
        facts={"exchange": EXCHANGE},
    )


def _tidy(watched: WatchedCall) -> WatchedCall:
    """Without what telephones say of themselves and no log holds."""
    return replace(
        watched,
        id=_text(watched.id),
        caller_number=_text(watched.caller_number),
        caller_name=_text(watched.caller_name),
        called_number=_text(watched.called_number),
        legs=tuple(replace(leg, number=_text(leg.number)) for leg in watched.legs),
    )


def _text(told: str) -> str:
    return "".join(letter for letter in told if letter.isprintable())[:LONGEST_TEXT]


def _told(watched: WatchedCall) -> Iterator[CallProgress]:
    """What to tell of it: each hold, then how far it has come."""
    state = State.ENDED if watched.ended_at else State.IN_PROGRESS if watched.answered_at else State.RINGING
    for hold in watched.holds:
        what = ledger.RESUMED if hold.is_over else ledger.HELD
        yield CallProgress(
            state=min(state, State.IN_PROGRESS, key=STATE_ORDER.index),
            what=what,
            leg=_name_of(watched, hold.channel),
            happened_at=hold.at,
            answered_at=watched.answered_at,
        )
    outcome = watched.outcome
    yield CallProgress(
        state=state,
        what=str(state),
        happened_at=watched.ended_at or watched.answered_at or watched.started_at,
        disposition=outcome.disposition if outcome else Disposition.UNKNOWN,
        disposition_detail=outcome.detail if outcome else "",
        answered_at=watched.answered_at,
        ended_at=watched.ended_at,
        legs=tuple(_leg(leg) for leg in watched.legs),
    )


def _name_of(watched: WatchedCall, channel: str) -> str:
    """Whose telephone it is, as the legs of our own calls are named."""
    places = {leg.id: f"d{position}" for position, leg in enumerate(watched.legs)}
    return places.get(channel, "caller")


def _leg(leg: WatchedLeg) -> LegDraft:
    return LegDraft(
        role=LegRole.DESTINATION,
        party=PartyDraft(number=leg.number),
        disposition=leg.outcome.disposition if leg.outcome else Disposition.UNKNOWN,
        started_at=leg.started_at,
        answered_at=leg.answered_at,
        ended_at=max(leg.ended_at, leg.started_at) if leg.ended_at else None,
    )


def _as_watched(call: Call) -> WatchedCall:
    """A call of the log as a watcher takes it over; its legs' channels are not known any more."""
    return WatchedCall(
        id=call.external_id,
        direction=Direction(call.direction),
        caller_number=call.caller_raw,
        caller_name=call.caller_name,
        called_number=call.callee_raw,
        started_at=call.started_at,
        answered_at=call.answered_at,
        legs=tuple(_leg_as_watched(leg) for leg in call.legs.all()),
    )


def _leg_as_watched(leg: CallLeg) -> WatchedLeg:
    is_told = leg.disposition != Disposition.UNKNOWN
    return WatchedLeg(
        id=f"leg {leg.position}",
        number=leg.number_raw,
        started_at=leg.started_at or leg.created_at,
        answered_at=leg.answered_at,
        ended_at=leg.ended_at,
        outcome=Outcome(Disposition(leg.disposition)) if is_told else None,
    )
