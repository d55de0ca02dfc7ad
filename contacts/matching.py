"""Who was it: find the contact, company and agent of a call, and say how it was found.

Matching never leaves the tenant and never guesses between two: where several contacts fit, all are candidates and none is
taken. Identifiers come first, numbers last; a given id that fits nothing falls through to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from contacts.models import Agent, Company, Contact, ContactNumber
from contacts.phone import Number
from tenants.models import Tenant, User

EXACT, GUESS, SEVERAL, NONE = "exact", "guess", "several", "none"


@dataclass(frozen=True, kw_only=True)
class ContactHint:
    """What a call tells of its outside party: our id, the tenant's own id, a number; failing those, its company."""

    id: str = ""
    external_id: str = ""
    company_id: str = ""
    company_external_id: str = ""

    def as_dict(self) -> dict[str, str]:
        """Only what was given, for keeping with the call."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True, kw_only=True)
class AgentHint:
    """What a call tells of the agent: our id, the tenant's own id, an extension, a name, or the person who logged it."""

    id: str = ""
    external_id: str = ""
    extension: str = ""
    name: str = ""
    user: User | None = None


@dataclass(frozen=True, kw_only=True)
class Match:
    """What was found. ``confidence`` is 1.0 for an id, 0.95 for the very number, 0.6 for equal last digits, 0 for none.

    ``candidates`` are dicts of ``contact`` (id) and ``name`` where several fit.
    """

    contact: Contact | None = None
    company: Company | None = None
    state: str = NONE
    rule: str = ""
    confidence: float = 0.0
    candidates: list[dict[str, Any]] = field(default_factory=list)


def find_contact(tenant: Tenant, number: Number, hint: ContactHint = ContactHint()) -> Match:  # noqa: B008 - frozen
    """The contact of a call by id, external id, number, then the company alone; rules are named in ``Match.rule``."""
    contacts = Contact.objects.for_tenant(tenant).select_related("company")
    if hint.id and (contact := contacts.by_public_id(hint.id)):
        return _exact(contact, "id", 1.0)
    if hint.external_id and (contact := contacts.filter(external_id=hint.external_id).first()):
        return _exact(contact, "external_id", 1.0)
    by_number = _by_number(tenant, number)
    if by_number.contact is not None:
        return by_number
    company = _company(tenant, hint)
    if company is not None:
        return Match(company=company, state=by_number.state, rule="company", candidates=by_number.candidates)
    return by_number


def find_agent(tenant: Tenant, hint: AgentHint) -> Agent | None:
    """The agent by id, external id, extension, or as the person who logged the call; None where none fits."""
    agents = Agent.objects.for_tenant(tenant)
    if hint.id and (agent := agents.by_public_id(hint.id)):
        return agent
    if hint.external_id and (agent := agents.filter(external_id=hint.external_id).first()):
        return agent
    if hint.extension and (agent := agents.filter(extensions__number=hint.extension).first()):
        return agent
    if hint.user is not None and not (hint.id or hint.external_id or hint.extension or hint.name):
        return agents.filter(user=hint.user).first()
    return None


def _by_number(tenant: Tenant, number: Number) -> Match:
    if not number.key:
        return Match()
    rows: Sequence[ContactNumber] = (
        ContactNumber.objects.for_tenant(tenant).filter(match_key=number.key).select_related("contact__company")[:20]
    )
    very = {row.contact_id: row.contact for row in rows if number.e164 and row.e164 == number.e164}
    # Two full numbers that differ (another country, another area) are two subscribers, however alike they end.
    alike = {row.contact_id: row.contact for row in rows if not (number.e164 and row.e164)}
    for found, rule, confidence in ((very, "number", 0.95), (alike, "number_ending", 0.6)):
        if len(found) == 1:
            contact = next(iter(found.values()))
            if rule == "number":
                return _exact(contact, rule, confidence)
            return Match(contact=contact, company=contact.company, state=GUESS, rule=rule, confidence=confidence)
        if found:
            candidates = [{"contact": str(contact.pk), "name": contact.name} for contact in found.values()]
            return Match(state=SEVERAL, rule=rule, candidates=candidates)
    return Match()


def _exact(contact: Contact, rule: str, confidence: float) -> Match:
    return Match(contact=contact, company=contact.company, state=EXACT, rule=rule, confidence=confidence)


def _company(tenant: Tenant, hint: ContactHint) -> Company | None:
    companies = Company.objects.for_tenant(tenant)
    if hint.company_id and (company := companies.by_public_id(hint.company_id)):
        return company
    if hint.company_external_id:
        return companies.filter(external_id=hint.company_external_id).first()
    return None
