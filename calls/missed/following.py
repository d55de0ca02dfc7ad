"""From the feed to the queue: for every number that events touch, its missed calls and their return are worked out anew.

A cursor for each tenant says how far into its feed the queue has come; it moves in the transaction that changes the queue, so
a crash loses and doubles nothing. While one follows, others leave it to them. Calls older than ``KEPT`` are let be.
"""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from calls.choices import State
from calls.missed.settling import is_missed, settle
from calls.models import Call, CallEvent, MissedCall, MissedCursor, MissedTry
from tenants.commit_order import OldestOpenTransaction, Position
from tenants.models import Tenant

AT_ONCE = 500  # events
MOST_TENANTS = 200  # looked at by one sweep
KEPT = timedelta(days=90)


def follow(tenant_id: UUID | str, *, seconds: float = 10.0) -> int:
    """Bring a tenant's queue up to its log, for so long at most; how many events were looked at. Safe to run twice."""
    tenant_id = UUID(str(tenant_id))
    until, seen = time.monotonic() + seconds, 0
    while True:
        count = _next_batch(tenant_id)
        seen += count
        if count < AT_ONCE or time.monotonic() > until:
            return seen


def waiting() -> list[str]:
    """The tenants with events that the queue has not been brought up to."""
    later = Q(transaction__gt=OuterRef("transaction")) | Q(transaction=OuterRef("transaction"), pk__gt=OuterRef("event"))
    unseen = CallEvent.objects.filter(later, tenant=OuterRef("pk"), transaction__lt=OldestOpenTransaction())
    begun = MissedCursor.objects.filter(Exists(unseen)).values_list("pk", flat=True)[:MOST_TENANTS]
    some = CallEvent.objects.filter(tenant=OuterRef("pk"))
    new = Tenant.objects.filter(~Exists(MissedCursor.objects.filter(pk=OuterRef("pk"))), Exists(some))
    return [str(key) for key in (*begun, *new.values_list("pk", flat=True)[:MOST_TENANTS])]


def _next_batch(tenant_id: UUID) -> int:
    with transaction.atomic():
        cursor = MissedCursor.locked_if_free(tenant_id)
        if cursor is None:
            return 0
        rows = CallEvent.objects.filter(tenant=tenant_id).settled_after(cursor.position)
        found = list(rows.values_list("transaction", "pk", "call_id")[:AT_ONCE])
        if found:
            settle(tenant_id, _touched(tenant_id, {call_id for _, _, call_id in found}), since=timezone.now() - KEPT)
            cursor.move_to(Position(*found[-1][:2]))
        return len(found)


def _touched(tenant_id: UUID, call_ids: set[UUID]) -> set[str]:
    """The numbers whose queue these calls may change: those missed now, and those that were counted before or wait for one."""
    recent = Call.objects.filter(tenant=tenant_id, pk__in=call_ids, started_at__gte=timezone.now() - KEPT)
    told = list(recent.exclude(remote_key="").filter(state=State.ENDED).values_list("remote_key", "direction", "disposition"))
    missed = {key for key, direction, disposition in told if is_missed(direction, disposition)}
    others = {key for key, _, _ in told} - missed
    rows = MissedCall.objects.filter(tenant=tenant_id)
    known = rows.filter(match_key__in=others).values_list("match_key", flat=True) if others else ()
    counted = MissedTry.objects.filter(call__in=call_ids).values_list("missed__match_key", flat=True)
    returned = rows.filter(returned_by__in=call_ids).values_list("match_key", flat=True)
    return {*missed, *known, *counted, *returned}
