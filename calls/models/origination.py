"""Originations: requests to make a call, apart from the call itself."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.choices import ORIGINATION_LIVE, Disposition, OriginationState, Source, telephony_backends
from tenants.choices import Act
from tenants.scoping import TenantOwned, TenantQuerySet

if TYPE_CHECKING:
    from tenants.authentication import Principal


class OriginationQuerySet(TenantQuerySet["Origination"]):
    """Which originations. Who is limited to a center sees in the admin what they asked for themselves, too."""

    def within_reach_of(self, principal: Principal) -> Self:
        """Those a signed-in party may see: its tenant's, or those of its one center."""
        rows = self.for_tenant(principal.tenant)
        return rows.filter(call__center=principal.center_id) if principal.center_id else rows

    def between(self, start: datetime | None, end: datetime | None) -> Self:
        """Those asked for at or after ``start`` and before ``end``."""
        rows = self if start is None else self.filter(created_at__gte=start)
        return rows if end is None else rows.filter(created_at__lt=end)

    def live(self) -> Self:
        """Those that have not ended."""
        return self.filter(state__in=ORIGINATION_LIVE)

    def overdue(self, now: datetime) -> Self:
        """Those that somebody has to look after: nobody is just at work on them, and they should be further by now."""
        return self.live().filter(due_at__lte=now)

    def with_recording_to_fetch(self) -> Self:
        """Those whose recording waits at the exchange."""
        return self.exclude(recording="").filter(recording_fetched_at__isnull=True)


class Origination(TenantOwned):
    """A request to call. Its id is the one the exchange is given, so that no telephone is rung twice for it.

    Only ``calls.dialer`` writes it. ``order`` is what the exchange is asked, ``known`` what it has told (``dialer.keeping``);
    the other columns follow from them. ``due_at`` says when a sweeper looks after it, ``fence`` counts who was at work on it.
    """

    center_acts = frozenset(Act)

    call = models.OneToOneField("calls.Call", on_delete=models.CASCADE, related_name="origination")
    door = models.CharField(max_length=16, choices=Source.choices)
    requester = models.ForeignKey("tenants.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    line = models.ForeignKey("calls.Line", null=True, blank=True, on_delete=models.SET_NULL, related_name="originations")
    backend = models.CharField(max_length=32, choices=telephony_backends)
    state = models.CharField(max_length=16, choices=OriginationState.choices, default=OriginationState.QUEUED)
    disposition = models.CharField(max_length=16, choices=Disposition.choices, blank=True)
    disposition_detail = models.CharField(max_length=32, blank=True, help_text=_("SIP status of a failed call."))
    reason = models.CharField(max_length=200, blank=True, help_text=_("Why it could not be carried out."))

    sources = models.JSONField(default=list, blank=True, help_text=_("The numbers rung first, as they were given."))
    destination = models.CharField(max_length=128)
    source_caller_name = models.CharField(max_length=100, blank=True)
    source_caller_number = models.CharField(max_length=32, blank=True)
    destination_caller_name = models.CharField(max_length=100, blank=True)
    destination_caller_number = models.CharField(max_length=32, blank=True)
    wait_for_pickup_s = models.PositiveIntegerField()
    max_duration_s = models.PositiveIntegerField()
    message = models.TextField(blank=True, help_text=_("What is spoken to the destination."))
    is_recorded = models.BooleanField(default=False)
    allows_transfer = models.BooleanField(default=False, help_text=_("Whether it may be transferred to a public number."))
    nonce = models.CharField(max_length=255, blank=True, help_text=_("The requester's own mark; may repeat."))
    key = models.CharField(max_length=200, blank=True, help_text=_("The same one again is the same request."))
    document = models.JSONField(default=dict, blank=True, help_text=_("The request as it came."))

    order = models.JSONField(editable=False)
    known = models.JSONField(default=dict, editable=False)
    is_held = models.BooleanField(default=False)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True, help_text=_("When the destination answered."))
    ended_at = models.DateTimeField(null=True, blank=True)
    billable_ms = models.BigIntegerField(default=0)
    recording = models.CharField(max_length=100, blank=True, editable=False)
    recording_fetched_at = models.DateTimeField(null=True, blank=True)

    due_at = models.DateTimeField(editable=False)
    fence = models.PositiveIntegerField(default=0, editable=False)
    reserved_legs = models.PositiveIntegerField(default=0, editable=False)
    reserved_s = models.PositiveIntegerField(default=0, editable=False)
    reserved_on = models.DateField(editable=False)

    objects: ClassVar = OriginationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("call made")
        verbose_name_plural = _("calls made")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "key"],
                condition=~Q(key=""),
                name="origination_once_per_key",
                violation_error_message=_("This request was made before."),
            ),
            models.CheckConstraint(
                name="origination_ended_has_a_disposition",
                condition=~Q(state="ended") | (~Q(disposition="") & Q(ended_at__isnull=False)),
                violation_error_message=_("A call that ended says how."),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="origination_list"),
            models.Index(fields=["due_at"], condition=~Q(state="ended"), name="origination_due"),
            models.Index(fields=["backend"], condition=~Q(state="ended"), name="origination_live"),
            models.Index(
                fields=["backend", "ended_at"],
                condition=~Q(recording="") & Q(recording_fetched_at__isnull=True),
                name="origination_recording",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.destination} · {self.get_state_display()}"

    @property
    def is_live(self) -> bool:
        """Whether it has not ended."""
        return self.state in ORIGINATION_LIVE
