"""Centers, lines, tags, outcomes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from calls.api.fields import MomentField, RelatedField
from calls.api.serializers.base import Expansion, RowDocument
from calls.api.serializers.people import AgentDocument
from calls.models import Line, Outcome, Tag
from contacts.models import Agent
from tenants.models import Center


class CenterDocument(RowDocument):
    """A place calls are answered at."""

    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)

    class Meta:
        model = Center
        fields = ["id", "name", "external_id", "created_at", "updated_at"]


class LineDocument(RowDocument):
    """A number or extension of the tenant."""

    e164 = serializers.SerializerMethodField(help_text="In international form, where it is a public number.")
    agent = RelatedField(Agent, source="agent_id", required=False, allow_null=True, help_text="The id of the agent.")
    center = RelatedField(Center, source="center_id", required=False, allow_null=True, help_text="The id of the center.")
    exchange = serializers.CharField(source="backend", read_only=True, help_text="What makes its calls; set by operators.")
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)
    expansions = {
        "agent": Expansion("agent", AgentDocument, beside=("extensions",)),
        "center": Expansion("center", CenterDocument),
    }

    class Meta:
        model = Line
        fields = [
            "id", "number", "e164", "name", "agent", "center", "exchange", "caller_name", "caller_number", "is_proven",
            "is_phone_terminal", "is_sandbox", "is_recorded", "is_active", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["is_proven"]

    def get_e164(self, line: Any) -> str | None:
        return line.e164 or None


class TagDocument(RowDocument):
    """A word staff put on calls."""

    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)

    class Meta:
        model = Tag
        fields = ["id", "name", "colour", "created_at", "updated_at"]


class OutcomeDocument(RowDocument):
    """What staff may say came of a call. Calls keep the words themselves, whatever becomes of it."""

    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)

    class Meta:
        model = Outcome
        fields = ["id", "name", "position", "is_retired", "created_at", "updated_at"]
