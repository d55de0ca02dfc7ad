"""Who was it: find the contact, company and agent of a call, and say how it was found.

Matching never leaves the tenant and never guesses between two: where several contacts fit, all are candidates and none is
taken. Identifiers come first, numbers last; a given id that fits nothing falls through to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from contacts.models import Agent, AgentExtension, Company, Contact, ContactNumber
from contacts.phone import Number
from tenants.models import Tenant, User

EXACT, GUESS, SEVERAL, NONE = "exact", "guess", "several", "none"
MOST_CANDIDATES = 20


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


def find_contact(tenant: Tenant, number: Number, hint: ContactHint = ContactHint()) -> Match:
    """The contact of a call by id, external id, number, then the company alone; rules are named in ``Match.rule``."""
    return find_contacts(tenant, [(number, hint)])[0]


def find_contacts(tenant: Tenant, asked: Sequence[tuple[Number, ContactHint]]) -> list[Match]:
    """What ``find_contact`` gives for each, in the same order, with a handful of queries for all of them."""
    contacts = Contact.objects.for_tenant(tenant).select_related("company")
    by_id = contacts.by_public_ids(hint.id for _, hint in asked)
    by_external_id = _by_external_id(contacts, (hint.external_id for _, hint in asked if hint.id not in by_id))
    named = [_named(hint, by_id, by_external_id) for _, hint in asked]
    rows = _rows_by_key(tenant, {number.key for (number, _), match in zip(asked, named, strict=True) if match is None})
    found = [match or _by_number(number, rows.get(number.key, [])) for (number, _), match in zip(asked, named, strict=True)]
    companies = _companies(tenant, [hint for (_, hint), match in zip(asked, found, strict=True) if match.contact is None])
    return [
        _with_company(match, companies.get(hint)) if match.contact is None else match
        for (_, hint), match in zip(asked, found, strict=True)
    ]


def find_agent(tenant: Tenant, hint: AgentHint) -> Agent | None:
    """The agent by id, external id, extension, or as the person who logged the call; None where none fits."""
    return find_agents(tenant, [hint])[0]


def find_agents(tenant: Tenant, hints: Sequence[AgentHint]) -> list[Agent | None]:
    """What ``find_agent`` gives for each, in the same order, with at most four queries for all of them."""
    agents = Agent.objects.for_tenant(tenant)
    by_id = agents.by_public_ids(hint.id for hint in hints)
    rest = [hint for hint in hints if hint.id not in by_id]
    by_external_id = _by_external_id(agents, (hint.external_id for hint in rest))
    rest = [hint for hint in rest if hint.external_id not in by_external_id]
    by_extension = _by_extension(tenant, {hint.extension for hint in rest if hint.extension})
    users = {hint.user for hint in rest if hint.user and not _names_agent(hint)}
    by_user = {agent.user_id: agent for agent in agents.filter(user__in=users)} if users else {}
    return [
        by_id.get(hint.id)
        or by_external_id.get(hint.external_id)
        or by_extension.get(hint.extension)
        or (by_user.get(hint.user.pk) if hint.user and not _names_agent(hint) else None)
        for hint in hints
    ]


def _named(hint: ContactHint, by_id: dict[str, Contact], by_external_id: dict[str, Contact]) -> Match | None:
    if hint.id in by_id:
        return _exact(by_id[hint.id], "id", 1.0)
    if hint.external_id in by_external_id:
        return _exact(by_external_id[hint.external_id], "external_id", 1.0)
    return None


def _rows_by_key(tenant: Tenant, keys: set[str]) -> dict[str, list[ContactNumber]]:
    found: dict[str, list[ContactNumber]] = {}
    numbers = ContactNumber.objects.for_tenant(tenant).select_related("contact__company").order_by("created_at", "id")
    for row in numbers.filter(match_key__in=keys - {""}) if keys - {""} else ():
        found.setdefault(row.match_key, []).append(row)
    return found


def _by_number(number: Number, rows: Iterable[ContactNumber]) -> Match:
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
            return Match(state=SEVERAL, rule=rule, candidates=candidates[:MOST_CANDIDATES])
    return Match()


def _exact(contact: Contact, rule: str, confidence: float) -> Match:
    return Match(contact=contact, company=contact.company, state=EXACT, rule=rule, confidence=confidence)


def _companies(tenant: Tenant, hints: Sequence[ContactHint]) -> dict[ContactHint, Company]:
    companies = Company.objects.for_tenant(tenant)
    by_id = companies.by_public_ids(hint.company_id for hint in hints)
    by_external_id = _by_external_id(companies, (hint.company_external_id for hint in hints if hint.company_id not in by_id))
    found = {hint: by_id.get(hint.company_id) or by_external_id.get(hint.company_external_id) for hint in hints}
    return {hint: company for hint, company in found.items() if company is not None}


def _with_company(match: Match, company: Company | None) -> Match:
    if company is None:
        return match
    return Match(company=company, state=match.state, rule="company", candidates=match.candidates)


def _by_external_id(rows: QuerySet[Any], ids: Iterable[str]) -> dict[str, Any]:
    wanted = set(ids) - {""}
    return {row.external_id: row for row in rows.filter(external_id__in=wanted)} if wanted else {}


def _by_extension(tenant: Tenant, extensions: set[str]) -> dict[str, Agent]:
    if not extensions:
        return {}
    rows = AgentExtension.objects.for_tenant(tenant).filter(number__in=extensions).select_related("agent")
    return {row.number: row.agent for row in rows}


def _names_agent(hint: AgentHint) -> bool:
    return bool(hint.id or hint.external_id or hint.extension or hint.name)
