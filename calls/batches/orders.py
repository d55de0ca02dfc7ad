"""Making batches, beginning them, taking them back, and forgetting them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from callhub import doorbell
from calls.models import BatchItem, CallBatch
from calls.models.batch import BatchAct, BatchState, ItemState
from tenants.models import Tenant, User

MOST = 10_000  # calls of one batch: as many as a list counts
UNDO_FOR = timedelta(days=7)
KEPT_FOR = timedelta(days=30)
DRAFTS_KEPT_FOR = timedelta(days=1)
AT_ONCE = 1000  # rows of one INSERT


class BatchRefused(Exception):
    """The calls cannot be one batch, or it is not in a state for what was asked. ``code`` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def draft(tenant: Tenant, calls: Collection[UUID], *, act: str, user: User, back: str = "") -> CallBatch:
    """A batch of these calls, with nothing done yet. Raises ``BatchRefused``: ``empty``, ``too_many``."""
    if not calls:
        raise BatchRefused("empty")
    if len(calls) > MOST:
        raise BatchRefused("too_many")
    with transaction.atomic():
        batch = CallBatch.objects.create(tenant=tenant, user=user, act=act, total=len(calls), back=back[:4000])
        BatchItem.objects.bulk_create((BatchItem(batch=batch, call_id=key) for key in calls), batch_size=AT_ONCE)
    return batch


def begin(batch: CallBatch, value: dict[str, Any], *, rings: bool = True) -> None:
    """Have a draft worked off with this value; who works it off at once need not ring. Raises ``BatchRefused``: ``begun``."""
    rows = CallBatch.objects.filter(pk=batch.pk, state=BatchState.DRAFT)
    if not rows.update(state=BatchState.WAITING, value=value, updated_at=timezone.now()):
        raise BatchRefused("begun")
    batch.refresh_from_db()
    if rings:
        _ring(batch)


def undo(batch: CallBatch, *, rings: bool = True) -> None:
    """Have a batch taken back. Raises ``BatchRefused`` where that is not possible, or not any more: ``not_undoable``."""
    rows = CallBatch.objects.filter(pk=batch.pk, state=BatchState.DONE, undo_until__gt=timezone.now())
    if not rows.update(state=BatchState.UNDOING, updated_at=timezone.now()):
        raise BatchRefused("not_undoable")
    batch.refresh_from_db()
    if rings:
        _ring(batch)


def tally(batch: CallBatch) -> dict[str, int]:
    """How many of its calls are in which state."""
    counted = dict(batch.items.order_by().values_list("state").annotate(count=Count("pk")))
    return {state.value: counted.get(state.value, 0) for state in ItemState}


def undo_until(batch: CallBatch, now: datetime) -> datetime | None:
    """Until when a batch that ends now can be taken back; None where nothing brings back what it did."""
    return None if batch.act == BatchAct.ERASE_AUDIO else now + UNDO_FOR


def forget_old(now: datetime | None = None) -> None:
    """Remove batches of long ago, and drafts nobody began."""
    now = now or timezone.now()
    drafts = CallBatch.objects.filter(state=BatchState.DRAFT, created_at__lt=now - DRAFTS_KEPT_FOR)
    over = CallBatch.objects.filter(state__in=(BatchState.DONE, BatchState.UNDONE), created_at__lt=now - KEPT_FOR)
    for rows in (drafts, over):
        rows.delete()


def _ring(batch: CallBatch) -> None:
    from calls.tasks import work_batch  # late: the tasks call this package

    doorbell.ring(work_batch, str(batch.pk))
