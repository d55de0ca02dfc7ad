"""Events: timeline, change feed, audit and outbox at once."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from calls.choices import EventKind, Source
from tenants.commit_order import CommitOrderQuerySet, InCommitOrder


class CallEvent(InCommitOrder):
    """Something that happened to a call. Rows are only ever added, in the transaction of the change they tell of.

    ``call`` has no database constraint: the event of a removed call outlives it.
    """

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+", db_index=False)
    call = models.ForeignKey(
        "calls.Call", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="events"
    )
    kind = models.CharField(max_length=32, choices=EventKind.choices)
    happened_at = models.DateTimeField(help_text=_("When it happened, as far as the source tells."))
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    source = models.CharField(max_length=16, choices=Source.choices, blank=True)
    actor = models.ForeignKey("tenants.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    summary = models.CharField(max_length=200, blank=True, help_text=_("What a phone system called it."))
    data = models.JSONField(default=dict, blank=True)

    objects = CommitOrderQuerySet.as_manager()

    class Meta:
        ordering = ["happened_at", "id"]
        indexes = [
            models.Index(fields=["call", "happened_at", "id"], name="event_timeline"),
            models.Index(fields=["tenant", "transaction", "id"], name="event_feed"),  # the tenant's own, too
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
