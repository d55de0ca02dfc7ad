"""Having a call made from a FoneNumber."""

from __future__ import annotations

from django.db import transaction

from calls import dialer
from calls.choices import Source
from calls.dialects.fonestorm.numbers import adopt, find
from calls.dialects.fonestorm.reading import Wanted, spelled
from calls.drafts import CallOrder
from calls.models import Line, Origination
from tenants.authentication import Principal


def make_call(principal: Principal, wanted: Wanted) -> Origination:
    """The request to call, durable. Raises ``Refusal`` (404) and ``DialRefused``; then a new number is not adopted either."""
    line = find(principal, wanted.fonenumber)
    if line is not None:
        return _place(principal, line, wanted)
    with transaction.atomic():
        return _place(principal, adopt(principal, wanted.fonenumber), wanted)


def _place(principal: Principal, line: Line, wanted: Wanted) -> Origination:
    order = CallOrder(
        door=Source.FONESTORM,
        line=line,
        destination=spelled(wanted.to, principal.tenant.country),
        sources=() if wanted.tts else (_telephone_of(line),),
        message=wanted.tts,
        document=wanted.document,
    )
    return dialer.place(principal.tenant, order, actor=principal.user)


def _telephone_of(line: Line) -> str:
    """What is rung first, so that somebody is there when the other side answers."""
    if line.is_phone_terminal or line.agent_id is None:
        return line.number
    terminals = Line.objects.for_tenant(line.tenant).filter(agent=line.agent_id, is_phone_terminal=True, is_active=True)
    theirs = terminals.order_by("number").first()
    return theirs.number if theirs else line.number
