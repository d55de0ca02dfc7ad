"""Companies, contacts with their numbers, and agents with their extensions."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from calls.api.fields import MomentField, RelatedField
from calls.api.serializers.base import Expansion, RowDocument
from contacts.models import Agent, Company, Contact
from contacts.phone import read_number
from tenants.models import Center, Tenant

MOST_NUMBERS = 50


class CompanyDocument(RowDocument):
    """An organisation that contacts belong to."""

    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)

    class Meta:
        model = Company
        fields = ["id", "name", "external_id", "source_id", "phone", "notes", "created_at", "updated_at"]


class NumbersField(serializers.ListField):
    """A list of numbers as text in; number, E.164 form and label out."""

    default_error_messages = {"not_a_number": "“{text}” is not a phone number."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=serializers.CharField(max_length=64), max_length=MOST_NUMBERS, **kwargs)

    def check_for(self, numbers: list[str], tenant: Tenant) -> None:
        """Refuse a text that is no number where the tenant's telephones are. Raises ``ValidationError``."""
        for text in numbers:
            if not read_number(text, tenant.place):
                self.fail("not_a_number", text=text)

    def to_representation(self, value: Any) -> list[dict[str, Any]]:
        return [{"number": row.raw, "e164": row.e164 or None, "label": row.label} for row in value.all()]


class ContactDocument(RowDocument):
    """A person outside the tenant who calls or is called."""

    company = RelatedField(Company, source="company_id", required=False, allow_null=True, help_text="The id of the company.")
    numbers = NumbersField(required=False)
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)
    expansions = {"company": Expansion("company", CompanyDocument)}

    class Meta:
        model = Contact
        fields = ["id", "name", "email", "company", "numbers", "external_id", "source_id", "notes", "created_at", "updated_at"]


class ExtensionsField(serializers.ListField):
    """The internal numbers an agent answers at."""

    def __init__(self, **kwargs: Any) -> None:
        extension = serializers.CharField(max_length=32, validators=[RegexValidator(r"\A[\d*#]+\Z", "Digits, “*” and “#” only.")])
        super().__init__(child=extension, max_length=MOST_NUMBERS, **kwargs)

    def to_representation(self, value: Any) -> list[str]:
        return [row.number for row in value.all()]


class AgentDocument(RowDocument):
    """One of the tenant's own people at the phones."""

    center = RelatedField(Center, source="center_id", required=False, allow_null=True, help_text="The id of the center.")
    extensions = ExtensionsField(required=False, help_text="Internal numbers such as 210; becomes the whole list.")
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)

    class Meta:
        model = Agent
        fields = [
            "id",
            "name",
            "email",
            "center",
            "extensions",
            "is_active",
            "external_id",
            "source_id",
            "created_at",
            "updated_at",
        ]
