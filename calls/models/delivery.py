"""Deliveries: one message to one endpoint, each attempt at it, and how far those who make and send them have come."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from calls.choices import DeliveryState, PayloadFormat, WebhookEvent
from calls.models.cursor import FeedCursor
from tenants.scoping import TenantOwned, TenantQuerySet

KEPT_ANSWER = 4096  # characters of what a receiver answered


class DeliveryQuerySet(TenantQuerySet["Delivery"]):
    """Which deliveries."""

    def pending(self) -> Self:
        """Those that will be attempted."""
        return self.filter(state=DeliveryState.PENDING)

    def due(self, now: Any) -> Self:
        """Those that somebody should attempt now and nobody does; ``now`` is a time or the database's own."""
        return self.pending().filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now), due_at__lte=now)

    def in_turn(self, now: Any) -> Self:
        """Those that need not wait for an earlier message of their call to the same endpoint, on its way or tried again later.

        What is sent again by hand waits for none, and none waits for it.
        """
        same = {"endpoint": OuterRef("endpoint"), "call_id": OuterRef("call_id"), "sequence__lt": OuterRef("sequence")}
        earlier = Delivery.objects.pending().filter(**same, is_replayed=False)
        return self.filter(Q(is_replayed=True) | ~Exists(earlier.filter(Q(lease_until__gt=now) | Q(due_at__gt=now))))

    def lost(self) -> Self:
        """Those that never arrived and will not: given up, or cancelled."""
        return self.filter(state__in=[DeliveryState.FAILED, DeliveryState.CANCELLED])

    def made_between(self, start: datetime | None, end: datetime | None) -> Self:
        """Those made at or after ``start`` and before ``end``."""
        rows = self if start is None else self.filter(created_at__gte=start)
        return rows if end is None else rows.filter(created_at__lt=end)


class Delivery(TenantOwned):
    """One message to one endpoint. Its id is the message's own (``webhook-id``), and ``body`` the very bytes that are sent.

    Both are the same in every attempt and replay. ``sequence`` counts what the feed tells of the call. ``tokens`` fill in the
    endpoint's address. Who claims it raises ``fence`` and holds it until ``lease_until``; only that fence writes a result.
    """

    endpoint = models.ForeignKey("calls.WebhookEndpoint", on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.ForeignKey(
        "calls.CallEvent", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    call_id = models.UUIDField(_("call"), null=True, blank=True, help_text=_("Also of a call that is gone."))
    event_type = models.CharField(max_length=32, choices=WebhookEvent.choices)
    sequence = models.PositiveIntegerField(default=0)
    format = models.CharField(max_length=20, choices=PayloadFormat.choices)
    body = models.BinaryField(default=bytes, blank=True)
    tokens = models.JSONField(default=dict, blank=True, editable=False)

    state = models.CharField(max_length=12, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    reason = models.CharField(max_length=300, blank=True, help_text=_("Why it came to its end, where that is not plain."))
    due_at = models.DateTimeField(_("next attempt"))
    attempts = models.PositiveIntegerField(_("attempts"), default=0, help_text=_("Of this round; a replay begins another."))
    delivered_at = models.DateTimeField(null=True, blank=True)
    is_erased = models.BooleanField(default=False, help_text=_("The call was removed, and with it what this told of it."))
    is_replayed = models.BooleanField(default=False, editable=False)  # by hand: apart from its call's order
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    holder = models.UUIDField(null=True, blank=True, editable=False)
    fence = models.PositiveBigIntegerField(default=0, editable=False)

    objects: ClassVar = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "event", "event_type"],
                condition=Q(event__isnull=False),
                name="delivery_once_per_event",
                violation_error_message=_("This endpoint has this message already."),
            ),
            models.CheckConstraint(
                name="delivery_erased_is_over",
                condition=Q(is_erased=False) | ~Q(state="pending"),
                violation_error_message=_("There is nothing left to send."),
            ),
        ]
        indexes = [
            models.Index(fields=["endpoint", "due_at", "id"], condition=Q(state="pending"), name="delivery_due"),
            models.Index(fields=["endpoint", "call_id", "sequence"], condition=Q(state="pending"), name="delivery_in_turn"),
            models.Index(fields=["endpoint", "-created_at", "-id"], name="delivery_of_endpoint"),
            models.Index(fields=["tenant", "-created_at", "-id"], name="delivery_list"),
            models.Index(fields=["call_id"], name="delivery_of_call"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} · {self.get_state_display()}"

    @property
    def is_pending(self) -> bool:
        """Whether it will be attempted."""
        return self.state == DeliveryState.PENDING


class Attempt(models.Model):
    """One request, and what came of it."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log", db_index=False)
    fence = models.PositiveBigIntegerField(editable=False)
    started_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField(help_text=_("How long it took, in milliseconds."))
    request_headers = models.JSONField(default=dict, help_text=_("Without what is secret."))
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("What it answered; none where it did not."))
    answer = models.TextField(blank=True, help_text=_("The beginning of the answer."))
    error = models.CharField(max_length=300, blank=True, help_text=_("Why it counts as failed."))
    code = models.CharField(max_length=40, blank=True, help_text=_("The same for machines."))

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["delivery", "fence"], name="attempt_once_per_fence")]

    def __str__(self) -> str:
        return str(self.status or self.code)

    @property
    def is_success(self) -> bool:
        """Whether the message arrived."""
        return not self.error


class WebhookCursor(FeedCursor):
    """How far into a tenant's feed the messages for its endpoints have been made, and since when a wake-up waits for a worker."""

    wake_up_at = models.DateTimeField(null=True, editable=False)


class WebhookLane(models.Model):
    """One of the ways to an endpoint: as many messages are on their way to it at the same time. Who has the lease uses it."""

    endpoint = models.ForeignKey("calls.WebhookEndpoint", on_delete=models.CASCADE, related_name="lanes")
    number = models.PositiveSmallIntegerField()
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "number"], name="lane_once_per_number")]

    def __str__(self) -> str:
        return str(self.number)
