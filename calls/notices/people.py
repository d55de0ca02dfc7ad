"""Who is to be told: people who want a mail of this kind and have an address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from contacts.models import Agent
from tenants.choices import Role
from tenants.models import Membership, Tenant, User


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with an address; ``user`` is None for an agent without a log-in."""

    address: str
    user: User | None = None

    @property
    def key(self) -> str:
        """Who it is, also after a change of the address."""
        return str(self.user.pk) if self.user else self.address.lower()


def readers_of_digest(tenant: Tenant) -> list[Person]:
    """Owners unless they do not want it, and whoever wants it."""
    wanted = Q(mails_digest=True) | Q(mails_digest__isnull=True, role=Role.OWNER)
    return _people(Membership.objects.filter(wanted, tenant=tenant))


def owners(tenant: Tenant) -> list[Person]:
    """Owners who want to be warned."""
    return _people(Membership.objects.filter(tenant=tenant, role=Role.OWNER, mails_warnings=True))


def oldest_place(user_id: UUID) -> tuple[UUID, Person] | None:
    """A person with an address, and the open tenant they have been a member of longest; None where either is missing."""
    rows = Membership.objects.filter(user=user_id, tenant__is_active=True).order_by("created_at", "pk")
    return next(((row.tenant_id, person) for row in rows[:1] for person in _people(rows.filter(pk=row.pk))), None)


def agents_to_tell() -> dict[UUID, Person]:
    """By agent, who is told of the calls they miss: the person's own choice, else what the agent's page says."""
    own = Membership.objects.filter(user=OuterRef("user"), tenant=OuterRef("tenant"))
    agents = Agent.objects.filter(is_active=True, tenant__is_active=True).filter(
        Exists(own.filter(mails_missed_calls=True)) | (Q(mails_missed_calls=True) & ~Exists(own.filter(mails_missed_calls=False)))
    )
    members = agents.annotate(is_member=Exists(own)).select_related("user")
    found = {agent.pk: _person(agent, is_member=agent.is_member) for agent in members}
    return {pk: person for pk, person in found.items() if person is not None}


def _person(agent: Agent, *, is_member: bool) -> Person | None:
    user = agent.user if is_member and agent.user and agent.user.is_active else None
    address = (user.email if user else "") or agent.email
    return Person(address=address, user=user) if address else None


def _people(rows: Iterable[Membership]) -> list[Person]:
    members = rows.filter(user__is_active=True).exclude(user__email="").select_related("user")  # type: ignore[attr-defined]
    return [Person(address=member.user.email, user=member.user) for member in members]
