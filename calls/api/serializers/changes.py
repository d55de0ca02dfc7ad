"""The change feed as it is told."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from calls.api.fields import ChoiceField, MomentField, ObjectField
from calls.api.serializers.base import Document
from calls.feed import Entry
from calls.feed.reading import OBJECTS
from contacts.choices import Change


class ChangeDocument(Document):
    """One change of one object. Take “created” and “updated” alike: the object is now as its own address tells."""

    token = serializers.CharField(help_text="`since` for what comes after this change.")
    object = ChoiceField(choices=[(name, name) for name in OBJECTS])
    id = serializers.CharField(help_text="The object's id.")
    change = ChoiceField(choices=Change.choices)
    kind = serializers.CharField(help_text="What happened, such as call.amended or contact.created.")
    call = serializers.UUIDField(allow_null=True, help_text="Of calls and recordings: the call's id.")
    happened_at = MomentField(help_text="When it happened, as far as the source tells.")
    recorded_at = MomentField(help_text="When it was written here.")
    source = serializers.CharField(help_text="Where it came from, where that was noted.")
    actor = serializers.UUIDField(source="actor_id", allow_null=True, help_text="The id of the person who did it.")
    summary = serializers.CharField()
    data = ObjectField(help_text="Details: of an edit `changed`, each field with its old and new value.")
    row = serializers.SerializerMethodField(help_text="The object as it is now, null where it is gone. Only with expand=row.")

    on_request = ("row",)

    @extend_schema_field({"type": ["object", "null"], "additionalProperties": True})
    def get_row(self, entry: Entry) -> dict[str, Any] | None:
        return None  # the view knows (``views.changes``)


class ChangesDocument(serializers.Serializer[Any]):
    """Changes in the order in which they became visible."""

    results = ChangeDocument(many=True)
    next = serializers.CharField(help_text="`since` for the next request. Never expires while the data lives.")
    has_more = serializers.BooleanField(help_text="Whether more waits already.")
