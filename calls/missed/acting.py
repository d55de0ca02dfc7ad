"""What people decide about missed calls. Only what is open can be acted on: who comes second acts on nothing."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F
from django.utils import timezone

from calls.choices import MissedState
from calls.models.missed import MissedCallQuerySet
from tenants.models import User

LONGEST_OUTCOME = 60


def assign(rows: MissedCallQuerySet, user: User | None) -> int:
    """Say who is to return them; None for nobody in particular. How many there were."""
    return rows.open().update(assigned_to=user, updated_at=timezone.now())


def snooze(rows: MissedCallQuerySet, until: datetime | None) -> int:
    """Put them off until then; None brings them back at once. How many there were."""
    return rows.open().update(snoozed_until=until, updated_at=timezone.now())


def finish(rows: MissedCallQuerySet, outcome: str, *, actor: User | None) -> int:
    """Be done with them, whatever came of it. How many there were; a later missed call begins a new one."""
    now = timezone.now()
    return rows.open().update(
        state=MissedState.DONE,
        outcome=outcome[:LONGEST_OUTCOME],
        done_by=actor,
        done_at=now,
        done_to=F("last_at"),
        snoozed_until=None,
        updated_at=now,
    )
