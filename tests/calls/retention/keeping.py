"""Rules, audio that they are for, and until when it is kept."""

from __future__ import annotations

from datetime import UTC, datetime

from calls import retention
from calls.models import RetentionRule
from tests.make import make_call, make_recording


def rule(tenant, kind="all", days=30):
    """A rule that has been there for long."""
    made = RetentionRule(tenant=tenant, kind=kind, days=days)
    retention.save_rule(made)
    RetentionRule.objects.filter(pk=made.pk).update(updated_at=datetime(2026, 1, 1, tzinfo=UTC))
    made.refresh_from_db()
    return made


def audio(tenant, started_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC), **draft):
    return make_recording(make_call(tenant, started_at=started_at, **draft))


def until(recording):
    recording.refresh_from_db()
    return recording.retain_until
