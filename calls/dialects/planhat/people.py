"""What calls are matched with, in Planhat's documents: end users, companies and users (our contacts, companies and agents).

One ``Kind`` each. Fields without a column here are kept and echoed; null or an empty text clears a field that has one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from calls.body import check_text
from calls.dialects.base import Refusal
from calls.dialects.planhat.errors import bad_field
from calls.dialects.planhat.values import iso, text
from calls.dialects.planhat.vocabulary import OURS
from contacts.book import remove_agent, remove_company, remove_contact, save_agent, save_company, save_contact
from contacts.models import Agent, Company, Contact
from contacts.models.base import KnownElsewhere
from tenants.authentication import Principal
from tenants.choices import Act, Role
from tenants.ids import short_id
from tenants.models import Tenant
from tenants.scoping import TenantQuerySet

_PATH_IDS = {"extid-": "external_id", "srcid-": "source_id"}
_BETWEEN_NUMBERS = re.compile(r"[;,\n]+")
MOST_NUMBERS = 20


class Kind:
    """One kind of record: how it is found, read, written and rendered."""

    noun: ClassVar[str]
    model: ClassVar[type[KnownElsewhere]]
    columns: ClassVar[dict[str, str]]  # Planhat's name → our column of text, beside the ids
    filters: ClassVar[dict[str, str]]  # query parameter → look-up
    name_fields: ClassVar[tuple[str, ...]]  # what a record without a name is called by, the best first
    sorts: ClassVar[dict[str, str]] = {
        "_id": "id",
        "createDate": "created_at",
        "externalId": "external_id",
        "name": "name",
        "sourceId": "source_id",
    }
    write_role: ClassVar[Role] = Role.AGENT
    ids: ClassVar[dict[str, str]] = {"sourceId": "source_id", "externalId": "external_id"}  # in the order they are matched by

    def rows(self, tenant: Tenant) -> TenantQuerySet[Any]:
        """The tenant's records, with what rendering them needs."""
        return self.model._default_manager.for_tenant(tenant)

    def seen_by(self, principal: Principal) -> TenantQuerySet[Any]:
        """The records this party may read."""
        return self.rows(principal.tenant).within_reach_of(principal)

    def require(self, principal: Principal, act: Act, record: Any) -> None:
        """403 unless the party may do this to the record as it is now."""
        role = Role.MANAGER if act == Act.DELETE else self.write_role
        if not principal.is_at_least(role) or not record.is_open_to(principal.center_id, act):
            raise Refusal(403, "forbidden", "Your role, or the center you are limited to, does not allow this.")

    def new(self, principal: Principal) -> Any:
        """An unsaved record. Raises 403 for who may add none."""
        record = self.model(tenant=principal.tenant)
        self.require(principal, Act.ADD, record)
        return record

    def find(self, tenant: Tenant, name: str) -> Any | None:
        """The record of a path or reference: our id, ``extid-…`` or ``srcid-…``; None where there is none."""
        return find_among(self.rows(tenant), name)

    def locked(self, record: Any) -> Any:
        """The record as it is now, nobody else's to change until the transaction ends; a stale one would undo others' changes.

        Raises ``Refusal`` where it is gone.
        """
        now = self.rows(record.tenant).select_for_update(of=("self",)).filter(pk=record.pk).first()
        if now is None:
            raise self._changed()
        now.tenant = record.tenant
        return now

    def fill(self, record: Any, body: Mapping[str, Any]) -> list[str] | None:
        """Put what a document tells into a record; raises ``InvalidCall`` or ``Refusal`` naming the field.

        Returns the phone numbers it is to have, None where they stay as they are.
        """
        old_name = _full_name(record.extra)
        for name, column in {**self.ids, **self.columns}.items():
            if name in body:
                setattr(record, column, text(body, name, longest=2000))
        taken = OURS | self.ids.keys() | self.columns.keys() | {"name"}
        record.extra = {**record.extra, **{name: value for name, value in body.items() if name not in taken}}
        given = text(body, "name", longest=2000)
        if given or not record.name or record.name == old_name:
            record.name = given or _full_name(record.extra) or record.name or self._stand_in(body)
        return None

    def state(self, record: Any) -> tuple[Any, ...]:
        """What a change is seen by."""
        return (record.name, record.extra, *(getattr(record, name) for name in (*self.ids.values(), *self.columns.values())))

    def save(self, record: Any, numbers: list[str] | None = None) -> None:
        """Write a filled record and its numbers; raises ``Refusal`` naming the field that is too long, malformed or taken."""
        columns = {column: name for name, column in {**self.ids, **self.columns, "name": "name"}.items()}
        others = {field.name for field in record._meta.fields if field.name not in columns}
        try:
            record.clean_fields(exclude=others)
        except ValidationError as error:
            column, messages = next(iter(error.message_dict.items()))
            raise bad_field(columns[column], " ".join(messages)) from error
        try:
            with transaction.atomic():
                self.write(record, numbers)
        except IntegrityError as error:
            raise self._taken(record) from error

    def write(self, record: Any, numbers: list[str] | None) -> None:
        """The writing itself."""
        raise NotImplementedError  # each kind of record goes through its own function of the contacts' book

    def remove(self, record: Any) -> None:
        """Delete a record; its calls stay, and one being logged waits and finds it gone."""
        raise NotImplementedError  # what a contact, a company and an agent leave behind differs

    def document(self, record: Any) -> dict[str, Any]:
        """A record as Planhat writes it."""
        told = {name: getattr(record, column) for name, column in {**self.ids, **self.columns}.items()}
        return {
            "_id": short_id(record.pk),
            "name": record.name,
            **{name: value for name, value in told.items() if value},
            "createDate": iso(record.created_at),
            "updateDate": iso(record.updated_at),
            **{name: value for name, value in record.extra.items() if name not in OURS},
        }

    def _stand_in(self, body: Mapping[str, Any]) -> str:
        stand_in = next((told for name in self.name_fields if (told := text(body, name, longest=2000))), "")
        if not stand_in:
            accepted = ", ".join(("name", *self.name_fields))
            raise bad_field("name", f"one of {accepted} is required.", code="required")
        return stand_in[:200]

    def _taken(self, record: Any) -> Exception:
        for name, column in self.ids.items():
            value = getattr(record, column)
            if value and self.rows(record.tenant).filter(**{column: value}).exclude(pk=record.pk).exists():
                return bad_field(name, f"another {self.noun} has it already.", code="duplicate")
        return self._changed()

    def _changed(self) -> Exception:
        return bad_field("_id", f"the {self.noun} was changed just now; send it again.", code="changed_meanwhile")


class EndUsers(Kind):
    """Contacts. ``phone`` is free text of one or more numbers; numbers that staff added here stay."""

    noun = "end user"
    model = Contact
    columns: ClassVar = {"email": "email"}
    filters: ClassVar = {"email": "email__iexact", "externalId": "external_id", "sourceId": "source_id"}
    sorts: ClassVar = {**Kind.sorts, "email": "email"}
    name_fields = ("firstName", "lastName", "email", "phone", "externalId", "sourceId")

    def rows(self, tenant: Tenant) -> TenantQuerySet[Any]:
        return super().rows(tenant).select_related("company").prefetch_related("numbers")

    def fill(self, record: Contact, body: Mapping[str, Any]) -> list[str] | None:
        told_before = _numbers(record.extra.get("phone"))
        super().fill(record, {name: value for name, value in body.items() if name != "companyId"})
        if "companyId" in body:
            record.company = self._company(record.tenant, text(body, "companyId"))
        if "phone" not in body:
            return None
        record.extra["phone"] = text(body, "phone", longest=2000)
        told, present = _checked_numbers(record.extra["phone"]), _present(record)
        wanted = [*told, *(raw for raw in present if raw not in told_before and raw not in told)]
        return wanted if set(wanted) != set(present) else None

    def state(self, record: Contact) -> tuple[Any, ...]:
        return (*super().state(record), record.company_id)

    def write(self, record: Contact, numbers: list[str] | None) -> None:
        save_contact(record, numbers=numbers)
        record._prefetched_objects_cache = {}  # type: ignore[attr-defined]  # the numbers are read anew

    def remove(self, record: Contact) -> None:
        remove_contact(record)

    def document(self, record: Contact) -> dict[str, Any]:
        document = {**super().document(record), "phone": self._phone(record)}
        if record.company is not None:
            document |= {"companyId": short_id(record.company.pk), "companyName": record.company.name}
        return {name: value for name, value in document.items() if name != "phone" or value}

    def _phone(self, record: Contact) -> str:
        """The text as told while its numbers are still there, else the numbers that are."""
        present, told = _present(record), _numbers(record.extra.get("phone"))
        left = [raw for raw in told if raw in present]
        return str(record.extra["phone"]) if told and left == told else ", ".join(left or present)

    def _company(self, tenant: Tenant, name: str) -> Company | None:
        company = find_company(tenant, name) if name else None
        if name and company is None:
            raise bad_field("companyId", "there is no such company.", code="not_found")
        return company


class Companies(Kind):
    """Companies; ``name`` is required."""

    noun = "company"
    model = Company
    columns: ClassVar = {"phone": "phone"}
    filters: ClassVar = {"externalId": "external_id", "sourceId": "source_id", "name": "name"}
    name_fields = ()

    def write(self, record: Company, numbers: list[str] | None) -> None:
        save_company(record)

    def remove(self, record: Company) -> None:
        remove_company(record)


class Users(Kind):
    """Team members: our agents."""

    noun = "user"
    model = Agent
    write_role = Role.MANAGER
    columns: ClassVar = {"email": "email"}
    filters: ClassVar = {"email": "email__iexact", "externalId": "external_id", "sourceId": "source_id"}
    sorts: ClassVar = {**Kind.sorts, "email": "email"}
    name_fields = ("firstName", "lastName", "nickName", "email", "externalId", "sourceId")

    def new(self, principal: Principal) -> Agent:
        agent = Agent(tenant=principal.tenant, center_id=principal.center_id)
        self.require(principal, Act.ADD, agent)
        return agent

    def write(self, record: Agent, numbers: list[str] | None) -> None:
        save_agent(record)

    def remove(self, record: Agent) -> None:
        remove_agent(record)


END_USERS, COMPANIES, USERS = EndUsers(), Companies(), Users()


def find_among(rows: TenantQuerySet[Any], name: str) -> Any | None:
    """The row a Planhat id, ``extid-…`` or ``srcid-…`` names."""
    check_text(name)
    for prefix, column in _PATH_IDS.items():
        if name.startswith(prefix) and name != prefix:
            return rows.filter(**{column: name.removeprefix(prefix)}).first()
    return rows.by_public_id(name)


def find_company(tenant: Tenant, name: str) -> Company | None:
    """A company by any of its ids; clients write its external id under companyId as well."""
    rows = Company.objects.for_tenant(tenant)
    found: Company | None = find_among(rows, name) or (rows.filter(external_id=name).first() if name else None)
    return found


def _full_name(extra: Mapping[str, Any]) -> str:
    names = (extra.get("firstName"), extra.get("lastName"))
    return " ".join(name.strip() for name in names if isinstance(name, str) and name.strip())


def _numbers(phone: Any) -> list[str]:
    parts = _BETWEEN_NUMBERS.split(phone) if isinstance(phone, str) else []
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _present(record: Contact) -> list[str]:
    return [] if record._state.adding else [number.raw for number in record.numbers.all()]


def _checked_numbers(phone: str) -> list[str]:
    numbers = _numbers(phone)
    if len(numbers) > MOST_NUMBERS or any(len(number) > 64 for number in numbers):
        raise bad_field("phone", f"at most {MOST_NUMBERS} numbers of at most 64 characters each, with commas between them.")
    return numbers


def only_known(filters: Mapping[str, str], query: Mapping[str, str]) -> models.Q:
    """The look-ups a query asks for; an empty parameter asks for nothing."""
    return models.Q(**{lookup: query[name] for name, lookup in filters.items() if query.get(name)})
