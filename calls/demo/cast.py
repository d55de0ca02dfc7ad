"""Who is in the demo: people with log-ins, centers, agents, lines, companies and contacts."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings

from calls.demo.plan import Place, Plan
from calls.demo.words import PASSWORD_WORDS
from calls.models import Line, Outcome, Tag
from contacts.book import tell, understood
from contacts.choices import Change
from contacts.models import Agent, AgentExtension, Company, Contact, ContactNumber
from contacts.phone import read_number
from tenants.choices import Role
from tenants.models import Center, Tenant, User
from tenants.onboarding import add_member, open_tenant


@dataclass(frozen=True, kw_only=True)
class Login:
    """Somebody who can sign in, and their password, which is known only now."""

    user: User
    role: str
    password: str


@dataclass(frozen=True, kw_only=True)
class Desk:
    """An agent at their phone."""

    agent: Agent
    place: Place
    center: Center
    extension: str


@dataclass(kw_only=True)
class Cast:
    """One tenant and everybody in it. ``twins`` share a number; ``strangers`` are numbers nobody is known by."""

    plan: Plan
    tenant: Tenant
    token: str
    logins: list[Login]
    desks: list[Desk]
    regulars: list[Contact] = field(default_factory=list)
    numbers: dict[Contact, list[str]] = field(default_factory=dict)
    twins: str = ""
    strangers: list[str] = field(default_factory=list)


def new_password() -> str:
    """Two words and four digits: easy to read out, and different in every installation."""
    return f"{secrets.choice(PASSWORD_WORDS)}-{secrets.choice(PASSWORD_WORDS)}-{secrets.randbelow(9000) + 1000}"


def make_cast(plan: Plan, rng: random.Random) -> Cast:
    """Make the tenant and everybody in it."""
    password = new_password()
    opened = open_tenant(
        plan.slug,
        name=plan.name,
        country=plan.country,
        time_zone=plan.zone,
        open_ingest=not settings.PRODUCTION,
        password=password,
    )
    tenant = opened.tenant
    centers = {place: Center(tenant=tenant, name=place.name, external_id=place.name.lower()) for place in plan.places}
    Center.objects.bulk_create(list(centers.values()))
    Tag.objects.bulk_create(Tag(tenant=tenant, name=name, colour=colour) for name, colour in plan.tags.items())
    Outcome.objects.bulk_create(Outcome(tenant=tenant, name=name, position=place) for place, name in enumerate(plan.outcomes, 1))
    desks = _make_desks(plan, tenant, centers, rng)
    _make_lines(tenant, centers, desks)
    logins = [Login(user=opened.owner, role=Role.OWNER, password=password), *_make_logins(plan, tenant, desks, rng)]
    cast = Cast(plan=plan, tenant=tenant, token=opened.token, logins=logins, desks=desks)
    _make_contacts(cast, rng)
    return cast


def _names(plan: Plan, rng: random.Random) -> Iterator[str]:
    pairs = [f"{first} {last}" for first in plan.first_names for last in plan.last_names]
    rng.shuffle(pairs)
    return iter(pairs)


def _make_desks(plan: Plan, tenant: Tenant, centers: dict[Place, Center], rng: random.Random) -> list[Desk]:
    names, desks = _names(plan, rng), []
    for number in range(plan.agents):
        place = plan.places[number % len(plan.places)]
        name = next(names)
        agent = Agent(
            tenant=tenant,
            name=name,
            email=_address(name, plan),
            external_id="987qwe" if plan.knows_max and number == 0 else f"ag-{number + 1}",
            center=centers[place],
        )
        extension = str(place.first_extension + number // len(plan.places))
        desks.append(Desk(agent=agent, place=place, center=centers[place], extension=extension))
    tell(Agent.objects.bulk_create(desk.agent for desk in desks), Change.CREATED)
    AgentExtension.objects.bulk_create(AgentExtension(tenant=tenant, agent=desk.agent, number=desk.extension) for desk in desks)
    return desks


def _make_lines(tenant: Tenant, centers: dict[Place, Center], desks: list[Desk]) -> None:
    lines = [Line(tenant=tenant, number=place.number, name=place.name, center=center) for place, center in centers.items()]
    lines += [Line(tenant=tenant, number=d.extension, name=d.agent.name, agent=d.agent, center=d.center) for d in desks]
    for line in lines:
        read = read_number(line.number, tenant.place)
        line.e164, line.match_key = read.e164, read.key
    Line.objects.bulk_create(lines)


def _make_logins(plan: Plan, tenant: Tenant, desks: list[Desk], rng: random.Random) -> list[Login]:
    """A manager, an agent who sees one center only, and a viewer."""
    people = [(Role.MANAGER, desks[0], None), (Role.AGENT, desks[1], desks[1].center), (Role.VIEWER, None, None)]
    names, logins = _names(plan, rng), []
    for role, desk, center in people:
        first, last = (desk.agent.name if desk else next(names)).split(" ", 1)
        login = Login(
            user=add_member(
                tenant,
                f"{role.value}@{plan.slug}",
                role,
                password=(password := new_password()),
                center=center,
                first_name=first,
                last_name=last,
                email=_address(f"{first} {last}", plan),
            ),
            role=role,
            password=password,
        )
        if desk is not None:
            desk.agent.user = login.user
            desk.agent.save(update_fields=["user", "updated_at"])
        logins.append(login)
    return logins


def _make_contacts(cast: Cast, rng: random.Random) -> None:
    """Companies, contacts and their numbers."""
    plan, tenant = cast.plan, cast.tenant
    companies = [Company(tenant=tenant, name=name, external_id=f"co-{n + 1}") for n, name in enumerate(plan.companies)]
    tell(Company.objects.bulk_create(companies), Change.CREATED)
    pool = [f"{start}{digits:03}" for start, low, high in plan.number_ranges for digits in range(low, high + 1)]
    rng.shuffle(pool)
    names = _names(plan, rng)
    for number in range(plan.contacts):
        name = next(names)
        contact = Contact(
            tenant=tenant,
            name=name,
            email=_address(name, plan) if rng.random() < 0.7 else "",
            external_id="max123" if plan.knows_max and number == 0 else f"p-{number + 1}" if rng.random() < 0.8 else "",
            company=rng.choice(companies) if rng.random() < 0.45 else None,
        )
        cast.regulars.append(contact)
        cast.numbers[contact] = [pool.pop() for _ in range(2 if rng.random() < 0.15 else 1)]
    if plan.knows_max:
        cast.numbers[cast.regulars[0]].append("+4670123456")
    for contact in cast.regulars[-2:]:
        cast.numbers[contact] = [pool[-1]]  # a couple with one telephone: nobody can say which of them called
    cast.twins = pool.pop()
    cast.strangers.extend([*plan.abroad, *(pool.pop() for _ in range(8))])
    tell(Contact.objects.bulk_create(cast.regulars), Change.CREATED)
    labels = ("mobile", "work")
    ContactNumber.objects.bulk_create(
        understood(ContactNumber(tenant=tenant, contact=contact, raw=_as_written(raw, plan, rng), label=labels[position % 2]))
        for contact, numbers in cast.numbers.items()
        for position, raw in enumerate(numbers)
    )


def _as_written(e164: str, plan: Plan, rng: random.Random) -> str:
    """A number the way somebody of that country typed it."""
    if e164.startswith("+1") and plan.country == "US":
        area, rest, last = e164[2:5], e164[5:8], e164[8:]
        return rng.choice([e164, f"({area}) {rest}-{last}", f"{area}-{rest}-{last}", f"+1 {area} {rest} {last}"])
    if e164.startswith("+46") and plan.country == "SE":
        return rng.choice([e164, f"0{e164[3:]}", f"+46 {e164[3:5]} {e164[5:8]} {e164[8:]}", f"0046{e164[3:]}"])
    return e164


def _address(name: str, plan: Plan) -> str:
    plain = name.lower().replace(" ", ".").replace("'", "").translate(str.maketrans("åäöé", "aaoe"))
    return f"{plain}@{plan.slug}.example"
