"""Taking an order: everything is judged before anything is written, and everything is written in one transaction."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from callhub import doorbell
from calls import ledger
from calls.choices import Direction, LegRole
from calls.dialer import keeping, limits, numbers
from calls.dialer.backends import backend_of
from calls.dialer.numbers import about
from calls.drafts import CallDraft, CallOrder, LegDraft, PartyDraft
from calls.errors import DialRefused
from calls.models import Call, DialPlan, Line, Origination
from calls.telephony.base import MOST_SOURCES, Backend, CallerId, Endpoint, EndpointKind, Message, Order
from calls.telephony.simulator import SimulatorBackend
from calls.telephony.speech import LONGEST_TEXT
from contacts.matching import AgentHint
from tenants.ids import new_id
from tenants.models import Tenant, User

LONGEST_WAIT_S = 120
RACES = 3  # how often others may be quicker
BELL_LOST_AFTER = timedelta(seconds=3)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """An order that may be carried out."""

    order: Order
    backend: Backend
    plan: DialPlan


def place(tenant: Tenant, wanted: CallOrder, *, actor: User | None = None) -> Origination:
    """Have a call made; the request is durable when this returns, and nothing has been dialled yet.

    The same ``key`` again returns the request that is there. Raises ``DialRefused`` (codes: ``errors.DIAL_CODES``); then nothing
    is left. Inside a transaction of the caller's, the bell rings when that is committed.
    """
    for _ in range(RACES):
        if (first := _repeated(tenant, wanted)) is not None:
            return first
        judged = _judge(tenant, wanted)
        try:
            with transaction.atomic():
                return _write(tenant, wanted, judged, actor)
        except IntegrityError as error:  # a twin was quicker, or what the call belongs to went away: look again
            last = error
            _check_is_there(wanted.line)
    raise last


def check(tenant: Tenant, wanted: CallOrder) -> None:
    """Whether it may be asked for: raises ``DialRefused`` as ``place`` would, before any limit is looked at."""
    _judge(tenant, wanted)


def backend_of_line(line: Line) -> Backend:
    """What makes the line's calls; a sandbox is always played by the simulator."""
    return backend_of(SimulatorBackend.name if line.is_sandbox else line.backend)


def _repeated(tenant: Tenant, wanted: CallOrder) -> Origination | None:
    return Origination.objects.for_tenant(tenant).filter(key=wanted.key).first() if wanted.key else None


# Judging


def _check_is_there(line: Line) -> None:
    if not Line.objects.filter(pk=line.pk).exists():
        with about("line"):
            raise DialRefused("This line makes no calls.", code="line_not_usable")


def _judge(tenant: Tenant, wanted: CallOrder) -> _Judged:
    plan, line = limits.plan_of(tenant), wanted.line
    with about("line"):
        if line.tenant_id != tenant.pk or not line.is_active:
            raise DialRefused("This line makes no calls.", code="line_not_usable")
        backend = _backend(plan, wanted)
    message = _message(wanted, backend)
    order = Order(
        id=new_id(),
        sources=_sources(plan, wanted, backend, message),
        destination=_destination(plan, wanted, backend),
        shown_to_sources=_shown("shown_to_sources", plan, wanted, backend),
        shown_to_destination=_shown("shown_to_destination", plan, wanted, backend),
        wait_for_pickup_s=_wait(wanted),
        max_duration_s=_duration(wanted, plan),
        message=message,
        is_recorded=backend.records and (line.is_recorded if wanted.is_recorded is None else wanted.is_recorded),
    )
    return _Judged(order=order, backend=backend, plan=plan)


def _backend(plan: DialPlan, wanted: CallOrder) -> Backend:
    """What makes the call; one to a sandbox is played, too."""
    if any(numbers.leads_to_sandbox(plan, text) for text in (wanted.destination, *wanted.sources)):
        return backend_of(SimulatorBackend.name)
    return backend_of_line(wanted.line)


def _sources(plan: DialPlan, wanted: CallOrder, backend: Backend, message: Message | None) -> tuple[Endpoint, ...]:
    with about("sources"):
        if not wanted.sources and message is None:
            raise DialRefused("A call needs a telephone to ring first, or a message to say.", code="source_invalid")
        if len(wanted.sources) > MOST_SOURCES:
            raise DialRefused(f"At most {MOST_SOURCES} telephones are rung for a call.", code="too_many_sources")
        if len(wanted.sources) > 1 and not backend.rings_many:
            raise DialRefused("This exchange rings one telephone only.", code="not_offered")
        return tuple(_endpoint(plan, text, "source_invalid", backend) for text in wanted.sources)


def _destination(plan: DialPlan, wanted: CallOrder, backend: Backend) -> Endpoint:
    with about("destination"):
        return _endpoint(plan, wanted.destination, "destination_invalid", backend)


def _endpoint(plan: DialPlan, text: str, code: str, backend: Backend) -> Endpoint:
    endpoint = numbers.endpoint_of(plan, text, code, is_simulation=backend.is_simulation)
    numbers.check_wanted(plan, endpoint)
    return endpoint


def _shown(field: str, plan: DialPlan, wanted: CallOrder, backend: Backend) -> CallerId:
    """The caller as told, else the line's own; nobody, where its number is not proven and people would see it."""
    told, line = getattr(wanted, field), wanted.line
    number = told.number or line.caller_number
    name = told.name if told.number or told.name else line.caller_name
    with about(field):
        if number:
            return numbers.caller_id(plan, number, name, may_be_any=line.shows_any_caller, is_simulation=backend.is_simulation)
        is_shown = backend.is_simulation or line.is_proven
        return numbers.caller_id(plan, line.number if is_shown else "", name, may_be_any=True, is_simulation=True)


def _message(wanted: CallOrder, backend: Backend) -> Message | None:
    text = wanted.message.strip()
    with about("message"):
        if not text:
            return None
        if len(text) > LONGEST_TEXT or _UNSTORABLE.search(text):
            raise DialRefused(f"A message is text of at most {LONGEST_TEXT} characters.", code="message_invalid")
        if not backend.speaks_text:
            raise DialRefused("This exchange does not speak.", code="not_offered")
        return Message(text=text, language=wanted.message_language)


def _wait(wanted: CallOrder) -> int:
    with about("wait_for_pickup_s"):
        if not 1 <= wanted.wait_for_pickup_s <= LONGEST_WAIT_S:
            raise DialRefused(f"A telephone rings between 1 and {LONGEST_WAIT_S} seconds.", code="wait_invalid")
        return wanted.wait_for_pickup_s


def _duration(wanted: CallOrder, plan: DialPlan) -> int:
    longest = min(plan.longest_call_s, plan.minutes_per_day * 60)
    with about("max_duration_s"):
        if wanted.max_duration_s is None:
            return longest
        if wanted.max_duration_s < 1:
            raise DialRefused("A call lasts at least one second.", code="duration_invalid")
        return min(wanted.max_duration_s, longest)


# Writing


def _write(tenant: Tenant, wanted: CallOrder, judged: _Judged, actor: User | None) -> Origination:
    now, order = timezone.now(), judged.order
    call = ledger.open_call(tenant, _draft(wanted, judged, now), actor=actor)
    need = limits.Need(
        legs=len(order.sources) + 1,
        seconds=order.max_duration_s,
        destination=order.destination.digits,
        may_be_less=wanted.max_duration_s is None,
    )
    row = _row(tenant, wanted, judged, call, now)
    row.requester = actor
    taken = limits.take(judged.plan, need, now)  # last, so that others wait as short as may be
    row.reserved_legs, row.reserved_s, row.reserved_on = need.legs, taken.seconds, taken.day
    row.max_duration_s = taken.seconds
    row.order = keeping.order_as_json(replace(order, max_duration_s=taken.seconds))
    row.save(force_insert=True)
    _ring(row)
    return row


def _draft(wanted: CallOrder, judged: _Judged, now: datetime) -> CallDraft:
    line, order = wanted.line, judged.order
    legs = [LegDraft(role=LegRole.SOURCE, party=PartyDraft(number=number)) for number in wanted.sources]
    legs.append(LegDraft(role=LegRole.DESTINATION, party=PartyDraft(number=wanted.destination)))
    return CallDraft(
        source=wanted.door,
        external_id=str(order.id),
        started_at=now,
        direction=Direction.INTERNAL if order.destination.kind is EndpointKind.EXTENSION else Direction.OUTBOUND,
        caller=PartyDraft(number=line.number, name=line.name),
        callee=PartyDraft(number=wanted.destination),
        agent=AgentHint(id=str(line.agent_id or "")),
        facts={"exchange": judged.backend.name},
        document=wanted.document,
        legs=tuple(legs),
    )


def _row(tenant: Tenant, wanted: CallOrder, judged: _Judged, call: Call, now: datetime) -> Origination:
    order = judged.order
    return Origination(
        id=order.id,
        tenant=tenant,
        call=call,
        door=wanted.door,
        line=wanted.line,
        backend=judged.backend.name,
        sources=list(wanted.sources),
        destination=wanted.destination,
        source_caller_name=order.shown_to_sources.name,
        source_caller_number=order.shown_to_sources.number,
        destination_caller_name=order.shown_to_destination.name,
        destination_caller_number=order.shown_to_destination.number,
        wait_for_pickup_s=order.wait_for_pickup_s,
        message=order.message.text if order.message else "",
        is_recorded=order.is_recorded,
        allows_transfer=wanted.allows_transfer,
        nonce=wanted.nonce,
        key=wanted.key,
        document=dict(wanted.document),
        due_at=now + BELL_LOST_AFTER,
    )


def _ring(row: Origination) -> None:
    from calls.tasks import place_call  # late: the tasks call the dialer

    doorbell.ring(place_call, str(row.pk))
