"""Who may be told, of what, and what was mailed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.core import mail

from calls.choices import Disposition
from contacts.matching import AgentHint
from tenants.models import Membership
from tests.make import make_call
from tests.tenants.admin_walk import staff

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # 13:00 in Stockholm
NUMBER = "+46701234567"


def missed(tenant, agent=None, *, ago=timedelta(minutes=2), at=None, **draft):
    """A call nobody took."""
    hint = AgentHint(id=str(agent.pk)) if agent else AgentHint()
    started_at = at or datetime.now(UTC) - ago
    facts = {"seconds": 20, "disposition": Disposition.NO_ANSWER, "agent": hint, **draft}
    return make_call(tenant, facts.pop("number", NUMBER), started_at=started_at, **facts)


def member(tenant, role="agent", **wishes):
    """A member who may sign in, with an address and wishes."""
    user = staff(tenant, role, email=f"{role}@example.com")
    Membership.objects.filter(tenant=tenant, user=user).update(**wishes)
    return user


def told():
    """To whom, and what about."""
    return [(message.to[0], message.subject) for message in mail.outbox]
