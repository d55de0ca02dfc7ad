"""Writing companies, contacts and agents: the one way numbers are understood, past calls matched anew, and readers told.

Every function tells what it did in its own transaction (``ContactEvent``), so nothing else writes these rows.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models, transaction

from contacts.choices import Change
from contacts.merging import MergePlan, plan_merge
from contacts.models import (
    Agent,
    AgentExtension,
    Company,
    Contact,
    ContactEvent,
    ContactNumber,
    IgnoredNumber,
    RelinkRequest,
)
from contacts.phone import Number, read_number
from tenants.idempotency import forget_answers_about
from tenants.models import Tenant, User


def tell(rows: Iterable[models.Model], change: Change) -> None:
    """Note what happened to companies, contacts or agents, in the transaction in which it did."""
    ContactEvent.objects.bulk_create(ContactEvent.of(row, change) for row in rows)


@transaction.atomic
def save_company(company: Company) -> Company:
    """Save a company and what its phone means; calls that a changed number may concern are
    matched again."""
    change, before = _change_of(company), _stored_number(company)
    number = read_number(company.phone, company.tenant.place) if company.phone else Number()
    company.e164, company.match_key = number.e164, number.key
    company.save()
    if (number.e164, number.key) != before:
        ask_for_relink(company, {(key, "") for key in (before[1], number.key) if key})
    tell([company], change)
    return company


@transaction.atomic
def remove_company(company: Company) -> None:
    """Delete a company; its contacts and calls stay. Gone already is fine."""
    if not _lock(company):
        return
    _, key = _stored_number(company)
    ask_for_relink(company, [(key, "")] if key else [])
    tell(company.contacts.only("id", "tenant"), Change.UPDATED)
    tell([company], Change.DELETED)
    forget_answers_about(company.pk)
    company.delete()


@transaction.atomic
def save_contact(contact: Contact, *, numbers: Iterable[str] | None = None) -> Contact:
    """Save a contact and, where given, make ``numbers`` (any spelling) its whole list; calls it may concern are re-matched."""
    before, change = _known_by(contact), _change_of(contact)
    contact.save()
    if numbers is not None:
        wanted = list(dict.fromkeys(raw.strip() for raw in numbers if raw.strip()))
        contact.numbers.exclude(raw__in=wanted).delete()
        present = set(contact.numbers.values_list("raw", flat=True))
        ContactNumber.objects.bulk_create(
            understood(ContactNumber(tenant_id=contact.tenant_id, contact=contact, raw=raw))
            for raw in wanted
            if raw not in present
        )
    ask_for_relink(contact, before | _known_by(contact))
    tell([contact], change)
    return contact


@transaction.atomic
def save_numbers(contact: Contact, *, changed: Iterable[ContactNumber] = (), removed: Iterable[ContactNumber] = ()) -> None:
    """Save and delete single numbers of a contact, labels and all; calls they may concern are re-matched."""
    before, changed, removed = _known_by(contact), list(changed), list(removed)
    for number in removed:
        number.delete()
    for number in changed:
        understood(number).save()
    ask_for_relink(contact, before | _known_by(contact))
    if changed or removed:
        tell([contact], Change.UPDATED)


@transaction.atomic
def give_number(contact: Contact, number: str, *, alone: bool = False) -> bool:
    """Have a contact known by a number, in any spelling; past calls follow. Whether anything changed.

    With ``alone`` it is taken from every other contact of the tenant that has it, so that there is nothing to choose between.
    """
    read = read_number(number, contact.tenant.place)
    if not read:
        return False
    same = ContactNumber.objects.filter(tenant=contact.tenant_id, match_key=read.key).select_related("contact", "tenant")
    owned = [row for row in same if not (read.e164 and row.e164) or row.e164 == read.e164]
    others = [row for row in owned if row.contact_id != contact.pk] if alone else []
    for row in others:
        save_numbers(row.contact, removed=[row])
    is_new = all(row.contact_id != contact.pk for row in owned)
    if is_new:
        save_numbers(contact, changed=[ContactNumber(tenant=contact.tenant, contact=contact, raw=read.e164 or read.raw[:64])])
    return is_new or bool(others)


def ignore_number(tenant: Tenant, number: str, *, actor: User | None) -> None:
    """Do not offer a number any more as one that wants a contact; ignored already is fine."""
    read = read_number(number, tenant.place)
    row = IgnoredNumber(tenant=tenant, number=read.e164 or read.raw[:64], match_key=read.key, ignored_by=actor)
    IgnoredNumber.objects.bulk_create([row], ignore_conflicts=True)


def notice_number(tenant: Tenant, number: str) -> None:
    """Offer it again."""
    IgnoredNumber.objects.filter(tenant=tenant, match_key=read_number(number, tenant.place).key).delete()


@transaction.atomic
def remove_contact(contact: Contact) -> None:
    """Delete a contact; its calls stay and are matched anew. Gone already is fine."""
    if not _lock(contact):
        return
    ask_for_relink(contact, _known_by(contact))
    tell([contact], Change.DELETED)
    forget_answers_about(contact.pk)
    contact.delete()


@transaction.atomic
def merge_contacts(kept: Contact, gone: Contact) -> MergePlan:
    """Make one contact of two, as ``plan_merge`` says, and give what was done. It cannot be undone.

    What ``gone`` had is ``kept``'s at once; its past calls follow in the background, and then it is removed. Raises
    ``CannotMerge`` where the two are no pair (any more).
    """
    locked = Contact.objects.select_for_update(of=("self",)).filter(pk__in=[kept.pk, gone.pk]).order_by("pk")
    rows = {row.pk: row for row in locked.select_related("company", "tenant")}
    plan = plan_merge(rows.get(kept.pk), rows.get(gone.pk))
    known = _known_by(plan.kept) | _known_by(plan.gone)
    ContactNumber.objects.filter(pk__in=[number.pk for number in plan.numbers]).update(contact=plan.kept)
    plan.gone.numbers.filter(pk__in=[number.pk for number in plan.doubles]).delete()
    Contact.objects.filter(pk=plan.gone.pk).update(external_id="", source_id="")  # before another contact has them
    for name, value in plan.taken.items():
        setattr(plan.kept, name, value)
    plan.kept.save()
    RelinkRequest.objects.create(tenant_id=plan.kept.tenant_id, moved_from=plan.gone, moved_to=plan.kept)
    ask_for_relink(plan.kept, known | _known_by(plan.kept))
    tell([plan.kept, plan.gone], Change.UPDATED)
    return plan


@transaction.atomic
def save_agent(agent: Agent, *, extensions: Iterable[str] | None = None) -> Agent:
    """Save an agent and, where given, make ``extensions`` its whole list. Another agent's extension is an ``IntegrityError``."""
    change = _change_of(agent)
    agent.save()
    if extensions is not None:
        wanted = list(dict.fromkeys(extensions))
        agent.extensions.exclude(number__in=wanted).delete()
        present = set(agent.extensions.values_list("number", flat=True))
        AgentExtension.objects.bulk_create(
            AgentExtension(tenant_id=agent.tenant_id, agent=agent, number=number) for number in wanted if number not in present
        )
    tell([agent], change)
    return agent


@transaction.atomic
def save_extensions(agent: Agent, *, changed: Iterable[AgentExtension] = (), removed: Iterable[AgentExtension] = ()) -> None:
    """Save and delete single extensions of an agent. Another agent's extension is an ``IntegrityError``."""
    changed, removed = list(changed), list(removed)
    for extension in removed:
        extension.delete()
    for extension in changed:
        extension.save()
    if changed or removed:
        tell([agent], Change.UPDATED)


@transaction.atomic
def remove_agent(agent: Agent) -> None:
    """Delete an agent; their calls stay. Gone already is fine."""
    if not _lock(agent):
        return
    tell([agent], Change.DELETED)
    forget_answers_about(agent.pk)
    agent.delete()


def understood(number: ContactNumber) -> ContactNumber:
    """Fill a number's E.164 form and match key from its text and its tenant's country."""
    read = read_number(number.raw, number.tenant.place)
    number.e164, number.match_key = read.e164, read.key
    return number


def ask_for_relink(of: Contact | Company, known: Iterable[tuple[str, str]]) -> None:
    """Note which calls must be matched anew, as (match key, external id) pairs; the sweeper does it within seconds."""
    RelinkRequest.objects.bulk_create(
        RelinkRequest(tenant_id=of.tenant_id, match_key=key, external_id=external) for key, external in known
    )


def _change_of(row: models.Model) -> Change:
    return Change.CREATED if row._state.adding else Change.UPDATED


def _lock(row: models.Model) -> bool:
    """A call being logged for them waits, and finds them gone; False where somebody else was quicker."""
    return type(row)._default_manager.select_for_update().filter(pk=row.pk).first() is not None


def _stored_number(company: Company) -> tuple[str, str]:
    """The E.164 form and the match key that the database has of a company's phone."""
    if company._state.adding:
        return "", ""
    rows = Company.objects.filter(pk=company.pk).values_list("e164", "match_key")
    return rows.first() or ("", "")


def _known_by(contact: Contact) -> set[tuple[str, str]]:
    if contact._state.adding:
        return {("", contact.external_id)} if contact.external_id else set()
    keys = {(key, "") for key in contact.numbers.values_list("match_key", flat=True) if key}
    stored = Contact.objects.filter(pk=contact.pk).values_list("external_id", flat=True).first()
    return keys | {("", external) for external in (stored, contact.external_id) if external}
