"""Working the queue of some numbers out of the log.

Missed calls of one number, in one center, up to the next answered call with it are one row. A row that is there already goes
on as the row of the calls it was made of, so that what people decided about them stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from calls.choices import MISSED, Direction, Disposition, MissedState, State
from calls.models import Call, MissedCall, MissedTry

_FACTS = (
    "center_id", "number", "match_key", "state", "first_at", "last_at", "tries", "callbacks", "last_call_id", "agent_id",
    "returned_by_id", "returned_at", "snoozed_until",
)  # fmt: skip


class Told(NamedTuple):
    """What must be known of a call."""

    id: UUID
    started_at: datetime
    direction: str
    disposition: str
    e164: str
    key: str
    center_id: UUID | None
    agent_id: UUID | None


class Queue(NamedTuple):
    """Whose missed calls they are, and where they were missed."""

    key: str
    number: str
    center_id: UUID | None


@dataclass(kw_only=True)
class Episode:
    """Missed calls of one number with no answered one between them."""

    queue: Queue
    missed: list[Told] = field(default_factory=list)
    callbacks: int = 0
    returned_by: Told | None = None
    agent_id: UUID | None = None


def is_missed(direction: str, disposition: str) -> bool:
    """Whether a call that has ended is one to return."""
    return direction == Direction.INBOUND and disposition in MISSED


def settle(tenant_id: UUID, keys: Iterable[str], *, since: datetime) -> None:
    """Make the rows of these numbers what the log says now. Calls before ``since`` count only where a later row has them."""
    keys = list(keys)
    if not keys:
        return
    rows = list(
        MissedCall.objects.select_for_update()
        .filter(tenant=tenant_id, match_key__in=keys, last_at__gte=since)
        .prefetch_related("calls")
        .order_by("first_at", "id")
    )
    begun = {queue: min(row.first_at for row in own) for queue, own in _by_queue(rows).items()}
    calls = _calls(tenant_id, keys, min([since, *begun.values()]))
    episodes = [
        episode
        for queue, own in _queues(calls).items()
        for episode in _episodes(queue, own, min(since, begun.get(queue, since)), _ends(queue, rows))
    ]
    _write(tenant_id, rows, episodes)


# Reading the log


def _calls(tenant_id: UUID, keys: list[str], since: datetime) -> list[Told]:
    calls = Call.objects.filter(tenant=tenant_id, remote_key__in=keys, started_at__gte=since, state=State.ENDED)
    told = calls.filter(direction__in=[Direction.INBOUND, Direction.OUTBOUND]).order_by("started_at", "id")
    columns = ("id", "started_at", "direction", "disposition", "remote_e164", "remote_key", "center_id", "agent_id")
    return [Told(*row) for row in told.values_list(*columns)]


def _queues(calls: Sequence[Told]) -> dict[Queue, list[Told]]:
    """The calls that matter to each queue there is: all with its number, wherever they were answered."""
    queues = {_queue_of(call) for call in calls if is_missed(call.direction, call.disposition)}
    by_key: dict[str, list[Told]] = defaultdict(list)
    for call in calls:
        by_key[call.key].append(call)
    return {queue: [call for call in by_key[queue.key] if _is_same(queue, call)] for queue in queues}


def _queue_of(call: Told) -> Queue:
    return Queue(call.key, call.e164 or call.key, call.center_id)


def _is_same(queue: Queue, call: Told) -> bool:
    """Whether a call is with this number: the very one, or one that ends alike where a full form is missing."""
    return not (queue.number.startswith("+") and call.e164) or call.e164 == queue.number


def _ends(queue: Queue, rows: Iterable[MissedCall]) -> list[datetime]:
    """Up to when people were done with it."""
    return sorted(row.done_to for row in rows if row.done_to is not None and _queue_of_row(row) == queue)


def _episodes(queue: Queue, calls: Sequence[Told], since: datetime, ends: list[datetime]) -> list[Episode]:
    """A queue's missed calls since then, parted by every answered call and by what people were done with."""
    found: list[Episode] = []
    current, agent_id, done = Episode(queue=queue), None, list(ends)
    for call in calls:
        if done and call.started_at > done[0]:
            while done and call.started_at > done[0]:
                done.pop(0)
            if current.missed:
                found.append(current)
                current = Episode(queue=queue)
        agent_id = call.agent_id or agent_id
        if call.disposition == Disposition.ANSWERED:
            if current.missed:
                current.returned_by, current.agent_id = call, agent_id
                found.append(current)
                current = Episode(queue=queue)
        elif is_missed(call.direction, call.disposition):
            if call.center_id == queue.center_id and _queue_of(call) == queue and call.started_at >= since:
                current.missed.append(call)
        elif current.missed and call.direction == Direction.OUTBOUND:
            current.callbacks += 1
        current.agent_id = agent_id
    return [*found, current] if current.missed else found


# Writing the queue


def _write(tenant_id: UUID, rows: Sequence[MissedCall], episodes: Sequence[Episode]) -> None:
    row_of = {attempt.call_id: row for row in rows for attempt in row.calls.all()}
    left, new, old = {row.pk: row for row in rows}, [], []
    kept: list[tuple[MissedCall, Episode]] = []
    for episode in episodes:
        row = next((row_of[call.id] for call in episode.missed if call.id in row_of and row_of[call.id].pk in left), None)
        if row is None:
            row = MissedCall(tenant_id=tenant_id)
            new.append(row)
        else:
            del left[row.pk]
            old.append(row)
        if _take(row, episode) or row._state.adding or {each.id for each in episode.missed} != _calls_of(row):
            kept.append((row, episode))
    changed = {row.pk for row, _ in kept}
    MissedCall.objects.filter(pk__in=left).delete()
    MissedTry.objects.filter(missed__in=changed).delete()
    moved = [call.id for _, episode in kept for call in episode.missed]
    MissedTry.objects.filter(call__in=moved).delete()
    MissedCall.objects.bulk_create(new)
    for row in old:
        if row.pk in changed:
            row.save(update_fields=[*_FACTS, "updated_at"])
    MissedTry.objects.bulk_create(
        MissedTry(missed=row, call_id=call.id, started_at=call.started_at) for row, episode in kept for call in episode.missed
    )


def _take(row: MissedCall, episode: Episode) -> bool:
    """Write down what the log says; whether that is something new."""
    before = {name: getattr(row, name) for name in _FACTS}
    last, returned = episode.missed[-1], episode.returned_by
    if len(episode.missed) > row.tries and not row._state.adding:
        row.snoozed_until = None  # they called again
    row.center_id, row.number, row.match_key = episode.queue.center_id, episode.queue.number, episode.queue.key
    row.first_at, row.last_at, row.last_call_id = episode.missed[0].started_at, last.started_at, last.id
    row.tries, row.callbacks, row.agent_id = len(episode.missed), episode.callbacks, episode.agent_id
    row.returned_by_id, row.returned_at = (returned.id, returned.started_at) if returned else (None, None)
    if row.state != MissedState.DONE:
        row.state = MissedState.RETURNED if returned else MissedState.OPEN
    return before != {name: getattr(row, name) for name in _FACTS}


def _calls_of(row: MissedCall) -> set[Any]:
    return {attempt.call_id for attempt in row.calls.all()}


def _by_queue(rows: Iterable[MissedCall]) -> dict[Queue, list[MissedCall]]:
    found: dict[Queue, list[MissedCall]] = defaultdict(list)
    for row in rows:
        found[_queue_of_row(row)].append(row)
    return found


def _queue_of_row(row: MissedCall) -> Queue:
    return Queue(row.match_key, row.number, row.center_id)
