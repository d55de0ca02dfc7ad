"""Calls that an exchange makes or takes on its own, into the log of whose they are."""

from __future__ import annotations

import logging
import re

from django.conf import settings

from calls import ledger
from calls.choices import Direction, Disposition, LegRole, Source, State
from calls.drafts import CallDraft, CallProgress, LegDraft, PartyDraft
from calls.models import Call, Line
from calls.telephony.asterisk import WatchedCall
from calls.telephony.asterisk.watching import WatchedLeg
from contacts.matching import AgentHint
from contacts.phone import Number, is_same, read_number
from tenants.models import Tenant

log = logging.getLogger(__name__)

SAME_DIGITS = 7  # what narrows the look-up; the number itself decides


def log_watched(watched: WatchedCall) -> None:
    """Log a call of the exchange's own, or carry it on; told again it changes nothing."""
    numbers = [watched.called_number, watched.caller_number, *(leg.number for leg in watched.legs)]
    lines = [line for text in numbers for line in _lines(text)]
    tenant = _owner(lines)
    if tenant is None:
        log.info("a call of the exchange's own belongs to no tenant; see CALLHUB_ARI_TENANT")
        return
    known = Call.objects.for_tenant(tenant).filter(source=Source.PBX, external_id=watched.id).first()
    call = known or ledger.record(tenant, _draft(tenant, watched, lines)).call
    ledger.progress(call.pk, _progress(watched))


def _owner(lines: list[Line]) -> Tenant | None:
    """Whose line took or made it, where that is one tenant's; else the tenant the exchange is set up for."""
    owners = {line.tenant_id: line.tenant for line in lines}
    if len(owners) == 1:
        return next(iter(owners.values()))
    return Tenant.objects.active().filter(slug=settings.CALLHUB_ARI_TENANT).first() if settings.CALLHUB_ARI_TENANT else None


def _lines(text: str) -> list[Line]:
    """The exchange's lines that this number is; each tenant reads it by its own country."""
    digits = re.sub(r"\D", "", text)
    if not digits:
        return []
    lines = Line.objects.filter(backend="asterisk", match_key__endswith=digits[-SAME_DIGITS:], tenant__is_active=True)
    return [
        line
        for line in lines.select_related("tenant")
        if is_same(read_number(text, line.tenant.country), Number(e164=line.e164, key=line.match_key))
    ]


def _draft(tenant: Tenant, watched: WatchedCall, lines: list[Line]) -> CallDraft:
    agent_id = next((str(line.agent_id) for line in lines if line.agent_id and line.tenant_id == tenant.pk), "")
    own = watched.caller_number if watched.direction == Direction.OUTBOUND else watched.called_number
    return CallDraft(
        source=Source.PBX,
        external_id=watched.id,
        begun=State.RINGING,
        started_at=watched.started_at,
        direction=watched.direction,
        infer_direction=True,
        caller=PartyDraft(number=watched.caller_number, name=watched.caller_name),
        callee=PartyDraft(number=watched.called_number),
        agent=AgentHint(id=agent_id, extension="" if agent_id else read_number(own, tenant.country).key),
        facts={"exchange": "asterisk"},
    )


def _progress(watched: WatchedCall) -> CallProgress:
    outcome = watched.outcome
    state = State.ENDED if watched.ended_at else State.IN_PROGRESS if watched.answered_at else State.RINGING
    return CallProgress(
        state=state,
        what=str(state),
        happened_at=watched.ended_at or watched.answered_at or watched.started_at,
        disposition=outcome.disposition if outcome else Disposition.UNKNOWN,
        disposition_detail=outcome.detail if outcome else "",
        answered_at=watched.answered_at,
        ended_at=watched.ended_at,
        legs=tuple(_leg(leg) for leg in watched.legs),
    )


def _leg(leg: WatchedLeg) -> LegDraft:
    return LegDraft(
        role=LegRole.DESTINATION,
        party=PartyDraft(number=leg.number),
        disposition=leg.outcome.disposition if leg.outcome else Disposition.UNKNOWN,
        started_at=leg.started_at,
        answered_at=leg.answered_at,
        ended_at=leg.ended_at,
    )
