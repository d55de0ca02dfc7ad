"""Who was it: find the contact, company and agent of a call, and say how it was found.

Matching never leaves the tenant and never guesses between two: where several contacts fit, all are candidates and none is
taken. Identifiers come first, numbers last; a given id that fits nothing falls through to the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contacts.models import Agent, Company, Contact
from contacts.phone import Number, may_be_same
from tenants.lookup import Answer, Found, Question, ask, known
from tenants.models import Tenant, User

EXACT, GUESS, SEVERAL, NONE = "exact", "guess", "several", "none"
MOST_CANDIDATES = 20
_CONFIDENCE = {EXACT: 0.95, GUESS: 0.6}  # of a number


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
    """The contact of a call by id, external id or number, else the company alone, by its id or its
    number; rules are named in ``Match.rule``."""
    return find_contacts(tenant, [(number, hint)])[0]


def find_contacts(tenant: Tenant, asked: Sequence[tuple[Number, ContactHint]]) -> list[Match]:
    """What ``find_contact`` gives for each, in the same order, with one query for all of them."""
    people = People(tenant, ask(contact_questions(tenant, [number for number, _ in asked], [hint for _, hint in asked])))
    return [people.contact(number, hint) for number, hint in asked]


def find_agent(tenant: Tenant, hint: AgentHint) -> Agent | None:
    """The agent by id, external id, extension, or as the person who logged the call; None where none fits."""
    return find_agents(tenant, [hint])[0]


def find_agents(tenant: Tenant, hints: Sequence[AgentHint]) -> list[Agent | None]:
    """What ``find_agent`` gives for each, in the same order, with one query for all of them."""
    people = People(tenant, ask(agent_questions(tenant, hints)))
    return [people.agent(hint) for hint in hints]


_CONTACT = """
SELECT 'contact', '', c.id, c.id, c.external_id, c.name, '', c.company_id
FROM contacts_contact c
WHERE c.tenant_id = %s"""
_NUMBER = """
SELECT 'number', n.match_key, n.id, c.id, c.external_id, c.name, n.e164, c.company_id
FROM contacts_contactnumber n JOIN contacts_contact c ON c.id = n.contact_id
WHERE n.tenant_id = %s"""
_COMPANY = """
SELECT 'company', '', o.id, o.id, o.external_id, o.name, '', CAST(NULL AS uuid)
FROM contacts_company o WHERE o.tenant_id = %s"""
_COMPANY_NUMBER = """
SELECT 'company-number', o.match_key, o.id, o.id, o.external_id, o.name, o.e164, CAST(NULL AS uuid)
FROM contacts_company o WHERE o.tenant_id = %s"""
_AGENT = """
SELECT 'agent', '', a.id, a.id, a.external_id, a.name, '', a.center_id
FROM contacts_agent a WHERE a.tenant_id = %s"""
_EXTENSION = """
SELECT 'extension', x.number, a.id, a.id, a.external_id, a.name, '', a.center_id
FROM contacts_agentextension x JOIN contacts_agent a ON a.id = x.agent_id WHERE x.tenant_id = %s"""
_LOG_IN = """
SELECT 'log-in', '', a.user_id, a.id, a.external_id, a.name, '', a.center_id
FROM contacts_agent a WHERE a.tenant_id = %s"""


def contact_questions(tenant: Tenant, numbers: Iterable[Number], hints: Collection[ContactHint]) -> list[Question]:
    """What must be asked before ``People.contact`` can say whose numbers and hints these are."""
    contacts, companies = Question(_CONTACT, tenant), Question(_COMPANY, tenant)
    contacts.where_id("c.id", (hint.id for hint in hints)).where("c.external_id", (hint.external_id for hint in hints))
    companies.where_id("o.id", (hint.company_id for hint in hints))
    companies.where("o.external_id", (hint.company_external_id for hint in hints))
    keys = {number.key for number in numbers}
    return [
        contacts,
        companies,
        Question(_NUMBER, tenant).where("n.match_key", keys),
        Question(_COMPANY_NUMBER, tenant).where("o.match_key", keys),
    ]


def agent_questions(tenant: Tenant, hints: Collection[AgentHint]) -> list[Question]:
    """What must be asked before ``People.agent`` can say whom these hints mean."""
    agents = Question(_AGENT, tenant)
    agents.where_id("a.id", (hint.id for hint in hints)).where("a.external_id", (hint.external_id for hint in hints))
    users = (hint.user.pk for hint in hints if hint.user and not _names_agent(hint))
    return [
        agents,
        Question(_EXTENSION, tenant).where("x.number", (hint.extension for hint in hints)),
        Question(_LOG_IN, tenant).where("a.user_id", users),
    ]


class People:
    """The contacts, companies and agents that were found, and the rules by which one of them is whom a call means.

    Rows know their ids, names and what they belong to; all else is fetched when somebody looks at it.
    """

    def __init__(self, tenant: Tenant, answers: Mapping[str, list[Answer]]) -> None:
        self._tenant = tenant
        self._contacts = Found({answer.id: self._contact(answer) for answer in answers.get("contact", ())})
        self._companies = Found({answer.id: self._company(answer) for answer in answers.get("company", ())})
        self._agents = Found({answer.id: self._agent(answer) for answer in answers.get("agent", ())})
        self._by_extension = {answer.asked: self._agent(answer) for answer in answers.get("extension", ())}
        self._by_log_in = {answer.asked_id: self._agent(answer) for answer in answers.get("log-in", ())}
        self._numbers = _by_key(answers.get("number", ()))
        self._company_numbers = _by_key(answers.get("company-number", ()))

    def contact(self, number: Number, hint: ContactHint) -> Match:
        """Whom a number and a hint mean (``find_contact``)."""
        if contact := self._contacts.by_id(hint.id):
            return _exact(contact, "id", 1.0)
        if contact := self._contacts.by_external_id(hint.external_id):
            return _exact(contact, "external_id", 1.0)
        match = self._by_number(number)
        if match.contact is not None:
            return match
        numbered = self._by_company_number(number) if match.state == NONE else match
        company = self._companies.by_id(hint.company_id) or self._companies.by_external_id(hint.company_external_id)
        if company is None or company == numbered.company:
            return numbered
        return replace(match, company=company, rule="company", confidence=0.0)

    def agent(self, hint: AgentHint) -> Agent | None:
        """Whom a hint means (``find_agent``)."""
        return (
            self._agents.by_id(hint.id)
            or self._agents.by_external_id(hint.external_id)
            or self._by_extension.get(hint.extension)
            or (self._by_log_in.get(hint.user.pk) if hint.user and not _names_agent(hint) else None)
        )

    def _by_number(self, number: Number) -> Match:
        found, state = _fitting(self._numbers, number)
        rule = "number" if state == EXACT else "number_ending"
        if len(found) == 1:
            contact, confidence = self._contact(found[0]), _CONFIDENCE[state]
            return Match(
                contact=contact,
                company=contact.company,
                state=state,
                rule=rule,
                confidence=confidence,
            )
        if found:
            candidates = [{"contact": str(row.id), "name": row.name} for row in found]
            return Match(state=SEVERAL, rule=rule, candidates=candidates[:MOST_CANDIDATES])
        return Match()

    def _by_company_number(self, number: Number) -> Match:
        """The one company whose phone it is. Where several have it none is taken, as nobody could
        choose: a person chooses contacts."""
        found, state = _fitting(self._company_numbers, number)
        if len(found) != 1:
            return Match()
        company = self._company(found[0])
        return Match(company=company, state=state, rule="company_number", confidence=_CONFIDENCE[state])

    def _contact(self, answer: Answer) -> Contact:
        contact = known(
            Contact,
            id=answer.id,
            tenant_id=self._tenant.pk,
            external_id=answer.external_id,
            name=answer.name,
            company_id=answer.of_id,
        )
        if answer.of_id:
            contact.company = known(Company, id=answer.of_id, tenant_id=self._tenant.pk)
        return contact

    def _company(self, answer: Answer) -> Company:
        return known(Company, id=answer.id, tenant_id=self._tenant.pk, external_id=answer.external_id, name=answer.name)

    def _agent(self, answer: Answer) -> Agent:
        return known(
            Agent,
            id=answer.id,
            tenant_id=self._tenant.pk,
            external_id=answer.external_id,
            name=answer.name,
            center_id=answer.of_id,
        )


def _by_key(answers: Iterable[Answer]) -> dict[str, list[Answer]]:
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        found.setdefault(answer.asked, []).append(answer)
    return found


def _fitting(numbers: Mapping[str, list[Answer]], number: Number) -> tuple[list[Answer], str]:
    """Whose number it is, each once: the very number (EXACT), else those it may be (GUESS)."""
    rows = numbers.get(number.key, ()) if number.key else ()
    very = {row.id: row for row in rows if number.e164 and row.e164 == number.e164}
    if very:
        return list(very.values()), EXACT
    # Two full numbers that differ (another country, another area) are two subscribers,
    # however alike they end, unless their plan writes one subscriber in two ways.
    alike = {row.id: row for row in rows if may_be_same(number.e164, row.e164)}
    return list(alike.values()), GUESS


def _exact(contact: Contact, rule: str, confidence: float) -> Match:
    return Match(contact=contact, company=contact.company, state=EXACT, rule=rule, confidence=confidence)


def _names_agent(hint: AgentHint) -> bool:
    return bool(hint.id or hint.external_id or hint.extension or hint.name)
