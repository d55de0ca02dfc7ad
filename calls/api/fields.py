"""Fields of our documents: times in RFC 3339, lengths in seconds, parties with number and name, rows of the same tenant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from calls.api.moments import read_local, read_moment, rfc3339
from calls.drafts import PartyDraft
from calls.ledger import LONGEST_MS
from calls.life import Party, life_of, seconds

PARTY_IN = {
    "oneOf": [
        {"type": "string", "maxLength": 128, "description": "The number alone, in any spelling."},
        {
            "type": "object",
            "properties": {
                "number": {"type": "string", "maxLength": 128},
                "name": {"type": "string", "maxLength": 200},
            },
            "additionalProperties": False,
        },
    ],
    "examples": ["+46 70-123 45 67", {"number": "0046701234567", "name": "Anna Berg"}],
}
PARTY_OUT = {
    "type": "object",
    "properties": {
        "number": {"type": "string", "description": "As it was told."},
        "e164": {"type": ["string", "null"], "description": "In international form, where it has one."},
        "name": {"type": "string"},
    },
    "required": ["number", "e164", "name"],
}


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentField(serializers.Field[datetime, Any, str, Any]):
    """RFC 3339 in and out; without an offset it is read in the tenant's time zone, and always written in UTC."""

    default_error_messages = {"invalid": "Write a time such as 2026-03-02T09:00:00+01:00."}
    reader = staticmethod(read_moment)

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or len(data) > 64:
            self.fail("invalid")
        try:
            return self.reader(data, timezone.get_current_timezone())
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="invalid") from error

    def to_representation(self, value: datetime) -> str:
        return rfc3339(value)


class LocalMomentField(MomentField):
    """The same, for a time that ``settle_local`` looks at together with others."""

    reader = staticmethod(read_local)


@extend_schema_field({"type": "number", "minimum": 0, "maximum": LONGEST_MS // 1000, "description": "Seconds."})
class SecondsField(serializers.Field[int, Any, Any, Any]):
    """Seconds as a number outside, whole milliseconds inside."""

    default_error_messages = {
        "invalid": "Write seconds as a number, such as 90 or 2.5.",
        "out_of_range": "Must be between 0 seconds and 366 days.",
    }

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        if not 0 <= data * 1000 <= LONGEST_MS:
            self.fail("out_of_range")
        return round(data * 1000)

    def to_representation(self, value: int) -> int | float | None:
        return seconds(value)


@extend_schema_field(PARTY_IN)
class PartyInField(serializers.Field[PartyDraft, Any, Any, Any]):
    """One side of a call: its number as text, or an object of number and name."""

    default_error_messages = {
        "invalid": "Write a number as text, or an object with “number” and “name”.",
        "too_long": "A number has at most 128 characters and a name at most 200.",
    }

    def to_internal_value(self, data: Any) -> PartyDraft:
        party = data if isinstance(data, Mapping) else {"number": data}
        number, name = party.get("number", ""), party.get("name", "")
        if not isinstance(number, str) or not isinstance(name, str) or party.keys() - {"number", "name"}:
            self.fail("invalid")
        if len(number) > 128 or len(name) > 200:
            self.fail("too_long")
        return PartyDraft(number=number.strip(), name=name.strip())


@extend_schema_field(PARTY_OUT)
class PartyOutField(serializers.Field[Any, Any, Any, Any]):
    """One side of a call, as ``calls.life`` has it: the field's name says which."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs, source="*", read_only=True)

    def to_representation(self, value: Any) -> dict[str, Any]:
        party: Party = getattr(life_of(value), str(self.field_name))
        return {"number": party.number, "e164": party.e164 or None, "name": party.name}


class RelatedField(serializers.UUIDField):
    """The id of a row of the same tenant. The reader of the document looks it up (``serializers.base.read``)."""

    def __init__(self, model: type[models.Model], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model


class ObjectField(serializers.DictField):
    """A JSON object of any content."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=serializers.JSONField(allow_null=True), **kwargs)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("not_a_dict", input_type=type(data).__name__)
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class ChoiceField(serializers.ChoiceField):
    """One of a few words; any other is refused with those there are."""

    default_error_messages: ClassVar = {"invalid_choice": "Choose one of: {choices}."}

    def fail(self, key: str, **kwargs: Any) -> NoReturn:
        super().fail(key, choices=", ".join(str(word) for word in self.choices), **kwargs)
