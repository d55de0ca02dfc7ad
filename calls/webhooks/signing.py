"""Signatures after Standard Webhooks 1.0, by its reference library: of the id, the time and the exact bytes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from standardwebhooks import Webhook

SIGNATURE_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def signature_headers(message_id: str, body: bytes, secrets: Iterable[str], now: datetime) -> dict[str, str]:
    """The three headers; one signature for each secret, so that receivers may hold either while a secret is renewed."""
    now = now.astimezone(UTC)
    text = body.decode()
    signatures = (Webhook(secret).sign(message_id, now, text) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
