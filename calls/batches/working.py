"""Working batches off: in slices, by one worker at a time, each call in a transaction of its own.

A worker claims a batch by one conditional UPDATE and keeps the claim fresh; who dies leaves it to the next. Twins do no harm
either: an item changes its state in the transaction that changes its call, so each call is changed once.
"""

from __future__ import annotations

import time as clock
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from callhub import doorbell
from calls import failpoints
from calls.batches import acts
from calls.batches.orders import undo_until
from calls.errors import CallError
from calls.models import BatchItem, Call, CallBatch
from calls.models.batch import BatchState, ItemState

SLICE = 50
LEASE = timedelta(minutes=2)
MOST_AT_ONCE = 50


def waiting() -> list[str]:
    """The batches with something to do that nobody works on."""
    rows = CallBatch.objects.unfinished().unclaimed(timezone.now()).order_by("created_at")[:MOST_AT_ONCE]
    return [str(key) for key in rows.values_list("pk", flat=True)]


def work(batch_id: UUID | str, *, seconds: float) -> bool:
    """Go on with a batch for so long; whether there is nothing left to do here: it is finished, or another's to work on."""
    deadline = clock.monotonic() + seconds
    if not CallBatch.objects.unfinished().unclaimed(timezone.now()).filter(pk=batch_id).update(claimed_until=_lease()):
        return True
    batch = CallBatch.objects.select_related("user").get(pk=batch_id)
    begins = ItemState.DONE if batch.state == BatchState.UNDOING else ItemState.WAITING
    while slice_ := list(batch.items.filter(state=begins).order_by("id")[:SLICE]):
        for item in slice_:
            _one(batch, item)
            if clock.monotonic() > deadline:
                return _leave(batch)
        CallBatch.objects.filter(pk=batch.pk).update(claimed_until=_lease())
    return _finish(batch)


def _one(batch: CallBatch, item: BatchItem) -> None:
    """Do or undo one item; what the ledger refuses is written down."""
    is_undoing = batch.state == BatchState.UNDOING
    begins = ItemState.DONE if is_undoing else ItemState.WAITING
    try:
        with transaction.atomic():
            if is_undoing:
                _undo(batch, item)
            else:
                _do(batch, item)
    except CallError as error:
        told = {"state": ItemState.KEPT if is_undoing else ItemState.FAILED, "why": error.message[:200]}
        BatchItem.objects.filter(pk=item.pk, state=begins).update(**told)
    failpoints.reach("batch.item")


def _do(batch: CallBatch, item: BatchItem) -> None:
    rows = BatchItem.objects.filter(pk=item.pk)
    if not rows.filter(state=ItemState.WAITING).update(state=ItemState.DONE):
        return  # a twin has done it
    call = _locked(batch, item)
    if call is None:
        rows.update(state=ItemState.FAILED, why="There is no such call.")
        return
    done = acts.do(batch.act, call, batch.value, batch.user)
    if done is None:
        rows.update(state=ItemState.UNCHANGED)
        return
    before, version = done
    rows.update(before=before, version=version)


def _undo(batch: CallBatch, item: BatchItem) -> None:
    rows = BatchItem.objects.filter(pk=item.pk)
    if not rows.filter(state=ItemState.DONE).update(state=ItemState.UNDONE):
        return
    call = _locked(batch, item)
    if call is None:
        rows.update(state=ItemState.KEPT, why="There is no such call.")
        return
    acts.take_back(batch.act, call, item.before, item.version or 0, batch.user)


def _locked(batch: CallBatch, item: BatchItem) -> Call | None:
    rows = Call.objects.select_for_update(of=("self",)).select_related("tenant")
    return rows.filter(tenant=batch.tenant_id, pk=item.call_id).first()


def _leave(batch: CallBatch) -> bool:
    """Give the claim back for the next turn, which is rung for."""
    CallBatch.objects.filter(pk=batch.pk).update(claimed_until=None)
    from calls.tasks import work_batch  # late: the tasks call this package

    doorbell.ring(work_batch, str(batch.pk))
    return False


def _finish(batch: CallBatch) -> bool:
    now = timezone.now()
    over = BatchState.UNDONE if batch.state == BatchState.UNDOING else BatchState.DONE
    told: dict[str, object] = {"state": over, "claimed_until": None, "finished_at": now, "updated_at": now}
    if over == BatchState.DONE:
        told["undo_until"] = undo_until(batch, now)
    CallBatch.objects.filter(pk=batch.pk, state=batch.state).update(**told)
    return True


def _lease() -> datetime:
    return timezone.now() + LEASE
