"""Companies, contacts, agents, centers, lines, tags, outcomes."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError

from calls.api.authentication import MANAGERS
from calls.api.filters.rows import (
    AgentFilters,
    CenterFilters,
    CompanyFilters,
    ContactFilters,
    LineFilters,
    OutcomeFilters,
    TagFilters,
)
from calls.api.pagination import Sort
from calls.api.serializers.people import AgentDocument, CompanyDocument, ContactDocument
from calls.api.serializers.places import CenterDocument, LineDocument, OutcomeDocument, TagDocument
from calls.api.views.resource import STAMP_SORTS, Resource
from calls.models import Line, Outcome, Tag
from contacts.book import remove_agent, remove_company, remove_contact, save_agent, save_company, save_contact
from contacts.models import Agent, Company, Contact
from contacts.phone import read_number
from tenants.choices import Role
from tenants.models import Center


class Companies(Resource):
    """Organisations that contacts belong to."""

    model, document_class, filterset_class = Company, CompanyDocument, CompanyFilters
    noun = ("company", "companies")

    def save(self, row: Company, values: dict[str, Any]) -> None:
        save_company(row)

    def erase(self, row: Company) -> None:
        remove_company(row)


class Contacts(Resource):
    """People outside the tenant who call or are called; calls are matched to them by id or number."""

    model, document_class, filterset_class = Contact, ContactDocument, ContactFilters
    noun = ("contact", "contacts")
    related = ("numbers",)

    def save(self, row: Contact, values: dict[str, Any]) -> None:
        save_contact(row, numbers=values.get("numbers"))

    def erase(self, row: Contact) -> None:
        remove_contact(row)


class Agents(Resource):
    """The tenant's own people at the phones. Managers and owners change them."""

    model, document_class, filterset_class = Agent, AgentDocument, AgentFilters
    noun = ("agent", "agents")
    related = ("extensions",)
    change_roles = MANAGERS
    conflict_detail = "Another agent has one of these extensions or ids already."

    def save(self, row: Agent, values: dict[str, Any]) -> None:
        save_agent(row, extensions=values.get("extensions"))

    def erase(self, row: Agent) -> None:
        remove_agent(row)


class Centers(Resource):
    """Places calls are answered at. Managers and owners change them."""

    model, document_class, filterset_class = Center, CenterDocument, CenterFilters
    noun = ("center", "centers")
    change_roles = MANAGERS


class Lines(Resource):
    """The tenant's own numbers and extensions; they never match as contacts. Managers and owners change them."""

    model, document_class, filterset_class = Line, LineDocument, LineFilters
    noun = ("line", "lines")
    sorts = {"number": Sort(field="number"), "name": Sort(field="name"), **STAMP_SORTS}
    default_sort = "number"
    change_roles = MANAGERS

    def save(self, row: Line, values: dict[str, Any]) -> None:
        read = read_number(row.number, self.principal.tenant.place)
        if not read:
            raise ValidationError({"number": ["This is not a phone number or extension."]})
        row.renumber(read)
        row.save()


class Tags(Resource):
    """Words staff put on calls."""

    model, document_class, filterset_class = Tag, TagDocument, TagFilters
    noun = ("tag", "tags")


class Outcomes(Resource):
    """What a conversation came to, in the tenant's own words: what staff choose from. Owners change them."""

    model, document_class, filterset_class = Outcome, OutcomeDocument, OutcomeFilters
    noun = ("outcome", "outcomes")
    sorts = {"position": Sort(field="position"), **Resource.sorts}
    change_roles = (Role.OWNER,)
    erase_roles = (Role.OWNER,)
