"""Webhook endpoints, what is sent to them, and each attempt at it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from calls import webhooks
from calls.api.fields import ChoiceField, MomentField, SecondsField
from calls.api.serializers.base import Document, RowDocument, Strict
from calls.choices import Direction, Disposition, EndpointState, PayloadFormat, WebhookEvent
from calls.headers import check_headers
from calls.models import Delivery, WebhookEndpoint
from calls.models.webhook import MOST_IN_FLIGHT
from calls.tokens import BadTemplate, check_template

MOST_WANTED = 100  # values of one condition
MOST_REPLAYED = 1000  # deliveries named at once


def _ids(what: str, source: str) -> serializers.ListField:
    help_text = f"Only calls with one of these {what}; ids. None means all."
    return serializers.ListField(
        child=serializers.UUIDField(), source=source, required=False, max_length=MOST_WANTED, help_text=help_text
    )


def _words(words: Any, **kwargs: Any) -> serializers.ListField:
    return serializers.ListField(child=ChoiceField(choices=words), required=False, max_length=MOST_WANTED, **kwargs)


class WebhookDocument(RowDocument):
    """An address that is told of calls, and of which: every condition that is given must hold."""

    url = serializers.CharField(
        max_length=2000,
        help_text="https or http, and not inside a private network. FoneStorm's formats fill in {{tokens}} in path and query.",
    )
    name = serializers.CharField(required=False, allow_blank=True, max_length=100)
    format = ChoiceField(choices=PayloadFormat.choices, required=False)
    thin = serializers.BooleanField(source="is_thin", required=False, help_text="Send ids alone; the receiver fetches the call.")
    template = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=8000,
        help_text="A JSON object with {{tokens}} as text, sent in place of the usual body. The tokens are the samples' members.",
    )
    headers = serializers.DictField(
        child=serializers.CharField(max_length=1000, allow_blank=True),
        required=False,
        write_only=True,
        help_text="Your own headers, sent with every message. They take the place of all earlier ones, and are never told.",
    )
    header_names = serializers.SerializerMethodField(help_text="The names of your own headers.")
    username = serializers.CharField(required=False, allow_blank=True, max_length=200, help_text="For HTTP Basic.")
    password = serializers.CharField(
        required=False, allow_blank=True, max_length=200, write_only=True, help_text="For HTTP Basic; never told."
    )
    events = _words(webhooks.SUBSCRIBABLE, source="event_types", help_text="Only these messages. None means all.")
    directions = _words(Direction.choices)
    dispositions = _words(Disposition.choices, help_text="Calls that have not ended have none and are not told.")
    lines = _ids("lines", "line_ids")
    agents = _ids("agents", "agent_ids")
    companies = _ids("companies", "company_ids")
    tags = _ids("tags", "tag_ids")
    min_duration = SecondsField(
        source="least_duration_ms", required=False, allow_null=True, help_text="Only calls that lasted so many seconds or more."
    )
    at_once = serializers.IntegerField(
        source="in_flight_limit",
        required=False,
        min_value=1,
        max_value=MOST_IN_FLIGHT,
        help_text="How many requests it gets at the same time; 1 keeps their order.",
    )
    state = ChoiceField(choices=EndpointState.choices, read_only=True)
    state_reason = serializers.CharField(read_only=True)
    failures = serializers.IntegerField(read_only=True, help_text="Attempts that failed since the last success.")
    failing_since = MomentField(read_only=True, allow_null=True)
    last_error = serializers.CharField(read_only=True)
    last_success_at = MomentField(source="succeeded_at", read_only=True, allow_null=True)
    former_secret_until = MomentField(
        read_only=True, allow_null=True, help_text="Until then messages are signed with the earlier secret as well."
    )
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)

    class Meta:
        model = WebhookEndpoint
        fields = [
            "id", "name", "url", "format", "thin", "template", "headers", "header_names", "username", "password", "events",
            "directions", "dispositions", "lines", "agents", "companies", "tags", "min_duration", "at_once", "state",
            "state_reason", "failures", "failing_since", "last_error", "last_success_at", "former_secret_until", "created_at",
            "updated_at",
        ]  # fmt: skip

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_header_names(self, endpoint: WebhookEndpoint) -> list[str]:
        return sorted(endpoint.headers)

    def validate_headers(self, headers: dict[str, str]) -> dict[str, str]:
        try:
            check_headers(headers)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error
        return headers

    def validate_template(self, template: str) -> str:
        try:
            if template:
                check_template(template, webhooks.template_tokens())
        except BadTemplate as error:
            raise serializers.ValidationError(str(error)) from error
        return template


class NewWebhookDocument(WebhookDocument):
    """An endpoint just made, with its secret."""

    secret = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="Verify signatures with it (Standard Webhooks). Keep it now: it is never shown again. "
        "Null where the answer is a repeat by Idempotency-Key.",
    )

    class Meta(WebhookDocument.Meta):
        fields = [*WebhookDocument.Meta.fields, "secret"]


class SecretDocument(serializers.Serializer[Any]):
    """A fresh secret."""

    secret = serializers.CharField(help_text="Never shown again.")
    former_secret_until = MomentField(help_text="Until then messages are signed with both.")


class AttemptDocument(serializers.Serializer[Any]):
    """One request, and what came of it."""

    started_at = MomentField()
    took = serializers.SerializerMethodField(help_text="Seconds.")
    request_headers = serializers.DictField(child=serializers.CharField(), help_text="Without what is secret.")
    status = serializers.IntegerField(allow_null=True, help_text="Null where it did not answer.")
    answer = serializers.CharField(help_text="The first 4 kB.")
    error = serializers.CharField(help_text="Why it counts as failed; empty for a success.")
    code = serializers.CharField(help_text="The same for machines.")

    @extend_schema_field({"type": "number"})
    def get_took(self, attempt: Any) -> float:
        return attempt.took_ms / 1000


class DeliveryDocument(RowDocument):
    """One message to one endpoint. Its id is the `webhook-id` of every attempt."""

    webhook = serializers.UUIDField(source="endpoint_id", read_only=True)
    event = ChoiceField(source="event_type", choices=WebhookEvent.choices, read_only=True)
    call = serializers.UUIDField(source="call_id", read_only=True, allow_null=True)
    sequence = serializers.IntegerField(read_only=True, help_text="Counts the messages of the call.")
    body = serializers.SerializerMethodField(help_text="What is sent, byte by byte the same in every attempt.")
    due_at = MomentField(read_only=True, help_text="When the next attempt is made, while it is pending.")
    delivered_at = MomentField(read_only=True, allow_null=True)
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)
    attempts = serializers.IntegerField(read_only=True, help_text="Of this round; a replay begins another.")
    log = serializers.SerializerMethodField(help_text="Each attempt.")
    on_request = ("body", "log")

    class Meta:
        model = Delivery
        fields = [
            "id", "webhook", "event", "call", "sequence", "format", "state", "reason", "attempts", "due_at", "delivered_at",
            "created_at", "updated_at", "body", "log",
        ]  # fmt: skip
        read_only_fields = ["format", "state", "reason"]

    @extend_schema_field({"type": "string"})
    def get_body(self, delivery: Delivery) -> str:
        return bytes(delivery.body).decode("utf-8", "replace")

    @extend_schema_field(AttemptDocument(many=True))
    def get_log(self, delivery: Delivery) -> Any:
        return [AttemptDocument(attempt).data for attempt in delivery.log.all()]


class TestIn(Strict):
    """Which example to send."""

    event = ChoiceField(choices=WebhookEvent.choices, required=False, default=WebhookEvent.TEST)


class ReplayIn(Strict):
    """What to send again: named deliveries, a range of time, or all that failed."""

    deliveries = serializers.ListField(
        child=serializers.UUIDField(), required=False, min_length=1, max_length=MOST_REPLAYED, help_text="Their ids."
    )
    since = MomentField(required=False, help_text="Made at this time or later.")
    until = MomentField(required=False, help_text="Made before this time.")
    failed = serializers.BooleanField(required=False, default=False, help_text="Only what never arrived.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if not (values.get("deliveries") or values.get("since") or values.get("until") or values["failed"]):
            raise serializers.ValidationError("Say what to send again: deliveries, since, until, or failed.")
        return values


class ReplayedDocument(Document):
    """How many will be sent again."""

    count = serializers.IntegerField(read_only=True)
