"""Who is told that events have been written: whoever tells the world."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from calls import webhooks
from calls.events import published


@receiver(published, dispatch_uid="calls.webhooks")
def tell_webhooks(tenant_id: UUID, **_: Any) -> None:
    """Have the tenant's endpoints told."""
    webhooks.announce(tenant_id)
