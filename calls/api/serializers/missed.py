"""Missed calls that wait to be returned, and what is decided about them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from calls.api.fields import ChoiceField, MomentField
from calls.api.serializers.base import Document, Strict
from calls.choices import MissedState
from calls.missed.acting import LONGEST_OUTCOME


class MissedDocument(Document):
    """Somebody who tried to reach you in vain, however often, until a call with the same number is answered."""

    id = serializers.UUIDField()
    state = ChoiceField(choices=MissedState.choices, help_text="returned: a later call was answered; done: a person said so.")
    number = serializers.CharField(source="shown_number", help_text="E.164, or as it came where that is not sure.")
    contact = serializers.SerializerMethodField(help_text="Who it was, where that is known.")
    center = serializers.UUIDField(source="center_id", allow_null=True)
    first_at = MomentField(help_text="When they first tried.")
    last_at = MomentField(help_text="When they last tried.")
    tries = serializers.IntegerField(help_text="How often they rang in vain.")
    callbacks = serializers.IntegerField(help_text="How often we rang back in vain.")
    call = serializers.UUIDField(source="last_call_id", help_text="The last call they made in vain.")
    calls = serializers.SerializerMethodField(help_text="All calls they made in vain. Only with expand=calls.")
    agent = serializers.UUIDField(source="agent_id", allow_null=True, help_text="Who last had to do with this number.")
    assigned_to = serializers.UUIDField(source="assigned_to_id", allow_null=True, help_text="The person who is to return it.")
    snoozed_until = MomentField(allow_null=True, help_text="It does not wait before then, unless they call again.")
    returned_by = serializers.UUIDField(source="returned_by_id", allow_null=True, help_text="The call that was answered.")
    returned_at = MomentField(allow_null=True)
    outcome = serializers.CharField(help_text="What came of it, where a person was done with it.")
    done_by = serializers.UUIDField(source="done_by_id", allow_null=True)
    done_at = MomentField(allow_null=True)
    created_at = MomentField()
    updated_at = MomentField()

    on_request = ("calls",)

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_contact(self, row: Any) -> str | None:
        call = row.last_call  # none where it was removed a moment ago
        return str(call.contact_id) if call and call.contact_id else None

    @extend_schema_field({"type": "array", "items": {"type": "string", "format": "uuid"}})
    def get_calls(self, row: Any) -> list[str]:
        return [str(attempt.call_id) for attempt in row.calls.all()]


class AssignIn(Strict):
    """Who is to return it."""

    to = serializers.UUIDField(allow_null=True, help_text="A member's user id, such as `user.id` of /api/v1/me; null: nobody.")


class SnoozeIn(Strict):
    """Until when it does not wait."""

    until = MomentField(allow_null=True, help_text="null: it waits from now on.")


class DoneIn(Strict):
    """What came of it."""

    outcome = serializers.CharField(required=False, allow_blank=True, default="", max_length=LONGEST_OUTCOME)
