"""What people decide about missed calls. Only what is open can be acted on: who comes second acts on nothing.

Each waits until the queue is at rest: rows locked by two in two orders would be a deadlock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from calls.choices import MissedState
from calls.models.missed import MissedCallQuerySet, MissedCursor
from tenants.models import User

LONGEST_OUTCOME = 60


def assign(rows: MissedCallQuerySet, user: User | None) -> int:
    """Say who is to return them; None for nobody in particular. How many there were."""
    return _update(rows, assigned_to=user)


def snooze(rows: MissedCallQuerySet, until: datetime | None) -> int:
    """Put them off until then; None brings them back at once. How many there were."""
    return _update(rows, snoozed_until=until)


def finish(rows: MissedCallQuerySet, outcome: str, *, actor: User | None) -> int:
    """Be done with them, whatever came of it. How many there were; a later missed call begins a new one."""
    return _update(
        rows,
        state=MissedState.DONE,
        outcome=outcome[:LONGEST_OUTCOME],
        done_by=actor,
        done_at=timezone.now(),
        done_to=F("last_at"),
        snoozed_until=None,
    )


@transaction.atomic
def _update(rows: MissedCallQuerySet, **values: Any) -> int:
    tenants = rows.order_by().values("tenant")
    list(MissedCursor.objects.select_for_update().filter(tenant__in=tenants).order_by("pk"))
    return rows.open().update(**values, updated_at=timezone.now())
