"""The call as it is told."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from calls.api.fields import ChoiceField, MomentField, ObjectField, PartyOutField, SecondsField
from calls.api.serializers.base import Document, Expansion
from calls.api.serializers.people import AgentDocument, CompanyDocument, ContactDocument
from calls.api.serializers.places import CenterDocument, LineDocument, TagDocument
from calls.choices import CallType, Direction, Disposition, EventKind, LegRole, MatchState, Source, State
from calls.models import CallLeg


class LegDocument(Document):
    """One party's part of a call."""

    role = ChoiceField(choices=LegRole.choices)
    number = serializers.CharField(source="number_raw", help_text="As it was told.")
    e164 = serializers.SerializerMethodField(help_text="In international form, where it has one.")
    name = serializers.CharField()
    disposition = ChoiceField(choices=Disposition.choices)
    started_at = MomentField(allow_null=True)
    answered_at = MomentField(allow_null=True)
    ended_at = MomentField(allow_null=True)

    def get_e164(self, leg: CallLeg) -> str | None:
        return leg.number_e164 or None


class EventDocument(Document):
    """Something that happened to a call."""

    kind = ChoiceField(choices=EventKind.choices)
    happened_at = MomentField()
    recorded_at = MomentField()
    source = serializers.CharField()
    actor = serializers.UUIDField(source="actor_id", allow_null=True, help_text="The id of the person who did it.")
    summary = serializers.CharField()
    data = ObjectField()


class NoteDocument(Document):
    """An entry of a call's thread of notes."""

    id = serializers.UUIDField()
    author = serializers.UUIDField(source="author_id", allow_null=True, help_text="The id of the person who wrote it.")
    source = ChoiceField(choices=Source.choices, help_text="Where it came from.")
    text = serializers.CharField()
    written_at = MomentField()
    edited_at = MomentField(allow_null=True)
    replaced_at = MomentField(allow_null=True, help_text="Since when another text stands in its place.")
    earlier = serializers.ListField(
        child=serializers.DictField(child=serializers.CharField()),
        help_text="The texts it had before it was edited, oldest first.",
    )


class MatchDocument(serializers.Serializer[Any]):
    """How the contact was found."""

    state = ChoiceField(choices=MatchState.choices)
    rule = serializers.CharField(
        help_text=("Which rule found it: id, external_id, number, number_ending, company, company_number or chosen.")
    )
    candidates = serializers.ListField(
        child=serializers.DictField(child=serializers.CharField()), help_text="The contacts that fit, where several do."
    )


class CallDocument(Document):
    """One conversation. Times are UTC, lengths seconds."""

    id = serializers.UUIDField()
    version = serializers.IntegerField(help_text="Counts the changes; in quotes it is the ETag.")
    source = ChoiceField(choices=Source.choices, help_text="Where it came from.")
    external_id = serializers.CharField()
    direction = ChoiceField(choices=Direction.choices)
    type = ChoiceField(
        choices=CallType.choices,
        help_text="What staff call it; from direction and disposition. What rang while an answered call with the same "
        "number did is not missed.",
    )
    state = ChoiceField(choices=State.choices)
    disposition = ChoiceField(choices=Disposition.choices)
    disposition_detail = serializers.CharField(help_text="SIP status or Q.850 cause of a failed call.")
    started_at = MomentField()
    answered_at = MomentField(allow_null=True)
    ended_at = MomentField(allow_null=True)
    duration = SecondsField(source="duration_ms", allow_null=True)
    ring = SecondsField(source="ring_ms", allow_null=True)
    talk = SecondsField(source="talk_ms", allow_null=True)
    hold = SecondsField(source="hold_ms", allow_null=True)
    transfer = SecondsField(source="transfer_ms", allow_null=True)
    work = SecondsField(source="work_ms", allow_null=True)
    hold_count = serializers.IntegerField()
    caller = PartyOutField(help_text="Who called; also the only party of a call without a direction.")
    callee = PartyOutField()
    remote = PartyOutField(help_text="Whichever side is outside the tenant; contacts are matched by it.")
    withheld = serializers.BooleanField(source="is_withheld", help_text="Whether the other party hid their number.")
    contact = serializers.UUIDField(source="contact_id", allow_null=True)
    company = serializers.UUIDField(source="company_id", allow_null=True)
    match = serializers.SerializerMethodField()
    agent = serializers.UUIDField(source="agent_id", allow_null=True)
    agent_name = serializers.CharField()
    center = serializers.UUIDField(source="center_id", allow_null=True)
    line = serializers.UUIDField(source="line_id", allow_null=True)
    notes = serializers.CharField(help_text="All that is written of it; its entries are at `/calls/{id}/notes`.")
    outcome = serializers.CharField()
    tags = serializers.SerializerMethodField()
    flagged = serializers.BooleanField(source="is_flagged")
    flag_notes = serializers.CharField()
    screen_pop = serializers.CharField()
    completed_forms = serializers.ListField(child=serializers.CharField())
    has_recording = serializers.BooleanField()
    recording_url = serializers.CharField()
    facts = ObjectField(help_text="What the phone system told of itself.")
    verified = serializers.BooleanField(source="is_verified", help_text="False for calls that came without credentials.")
    created_at = MomentField()
    updated_at = MomentField()
    legs = serializers.SerializerMethodField(help_text="Only with expand=legs.")
    events = serializers.SerializerMethodField(help_text="Only with expand=events.")
    document = ObjectField(help_text="The vendor's own document, as it came. Only with fields=document.")

    expansions = {
        "contact": Expansion("contact", ContactDocument, beside=("numbers",)),
        "company": Expansion("company", CompanyDocument),
        "agent": Expansion("agent", AgentDocument, beside=("extensions",)),
        "center": Expansion("center", CenterDocument),
        "line": Expansion("line", LineDocument),
        "legs": Expansion("legs", LegDocument, many=True),
        "events": Expansion("events", EventDocument, many=True),
        "tags": Expansion("tags", TagDocument, many=True),
    }
    on_request = ("legs", "events", "document")

    @extend_schema_field(MatchDocument)
    def get_match(self, call: Any) -> dict[str, Any]:
        return {"state": call.match_state, "rule": call.match_rule, "candidates": call.match_candidates}

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_tags(self, call: Any) -> list[str]:
        return [tag.name for tag in call.tags.all()]

    @extend_schema_field(LegDocument(many=True))
    def get_legs(self, call: Any) -> list[dict[str, Any]]:
        return self.expansions["legs"](call)

    @extend_schema_field(EventDocument(many=True))
    def get_events(self, call: Any) -> list[dict[str, Any]]:
        return self.expansions["events"](call)


__all__ = ["CallDocument", "EventDocument", "LegDocument", "NoteDocument"]
