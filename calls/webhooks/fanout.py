"""From the feed to deliveries: every settled event becomes one message for each endpoint that wants it, exactly once.

The event rows are the outbox. A cursor for each tenant says how far into its feed messages have been made; it moves in the
transaction that inserts them, so a crash loses and doubles nothing, and writers of calls know nothing of webhooks. Tenants
without endpoints are never looked at.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, Max, OuterRef, Q

from calls import failpoints
from calls.choices import DeliveryState, EventKind, WebhookEvent
from calls.models import Call, CallEvent, Delivery, WebhookCursor, WebhookEndpoint
from calls.webhooks import bell, clock
from calls.webhooks.filtering import looks_at_calls, wants_call, wants_type
from calls.webhooks.payloads import Fact, render
from calls.webhooks.vocabulary import Told, messages_of
from tenants.commit_order import OldestOpenTransaction, Position
from tenants.models import Tenant

AT_ONCE = 200  # events
MOST_TENANTS = 200  # looked at by one sweep


def fan_out(tenant_id: UUID | str, *, seconds: float = 10.0) -> int:
    """Make the deliveries of a tenant's new events, for so long at most; how many were made.

    Whoever comes second waits for the first, and finds nothing left.
    """
    tenant_id = UUID(str(tenant_id))
    until, made = time.monotonic() + seconds, 0
    while True:
        batch = _next_batch(tenant_id)
        made += batch.made
        if not batch.is_full or time.monotonic() > until:
            if batch.is_full or batch.has_unsettled:
                bell.announce(tenant_id)
            return made


def waiting() -> list[str]:
    """The tenants with endpoints and events that no deliveries were made for yet."""
    endpoints = WebhookEndpoint.objects.told().filter(tenant=OuterRef("pk"))
    later = Q(transaction__gt=OuterRef("_transaction")) | Q(transaction=OuterRef("_transaction"), pk__gt=OuterRef("_event"))
    cursor = WebhookCursor.objects.filter(tenant=OuterRef("pk"))
    unseen = CallEvent.objects.filter(later, tenant=OuterRef("pk"), transaction__lt=OldestOpenTransaction())
    tenants = Tenant.objects.filter(Exists(endpoints)).annotate(
        _transaction=cursor.values("transaction")[:1], _event=cursor.values("event")[:1]
    )
    behind = tenants.filter(Q(_event__isnull=True) | Exists(unseen))
    return [str(key) for key in behind.values_list("pk", flat=True)[:MOST_TENANTS]]


@dataclass(frozen=True, kw_only=True)
class _Batch:
    made: int = 0
    is_full: bool = False  # there may be more
    has_unsettled: bool = False  # there is more, which an older transaction that is still open may yet overtake


def _next_batch(tenant_id: UUID) -> _Batch:
    with transaction.atomic():
        endpoints = _told(tenant_id)
        if not endpoints:
            return _Batch()
        cursor = WebhookCursor.locked(tenant_id)
        position = max(cursor.position, min(endpoint.since for endpoint in endpoints))
        found = _events_after(tenant_id, position)
        events = [event for event in found if event.is_settled]
        if not events:
            return _Batch(has_unsettled=bool(found))
        endpoints = _told(tenant_id)  # anew: one may have been made while this waited, and these events are its as well
        deliveries = list(_deliveries(endpoints, events)) if endpoints else []
        Delivery.objects.bulk_create(deliveries)
        cursor.move_to(events[-1].position)
        failpoints.reach("webhook.fanned_out")
        return _Batch(made=len(deliveries), is_full=len(events) == AT_ONCE, has_unsettled=len(events) < len(found))


def _told(tenant_id: UUID) -> list[WebhookEndpoint]:
    return list(WebhookEndpoint.objects.told().filter(tenant=tenant_id).select_related("tenant", "line"))


def _events_after(tenant_id: UUID, position: Position) -> list[Any]:
    """The next events in the feed's order; what is not settled comes last and says so."""
    later = Q(transaction__gt=position.transaction) | Q(transaction=position.transaction, pk__gt=position.id)
    rows = CallEvent.objects.filter(later, tenant=tenant_id, transaction__gte=position.transaction)
    is_settled = ExpressionWrapper(Q(transaction__lt=OldestOpenTransaction()), output_field=BooleanField())
    return list(rows.annotate(is_settled=is_settled).order_by("transaction", "id")[:AT_ONCE])


def _deliveries(endpoints: Sequence[WebhookEndpoint], events: Sequence[CallEvent]) -> Iterator[Delivery]:
    """Those of a batch of events, in the feed's order."""
    keys = {event.call_id for event in events}
    calls = Call.objects.filter(pk__in=keys).select_related("line").prefetch_related("tags").in_bulk()  # before their events
    told = _messages(keys, calls)
    acquainted = _acquainted(keys - calls.keys())
    for (_, key), last in acquainted.items():
        if key in told:
            told[key] = _counted_on(told[key], events, last)
    _forget({event.call_id for event in events if event.kind == EventKind.REMOVED})
    now = clock.now()
    for event in events:
        call = calls.get(event.call_id)
        for message in told[event.call_id].get(event.pk, ()):
            fact = _fact(endpoints[0].tenant, event, message, call)
            for endpoint in endpoints:
                if endpoint.since < event.position and _wants(endpoint, fact, acquainted):
                    acquainted.setdefault((endpoint.pk, event.call_id), 0)
                    yield _delivery(endpoint, event, fact, now)


def _messages(keys: Iterable[UUID], calls: dict[UUID, Call]) -> dict[UUID, dict[int, list[Told]]]:
    """For each call the messages of each of its events, numbered over its whole history."""
    histories: dict[UUID, list[CallEvent]] = {key: [] for key in keys}
    for event in CallEvent.objects.filter(call_id__in=histories).order_by("transaction", "id").only("call_id", "kind", "data"):
        histories[event.call_id].append(event)
    return {
        key: messages_of(history, has_ended=key in calls and calls[key].ended_at is not None)
        for key, history in histories.items()
    }


def _fact(tenant: Tenant, event: CallEvent, told: Told, call: Call | None) -> Fact:
    return Fact(
        tenant=tenant,
        event_type=told.event_type,
        happened_at=event.happened_at,
        call_id=event.call_id,
        call=None if told.event_type == WebhookEvent.CALL_DELETED else call,
        sequence=told.sequence,
        data=event.data,
        summary=event.summary,
    )


def _wants(endpoint: WebhookEndpoint, fact: Fact, acquainted: Mapping[tuple[UUID, UUID | None], int]) -> bool:
    """Of a call that is gone, those are told who were told of it before, and those who are told of every call."""
    if not wants_type(endpoint, fact.event_type):
        return False
    if fact.call is None:
        return not looks_at_calls(endpoint) or (endpoint.pk, fact.call_id) in acquainted
    return wants_call(endpoint, fact.call)


def _acquainted(gone: set[UUID]) -> dict[tuple[UUID, UUID | None], int]:
    """Which endpoint was told of which of these calls, and how far it was counted."""
    if not gone:
        return {}
    rows = Delivery.objects.filter(call_id__in=gone).order_by().values("endpoint_id", "call_id").annotate(last=Max("sequence"))
    return {(row["endpoint_id"], row["call_id"]): row["last"] for row in rows}


def _counted_on(told: dict[int, list[Told]], events: Sequence[CallEvent], last: int) -> dict[int, list[Told]]:
    """Nothing says any more whether a call that is gone was over when it was logged: count on from what was told last."""
    new = [message.sequence for event in events for message in told.get(event.pk, ())]
    shift = max(0, last + 1 - min(new, default=last + 1))
    return {key: [replace(each, sequence=each.sequence + shift) for each in messages] for key, messages in told.items()}


def _forget(removed: set[UUID]) -> None:
    """What was made of a call that is erased goes with it; what had not arrived never will."""
    rows = Delivery.objects.filter(call_id__in=removed, is_erased=False).exclude(event_type=WebhookEvent.CALL_DELETED)
    if removed:
        gone = {"body": b"", "tokens": {}, "is_erased": True, "fence": F("fence") + 1, "lease_until": None}
        rows.pending().update(**gone, state=DeliveryState.CANCELLED, reason="The call was removed.")
        rows.update(**gone)


def _delivery(endpoint: WebhookEndpoint, event: CallEvent, fact: Fact, now: Any) -> Delivery:
    rendered = render(endpoint, fact)
    return Delivery(
        tenant_id=event.tenant_id,
        endpoint=endpoint,
        event=event,
        call_id=event.call_id,
        event_type=fact.event_type,
        sequence=fact.sequence,
        format=endpoint.format,
        body=rendered.body,
        tokens=dict(rendered.tokens),
        due_at=now,
    )
