"""How long deliveries are kept: 30 days, so long can each be sent again."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from calls.choices import DeliveryState
from calls.models import Delivery

KEPT = timedelta(days=30)
AT_ONCE = 500


def forget_old(*, seconds: float = 30.0) -> int:
    """Remove deliveries older than ``KEPT``, with their attempts, for so long at most; how many went.

    One that still waits, at an endpoint that is paused, ends first and is removed by the next run.
    """
    until, removed = time.monotonic() + seconds, 0
    old = Delivery.objects.filter(pk__lt=_first_id_at(timezone.now() - KEPT))
    while time.monotonic() < until:
        keys = list(old.exclude(state=DeliveryState.PENDING).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        Delivery.objects.filter(pk__in=keys).delete()
        removed += len(keys)
        if len(keys) < AT_ONCE:
            break
    old.pending().update(state=DeliveryState.CANCELLED, reason=_("It waited for 30 days."), lease_until=None, holder=None)
    return removed


def _first_id_at(moment: object) -> UUID:
    """The lowest key made at a moment: a UUIDv7 begins with its millisecond."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)  # type: ignore[attr-defined]
