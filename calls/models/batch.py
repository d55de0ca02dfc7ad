"""Batches: the same thing done to many calls at once, worked off in the background, and taken back where that is possible."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.scoping import TenantOwned, TenantQuerySet


class BatchAct(models.TextChoices):
    """What is done to each call."""

    TAG = "tag", _("Put a tag on")
    UNTAG = "untag", _("Take a tag off")
    FLAG = "flag", _("Flag")
    UNFLAG = "unflag", _("Take the flag off")
    OUTCOME = "outcome", _("Set the outcome")
    CONTACT = "contact", _("Assign a contact")
    ERASE_AUDIO = "erase_audio", _("Erase the audio")


class BatchState(models.TextChoices):
    """How far a batch has come."""

    DRAFT = "draft", _("Not begun")
    WAITING = "waiting", _("Going on")
    DONE = "done", _("Done")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")


class ItemState(models.TextChoices):
    """What became of one call."""

    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Changed")
    UNCHANGED = "unchanged", _("Was so already")
    FAILED = "failed", _("Not possible")
    UNDONE = "undone", _("Undone")
    KEPT = "kept", _("Changed since, so left as it is")


class CallBatchQuerySet(TenantQuerySet["CallBatch"]):
    """Which batches."""

    def unfinished(self) -> Self:
        """Those with something to do."""
        return self.filter(state__in=(BatchState.WAITING, BatchState.UNDOING))

    def unclaimed(self, now: datetime) -> Self:
        """Those nobody works on, or whose worker let its time run out."""
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lt=now))


class CallBatch(TenantOwned):
    """One thing done to the calls a person picked. Its items name them; ``value`` is what each gets.

    ``claimed_until`` is the end of a worker's turn. Begun once, undone once; each item changes state in the transaction that
    changes its call.
    """

    user = models.ForeignKey("tenants.User", null=True, on_delete=models.SET_NULL, related_name="+")
    act = models.CharField(max_length=16, choices=BatchAct.choices)
    value = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=BatchState.choices, default=BatchState.DRAFT)
    total = models.PositiveIntegerField()
    back = models.TextField(blank=True, help_text=_("The query of the list it was begun at."))
    finished_at = models.DateTimeField(null=True)
    undo_until = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)

    objects: ClassVar = CallBatchQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["state", "claimed_until"], condition=Q(state__in=["waiting", "undoing"]), name="batch_unfinished"
            )
        ]

    def __str__(self) -> str:
        return self.get_act_display()

    @property
    def is_going_on(self) -> bool:
        """Whether something is still to be done."""
        return self.state in (BatchState.WAITING, BatchState.UNDOING)

    @property
    def may_be_undone(self) -> bool:
        """Whether it can be taken back now."""
        return self.state == BatchState.DONE and self.undo_until is not None and timezone.now() < self.undo_until


class BatchItem(models.Model):
    """One call of a batch: what became of it, what it was before, and which version of it the batch made."""

    batch = models.ForeignKey(CallBatch, on_delete=models.CASCADE, related_name="items", db_index=False)
    call = models.ForeignKey("calls.Call", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    state = models.CharField(max_length=16, choices=ItemState.choices, default=ItemState.WAITING)
    before = models.JSONField(default=dict)
    version = models.PositiveIntegerField(null=True)
    why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["batch", "state", "id"], name="batch_items")]

    def __str__(self) -> str:
        return self.get_state_display()
