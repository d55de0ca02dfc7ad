"""Requests to call, and calls that go on, as they are told and asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from calls.api.fields import ChoiceField, MomentField, PartyInField, PartyOutField, SecondsField
from calls.api.serializers.base import Document, Expansion, Strict, shared
from calls.api.serializers.calls import CallDocument, LegDocument
from calls.choices import Direction, Disposition, OriginationState, Source, State
from calls.dialer import FAR, LONGEST_WAIT_S, NEAR
from calls.drafts import CallOrder, PartyDraft
from calls.models import Call, Line, Origination
from calls.telephony.base import LONGEST_CALL_S, MOST_SOURCES
from calls.telephony.simulator import SimulatorBackend
from calls.telephony.speech import LONGEST_TEXT

LONGEST_NUMBER = 128


class OriginationIn(Strict):
    """A call to be made."""

    line = serializers.CharField(
        max_length=LONGEST_NUMBER,
        help_text="The line that calls, by its id or number; it decides the exchange, the agent and the caller id.",
    )
    sources = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_NUMBER),
        required=False,
        max_length=MOST_SOURCES * 10,
        help_text="The telephones rung first, all at once; the first to pick up is connected. Without it the line itself; "
        "an empty list makes an announcement, which needs a message.",
    )
    destination = serializers.CharField(max_length=LONGEST_NUMBER, help_text="A number in any spelling, or an extension.")
    caller = PartyInField(required=False, help_text="Whom the destination sees as the caller, in place of the line's own.")
    caller_for_sources = PartyInField(required=False, help_text="Whom the sources see as the caller.")
    wait = serializers.IntegerField(
        required=False, min_value=1, max_value=LONGEST_WAIT_S, default=25, help_text="How many seconds each side rings at most."
    )
    max_duration = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=LONGEST_CALL_S,
        help_text="Seconds of talk after which the exchange itself ends the call. The tenant's limit holds in any case.",
    )
    message = serializers.CharField(
        required=False, allow_blank=True, max_length=LONGEST_TEXT, help_text="Said to the destination."
    )
    language = serializers.RegexField(
        r"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}\Z", required=False, help_text="Of the message, such as en or sv."
    )
    record = serializers.BooleanField(required=False, allow_null=True, help_text="Without it as the line says.")
    allow_transfer = serializers.BooleanField(required=False, help_text="Whether it may be transferred to a public number.")


class TransferIn(Strict):
    """Where a call goes."""

    to = serializers.CharField(max_length=LONGEST_NUMBER, help_text="A number in any spelling, or an extension.")
    leaves = ChoiceField(
        choices=[NEAR, FAR],
        required=False,
        default=NEAR,
        help_text="Who leaves: our side (near) or the other one (far).",
    )


class OriginationDocument(Document):
    """A request to call, and how far it has come. Times are UTC, lengths seconds."""

    id = serializers.UUIDField()
    state = ChoiceField(choices=OriginationState.choices, help_text="unknown: the exchange has not answered, and is being asked.")
    exchange = serializers.CharField(source="backend", help_text="simulator: nothing rang, it was played.")
    is_simulation = serializers.SerializerMethodField()
    door = ChoiceField(choices=Source.choices)
    line = serializers.UUIDField(source="line_id", allow_null=True)
    call = serializers.UUIDField(source="call_id")
    requester = serializers.UUIDField(source="requester_id", allow_null=True)
    sources = serializers.ListField(child=serializers.CharField())
    destination = serializers.CharField()
    wait = serializers.IntegerField(source="wait_for_pickup_s")
    max_duration = serializers.IntegerField(source="max_duration_s")
    message = serializers.CharField()
    record = serializers.BooleanField(source="is_recorded")
    allow_transfer = serializers.BooleanField(source="allows_transfer")
    held = serializers.BooleanField(source="is_held")
    disposition = serializers.SerializerMethodField(help_text="Once it has ended.")
    disposition_detail = serializers.CharField(help_text="SIP status of a failed call.")
    reason = serializers.CharField(help_text="Why it could not be carried out.")
    billable = SecondsField(source="billable_ms", help_text="From the destination's answer to its end.")
    cancel_requested_at = MomentField(allow_null=True)
    dispatched_at = MomentField(allow_null=True)
    answered_at = MomentField(allow_null=True)
    ended_at = MomentField(allow_null=True)
    created_at = MomentField()
    updated_at = MomentField()
    legs = serializers.SerializerMethodField(help_text="Sources, destination, transfers.")
    expansions = {"call": Expansion("call", CallDocument, beside=("tags",))}

    @extend_schema_field({"type": "boolean"})
    def get_is_simulation(self, row: Origination) -> bool:
        return row.backend == SimulatorBackend.name

    @extend_schema_field({"type": ["string", "null"], "enum": [*Disposition.values, None]})
    def get_disposition(self, row: Origination) -> str | None:
        return row.disposition or None

    @extend_schema_field(LegDocument(many=True))
    def get_legs(self, row: Origination) -> list[dict[str, Any]]:
        return [shared(LegDocument).render(leg) for leg in row.call.legs.all()]


class LiveCallDocument(Document):
    """A call that goes on, whoever makes it."""

    id = serializers.UUIDField()
    source = ChoiceField(choices=Source.choices, help_text="Where it came from.")
    direction = ChoiceField(choices=Direction.choices)
    state = ChoiceField(choices=[State.QUEUED, State.RINGING, State.IN_PROGRESS])
    remote = PartyOutField(help_text="Whichever side is outside the tenant.")
    agent = serializers.UUIDField(source="agent_id", allow_null=True)
    agent_name = serializers.CharField()
    line = serializers.UUIDField(source="line_id", allow_null=True)
    contact = serializers.UUIDField(source="contact_id", allow_null=True)
    started_at = MomentField()
    answered_at = MomentField(allow_null=True)
    elapsed = serializers.SerializerMethodField(help_text="Seconds since it began.")
    talking = serializers.SerializerMethodField(help_text="Seconds since it was answered.")
    origination = serializers.SerializerMethodField(help_text="The id of the request it was made by, where callhub makes it.")
    is_simulation = serializers.SerializerMethodField(help_text="Whether it is only played.")
    held = serializers.SerializerMethodField()

    @extend_schema_field({"type": "number"})
    def get_elapsed(self, call: Call) -> float:
        return _since(call.started_at)

    @extend_schema_field({"type": ["number", "null"]})
    def get_talking(self, call: Call) -> float | None:
        return _since(call.answered_at) if call.answered_at else None

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_origination(self, call: Call) -> str | None:
        row = _origination_of(call)
        return str(row.pk) if row else None

    @extend_schema_field({"type": "boolean"})
    def get_is_simulation(self, call: Call) -> bool:
        row = _origination_of(call)
        return row is not None and row.backend == SimulatorBackend.name

    @extend_schema_field({"type": "boolean"})
    def get_held(self, call: Call) -> bool:
        row = _origination_of(call)
        return row is not None and row.is_held


def order_of(values: dict[str, Any], line: Line) -> CallOrder:
    """The order that a body asks for."""
    return CallOrder(
        door=Source.API,
        line=line,
        sources=tuple(values.get("sources", (line.number,))),
        destination=values["destination"],
        shown_to_destination=values.get("caller", PartyDraft()),
        shown_to_sources=values.get("caller_for_sources", PartyDraft()),
        wait_for_pickup_s=values["wait"],
        max_duration_s=values.get("max_duration"),
        message=values.get("message", ""),
        message_language=values.get("language", "en"),
        is_recorded=values.get("record"),
        allows_transfer=values.get("allow_transfer", False),
    )


def _since(moment: datetime) -> float:
    return round(max(0.0, (timezone.now() - moment).total_seconds()), 1)


def _origination_of(call: Call) -> Origination | None:
    """Fetched together with the call; None for a call that callhub does not make."""
    return getattr(call, "origination", None)
