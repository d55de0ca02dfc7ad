"""Which webhook endpoints, and which deliveries."""

from __future__ import annotations

from calls.api.filters.base import AnyOfFilter, Filters, IdsFilter, MomentFilter, TextFilter, TruthFilter
from calls.choices import DeliveryState, EndpointState, PayloadFormat, WebhookEvent
from calls.models import Delivery, WebhookEndpoint


class WebhookFilters(Filters):
    """Which endpoints."""

    name = TextFilter("name", "folds", help_text="Text that occurs in the name.")
    state = AnyOfFilter("state", words=EndpointState.values)
    format = AnyOfFilter("format", words=PayloadFormat.values)
    failing = TruthFilter("failing_since", "isnull", exclude=True, help_text="Whether its last attempts failed.")

    class Meta:
        model = WebhookEndpoint
        fields: list[str] = []


class DeliveryFilters(Filters):
    """Which deliveries."""

    webhook = IdsFilter("endpoint_id")
    call = IdsFilter("call_id")
    event = AnyOfFilter("event_type", words=WebhookEvent.values)
    state = AnyOfFilter("state", words=DeliveryState.values)
    created_after = MomentFilter("created_at", "gte", help_text="Made at this time or later.")
    created_before = MomentFilter("created_at", "lt", help_text="Made before this time.")

    class Meta:
        model = Delivery
        fields: list[str] = []
