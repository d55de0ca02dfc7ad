"""Requests that may be repeated: ``Idempotency-Key`` (IETF draft-ietf-httpapi-idempotency-key-header).

The key is claimed, the work done and the answer kept in one transaction. A parallel twin waits at the unique row for that
transaction and then gets its answer; if the work failed nothing was kept and the twin does it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from tenants.models import IdempotencyKey, Tenant

KEPT = timedelta(days=7)
RACES = 3  # how often others may be quicker


class KeyReused(Exception):
    """The key came before with another request."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer; ``is_replay`` says it was kept from the first time."""

    status: int
    body: Any
    is_replay: bool = False


def fingerprint(method: str, path: str, body: bytes) -> str:
    """SHA-256 of what a request asks for, in hex."""
    return hashlib.sha256(b"\0".join([method.encode(), path.encode("utf-8", "surrogatepass"), body])).hexdigest()


def once(tenant: Tenant, key: str, print_: str, work: Callable[[], Answer]) -> Answer:
    """Do ``work`` once per tenant and key. Raises ``KeyReused`` when the key came with another fingerprint.

    ``work`` raises to refuse: then nothing is kept and the key is free again. It is done anew where something it refers to is
    removed before it could be committed; what it left is gone by then.
    """
    for _ in range(RACES):
        try:
            return _once(tenant, key, print_, work)
        except (IntegrityError, IdempotencyKey.DoesNotExist) as error:  # what it refers to went away, or the key did: look again
            last = error
    raise last


@transaction.atomic
def _once(tenant: Tenant, key: str, print_: str, work: Callable[[], Answer]) -> Answer:
    claim = IdempotencyKey(tenant=tenant, key=key, fingerprint=print_)
    IdempotencyKey.objects.bulk_create([claim], ignore_conflicts=True)  # waits for a twin's transaction
    kept = IdempotencyKey.objects.for_tenant(tenant).get(key=key)
    if kept.pk != claim.pk:
        if kept.fingerprint != print_:
            raise KeyReused
        return Answer(status=kept.status, body=kept.body, is_replay=True)
    answer = work()
    IdempotencyKey.objects.filter(pk=claim.pk).update(status=answer.status, body=answer.body)
    return answer


def forget_old(now: datetime | None = None) -> int:
    """Delete keys past their 7 days; returns how many."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=(now or timezone.now()) - KEPT).delete()
    return deleted
