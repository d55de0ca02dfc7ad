"""Whose turn it is: endpoints with something due, the one served longest ago first, each by as many lanes as it may have.

A receiver that hangs keeps what sends to it waiting. Three bounds keep that from everybody else: an endpoint has as many
lanes as its limit says, and a single one where it failed the last time or was never reached yet; of the threads of a process
only ``CALLHUB_WEBHOOK_SENDERS`` send at all; and one of these sends to all endpoints together that were slow the last time.

The messages of one call to one endpoint go one after the other, by ``sequence``: a later one is
claimed together with all before it, or once they arrived or were given up. Other calls go on
meanwhile.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from calls.choices import EndpointState
from calls.models import Delivery, WebhookEndpoint, WebhookLane
from calls.webhooks import clock, limits
from tenants.budget import Share

LEASE = timedelta(seconds=40)  # of lanes and deliveries; a worker's death delays them by as much
AT_ONCE = 25  # deliveries of one turn
MOST_IN_ORDER = 4 * AT_ONCE  # read to put them into their order
LOOKED_AT = 20  # endpoints
SLOW_AT_ONCE = 1


@dataclass(kw_only=True)
class Turn:
    """A right to send: these deliveries, by this lane."""

    endpoint: WebhookEndpoint
    lane: WebhookLane
    deliveries: list[Delivery]
    shares: list[Share] = field(default_factory=list)

    def give_back(self, unsent: list[Delivery]) -> None:
        """Let others have what was not attempted; it does not count against the limits of a minute."""
        give_back(unsent)
        limits.give_back(self.shares, len(unsent))


class _Share:
    """So many of this process's threads at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0

    @contextmanager
    def one(self, limit: int) -> Iterator[bool]:
        """Whether there was one left; nobody waits."""
        with self._lock:
            has_one = self._taken < limit
            self._taken += has_one
        try:
            yield has_one
        finally:
            with self._lock:
                self._taken -= has_one


_senders, _slow = _Share(), _Share()


@contextmanager
def sender() -> Iterator[bool]:
    """Whether one more thread of this process may send."""
    with _senders.one(settings.CALLHUB_WEBHOOK_SENDERS) as may:
        yield may


@contextmanager
def next_turn() -> Iterator[Turn | None]:
    """The next turn that can be had, until the block ends; None where nothing is due or all of it is in other hands.

    It has nothing to send where a limit of this minute is used up; the endpoint is not looked at again before the next minute.
    """
    for endpoint in _due_endpoints():
        with _share_for(endpoint) as may:
            lane = _take_lane(endpoint) if may else None
            if lane is None:
                continue
            try:
                deliveries = claim(endpoint)
                if deliveries:
                    yield _within_limits(Turn(endpoint=endpoint, lane=lane, deliveries=deliveries))
                    return
            finally:
                WebhookLane.objects.filter(pk=lane.pk, fence=lane.fence).update(lease_until=None)
    yield None


def _within_limits(turn: Turn) -> Turn:
    """The turn with as many of its deliveries as may be sent now; where that is none, the endpoint waits for the next minute."""
    count, turn.shares = limits.take(turn.endpoint, len(turn.deliveries))
    turn.deliveries, rest = turn.deliveries[:count], turn.deliveries[count:]
    give_back(rest)
    if not count:
        until = clock.now() + timedelta(seconds=max(share.reset_s for share in turn.shares))
        # It was not served: in the next minute it comes before those that were.
        rows = WebhookEndpoint.objects.filter(pk=turn.endpoint.pk)
        rows.update(limited_until=until, served_at=turn.endpoint.served_at)
    return turn


def claim(endpoint: WebhookEndpoint) -> list[Delivery]:
    """Take deliveries that are due, the longest waiting first; nobody else has them until their lease is over."""
    holder, now = uuid.uuid4(), clock.now()
    due = Delivery.objects.due(now).filter(endpoint=endpoint)
    limit = AT_ONCE if endpoint.is_trusted else 1
    ready = due.in_turn(now)
    chosen = _in_order(list(ready.order_by("due_at", "id")[:limit]), ready)[:limit]
    if not chosen:
        return []
    ours = due.filter(pk__in=[row.pk for row in chosen])
    count = ours.update(holder=holder, lease_until=now + LEASE, fence=F("fence") + 1)
    if count != len(chosen):  # somebody was quicker with some
        return _without_gaps(chosen, list(Delivery.objects.filter(holder=holder)))
    for row in chosen:
        row.holder, row.fence = holder, row.fence + 1
    return chosen


def _in_order(chosen: list[Delivery], ready: QuerySet[Delivery]) -> list[Delivery]:
    """In the place of each message all of its call that may be sent, the earliest first."""
    calls = {row.call_id for row in chosen if _is_ordered(row)}
    found = ready.filter(call_id__in=calls, is_replayed=False).order_by("sequence", "id")
    queues: dict[UUID | None, list[Delivery]] = {}
    for row in found[:MOST_IN_ORDER] if calls else ():
        queues.setdefault(row.call_id, []).append(row)
    ordered: list[Delivery] = []
    for row in chosen:
        ordered += queues.pop(row.call_id, []) if _is_ordered(row) else [row]
    return ordered


def _without_gaps(wanted: list[Delivery], ours: list[Delivery]) -> list[Delivery]:
    """Those that are ours in the order wanted; none behind one of its call that somebody else has, which goes back."""
    by_key = {row.pk: row for row in ours}
    held: set[UUID | None] = set()
    taken: list[Delivery] = []
    for row in wanted:
        if row.pk in by_key and not (_is_ordered(row) and row.call_id in held):
            taken.append(by_key.pop(row.pk))
        elif _is_ordered(row):
            held.add(row.call_id)
    give_back(list(by_key.values()))
    return taken


def _is_ordered(row: Delivery) -> bool:
    """Whether its place among the messages of its call counts."""
    return row.call_id is not None and not row.is_replayed


def without_later(failed: Delivery, waiting: list[Delivery]) -> tuple[list[Delivery], list[Delivery]]:
    """What of a turn may still be sent where this one did not arrive, and what has to wait with it."""
    held = [row for row in waiting if _is_ordered(failed) and _is_ordered(row) and row.call_id == failed.call_id]
    return [row for row in waiting if row not in held], held


def give_back(deliveries: list[Delivery]) -> None:
    """Let others have what was claimed and not attempted."""
    if deliveries:
        rows = Delivery.objects.filter(pk__in=[row.pk for row in deliveries], holder=deliveries[0].holder)
        rows.update(holder=None, lease_until=None)


def is_anything_due() -> bool:
    """Whether any endpoint has something that should be sent now and nobody sends."""
    return _endpoints_with_due().exists()


def _endpoints_with_due() -> QuerySet[WebhookEndpoint]:
    now = clock.now()
    due = Delivery.objects.due(now).filter(endpoint=OuterRef("pk"))
    rows = WebhookEndpoint.objects.filter(Exists(due), state=EndpointState.ACTIVE, tenant__is_active=True)
    return rows.filter(Q(limited_until__isnull=True) | Q(limited_until__lte=now))


def _due_endpoints() -> list[WebhookEndpoint]:
    rows = _endpoints_with_due().select_related("tenant").order_by(F("served_at").asc(nulls_first=True), "pk")
    return list(rows[:LOOKED_AT])


@contextmanager
def _share_for(endpoint: WebhookEndpoint) -> Iterator[bool]:
    if not endpoint.is_slow:
        yield True
        return
    with _slow.one(SLOW_AT_ONCE) as may:
        yield may


def _take_lane(endpoint: WebhookEndpoint) -> WebhookLane | None:
    """A lane nobody uses, by one conditional UPDATE; None where all are in use."""
    limit, now = endpoint.in_flight_limit if endpoint.is_trusted else 1, clock.now()
    lanes = WebhookLane.objects.filter(endpoint=endpoint, number__lt=limit)
    free = lanes.filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now))
    lane = free.order_by("number").first()
    if lane is None and lanes.count() < limit:
        missing = [WebhookLane(endpoint=endpoint, number=number) for number in range(limit)]
        WebhookLane.objects.bulk_create(missing, ignore_conflicts=True)
        lane = free.order_by("number").first()
    if lane is None or not free.filter(pk=lane.pk, fence=lane.fence).update(lease_until=now + LEASE, fence=F("fence") + 1):
        return None
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(served_at=now)
    lane.fence += 1
    return lane
