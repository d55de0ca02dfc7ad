"""Requests that may be repeated: ``Idempotency-Key`` (IETF draft-ietf-httpapi-idempotency-key-header).

The key is claimed, the work done and the answer kept in one transaction. A parallel twin waits at the unique row for that
transaction and then gets its answer; if the work failed nothing was kept and the twin does it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from tenants.models import IdempotencyKey, IdempotencySubject, Tenant

KEPT = timedelta(days=7)
ERASED = 410  # the status of an answer that is gone with what it described
_NAMING = frozenset({"id", "_id", "call", "contact", "company", "agent"})  # whose values are ids of rows that an answer describes
RACES = 3  # how often others may be quicker


class KeyReused(Exception):
    """The key came before with another request."""


class AnswerErased(KeyReused):
    """The request was carried out before, and what it made has been erased since, so its answer is gone as well."""


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
        if kept.status == ERASED:
            raise AnswerErased
        return Answer(status=kept.status, body=kept.body, is_replay=True)
    answer = work()
    IdempotencyKey.objects.filter(pk=claim.pk).update(status=answer.status, body=answer.body)
    subjects = {pk for name, value in _pairs(answer.body) if name in _NAMING and (pk := _uuid(value))}
    IdempotencySubject.objects.bulk_create(IdempotencySubject(key=claim, row_id=pk) for pk in subjects)
    return answer


def forget_answers_about(*row_ids: UUID) -> None:
    """Erase every stored answer that tells about one of these rows. The keys stay, so that no repeat makes a row again."""
    keys = IdempotencySubject.objects.filter(row_id__in=row_ids).values("key")
    IdempotencyKey.objects.filter(pk__in=keys).update(status=ERASED, body={})


def _pairs(body: Any) -> Iterator[tuple[str, Any]]:
    """Each name with its value, at any depth."""
    if isinstance(body, dict):
        yield from body.items()
    for part in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from _pairs(part)


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def forget_old(now: datetime | None = None) -> int:
    """Delete keys past their 7 days; returns how many."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=(now or timezone.now()) - KEPT).delete()
    IdempotencySubject.objects.filter(~Exists(IdempotencyKey.objects.filter(pk=OuterRef("key")))).delete()
    return deleted
