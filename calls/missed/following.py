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

from calls.ledger import settle_legs
from calls.missed.settling import settle
from calls.models import CallEvent, MissedCursor
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
            touched = {call_id for _, _, call_id in found}
            settle_legs(tenant_id, touched)
            settle(tenant_id, touched, floor=timezone.now() - KEPT)
            cursor.move_to(Position(*found[-1][:2]))
        return len(found)
