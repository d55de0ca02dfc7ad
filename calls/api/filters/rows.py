"""Which companies, contacts, agents, centers, lines, tags, their rules, outcomes and tokens."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from calls.api.filters.base import (
    AnyOfFilter,
    Filters,
    IdsFilter,
    MomentFilter,
    NumberFilter,
    TextFilter,
    TextsFilter,
    TruthFilter,
)
from calls.choices import Direction, Disposition
from calls.models import Line, Outcome, Tag, TagRule
from contacts.models import Agent, Company, Contact, ContactNumber
from contacts.phone import Number, read_number
from tenants.choices import Scope
from tenants.models import ApiToken, Center

_NAME_HELP = "Text that occurs in the name."
_UPDATED_HELP = "Changed at this time or later."


def _same(number: Number) -> Q:
    """Rows with this very number; with one that ends alike where either has no E.164 form."""
    alike = Q(match_key=number.key)
    return alike & Q(e164__in=[number.e164, ""]) if number.e164 else alike


class CompanyFilters(Filters):
    """Which companies."""

    name = TextFilter("name", "folds", help_text=_NAME_HELP)
    external_id = TextsFilter("external_id")
    source_id = TextsFilter("source_id")
    updated_after = MomentFilter("updated_at", "gte", help_text=_UPDATED_HELP)

    class Meta:
        model = Company
        fields: list[str] = []


class ContactFilters(Filters):
    """Which contacts."""

    name = TextFilter("name", "folds", help_text=_NAME_HELP)
    email = TextFilter("email", "iexact")
    company = IdsFilter("company_id")
    number = NumberFilter(method="by_number", help_text="One of their numbers, whole and in any spelling.")
    external_id = TextsFilter("external_id")
    source_id = TextsFilter("source_id")
    updated_after = MomentFilter("updated_at", "gte", help_text=_UPDATED_HELP)

    class Meta:
        model = Contact
        fields: list[str] = []

    def by_number(self, contacts: QuerySet[Contact], name: str, text: str) -> QuerySet[Contact]:
        number = read_number(text, self.place)
        if not number:
            return contacts.none()
        return contacts.filter(Exists(ContactNumber.objects.filter(_same(number), contact=OuterRef("pk"))))


class AgentFilters(Filters):
    """Which agents."""

    name = TextFilter("name", "folds", help_text=_NAME_HELP)
    email = TextFilter("email", "iexact")
    center = IdsFilter("center_id")
    extension = TextsFilter("extensions__number", distinct=True)
    is_active = TruthFilter("is_active")
    external_id = TextsFilter("external_id")
    source_id = TextsFilter("source_id")
    updated_after = MomentFilter("updated_at", "gte", help_text=_UPDATED_HELP)

    class Meta:
        model = Agent
        fields: list[str] = []


class CenterFilters(Filters):
    """Which centers."""

    name = TextFilter("name", "folds", help_text=_NAME_HELP)
    external_id = TextsFilter("external_id")
    updated_after = MomentFilter("updated_at", "gte", help_text=_UPDATED_HELP)

    class Meta:
        model = Center
        fields: list[str] = []


class LineFilters(Filters):
    """Which lines."""

    name = TextFilter("name", "folds", help_text=_NAME_HELP)
    number = NumberFilter(method="by_number", help_text="Its number, whole and in any spelling.")
    agent = IdsFilter("agent_id")
    center = IdsFilter("center_id")
    updated_after = MomentFilter("updated_at", "gte", help_text=_UPDATED_HELP)

    class Meta:
        model = Line
        fields: list[str] = []

    def by_number(self, lines: QuerySet[Line], name: str, text: str) -> QuerySet[Line]:
        number = read_number(text, self.place)
        if not number:
            return lines.none()
        return lines.filter(_same(number))


class TagFilters(Filters):
    """Which tags."""

    name = TextFilter("name", "folds", help_text=_NAME_HELP)
    updated_after = MomentFilter("updated_at", "gte", help_text=_UPDATED_HELP)

    class Meta:
        model = Tag
        fields: list[str] = []


class TagRuleFilters(Filters):
    """Which rules of tags."""

    tag = TextFilter("tag__name", "iexact", help_text="The name of their tag.")
    is_active = TruthFilter("is_active")
    direction = AnyOfFilter("direction", words=Direction.values)
    disposition = AnyOfFilter("disposition", words=Disposition.values)
    line = IdsFilter("line_id")
    updated_after = MomentFilter("updated_at", "gte", help_text=_UPDATED_HELP)

    class Meta:
        model = TagRule
        fields: list[str] = []


class OutcomeFilters(Filters):
    """Which outcomes."""

    name = TextFilter("name", "folds", help_text=_NAME_HELP)
    is_retired = TruthFilter("is_retired", help_text="Whether staff are no longer offered it.")
    updated_after = MomentFilter("updated_at", "gte", help_text=_UPDATED_HELP)

    class Meta:
        model = Outcome
        fields: list[str] = []


class TokenFilters(Filters):
    """Which tokens."""

    name = TextFilter("name", "folds", help_text=_NAME_HELP)
    scope = AnyOfFilter("scope", words=Scope.values)
    revoked = TruthFilter("revoked_at", "isnull", exclude=True)

    class Meta:
        model = ApiToken
        fields: list[str] = []
