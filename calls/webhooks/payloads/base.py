"""What every payload starts from and ends as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from calls.choices import WebhookEvent
from calls.models import Call
from tenants.models import Tenant

LIMIT = 20_000  # bytes, as Standard Webhooks advises


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something to tell of a call; ``call`` is None where it is gone."""

    tenant: Tenant
    event_type: WebhookEvent
    happened_at: datetime
    call_id: UUID | None
    call: Call | None
    sequence: int
    data: Mapping[str, Any] = field(default_factory=dict)  # the event's own
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """The body to send, and the values that fill in the address."""

    body: bytes
    tokens: Mapping[str, str] = field(default_factory=dict)


def moment(value: datetime | None) -> str | None:
    """A time as our API writes it."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None
