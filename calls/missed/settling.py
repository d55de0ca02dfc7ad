"""Working the queue of some numbers out of the log.

Missed calls of one number, in one center, up to the next answered call with it are one row. A row that is there already goes
on as the row of the calls it was made of, so that what people decided about them stays. No more of the log is read than from
the first row on that a changed call may concern (``reach_back``), however much one number calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery

from calls.choices import MISSED, Direction, Disposition, MissedState, State
from calls.models import Call, MissedCall, MissedTry
from calls.models.call import IS_MISSED
from contacts.phone import may_be_same

KEYS_AT_ONCE = 200  # numbers asked for by one query
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
    is_leg: bool
    e164: str
    key: str
    center_id: UUID | None
    agent_id: UUID | None


class Span(NamedTuple):
    """What must be known of a row to tell whether a change concerns it; ``end`` is the last try it is, or was, made of."""

    pk: UUID
    begin: datetime
    end: datetime
    returned_at: datetime | None


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


def settle(tenant_id: UUID, call_ids: Collection[UUID], *, floor: datetime) -> None:
    """Make the queue what the log says now, where these calls were logged, changed or removed.

    Calls before ``floor`` count only where a row has them already.
    """
    changed = _changed(tenant_id, call_ids, floor)
    since, concerned = _concerned(tenant_id, changed, floor)
    rows = list(
        MissedCall.objects.select_for_update().filter(pk__in=concerned).prefetch_related("calls").order_by("first_at", "id")
    )
    known = {attempt.call_id for row in rows for attempt in row.calls.all()}
    calls = [call for call in _calls(tenant_id, since) if call.started_at >= floor or call.id in known or not _counts(call)]
    episodes = [episode for queue, own in _queues(calls).items() for episode in _episodes(queue, own, _ends(queue, rows))]
    _write(tenant_id, rows, episodes)


# What a change concerns


def _changed(tenant_id: UUID, call_ids: Collection[UUID], floor: datetime) -> dict[str, datetime]:
    """From when on the queues of which numbers may be others: those of missed calls, and those that the calls are part of."""
    recent = Call.objects.filter(tenant=tenant_id, pk__in=call_ids, started_at__gte=floor, state=State.ENDED)
    times: dict[str, list[datetime]] = defaultdict(list)
    others: dict[str, list[datetime]] = defaultdict(list)
    told = recent.exclude(remote_key="").annotate(is_missed=IS_MISSED).values_list("remote_key", "started_at", "is_missed")
    for key, started_at, is_missed in told:
        (times if is_missed else others)[key].append(started_at)
    rows = MissedCall.objects.filter(tenant=tenant_id, last_at__gte=floor)
    tries = MissedTry.objects.filter(call__in=call_ids, missed__last_at__gte=floor)
    for key, begin in (
        *tries.values_list("missed__match_key", "missed__first_at"),
        *rows.filter(returned_by__in=call_ids).values_list("match_key", "first_at"),
    ):
        times[key].append(begin)
    waiting = set(rows.filter(match_key__in=list(others)).values_list("match_key", flat=True)) if others else set()
    return {key: min([*times.get(key, ()), *others.get(key, ())]) for key in times.keys() | waiting}


def _concerned(tenant_id: UUID, changed: Mapping[str, datetime], floor: datetime) -> tuple[dict[str, datetime], list[UUID]]:
    """From when on the log of each number must be read, and the rows that may be others then."""
    spans: dict[str, list[Span]] = defaultdict(list)
    rows = MissedCall.objects.filter(tenant=tenant_id, match_key__in=list(changed), last_at__gte=floor)
    columns = ("match_key", "pk", "first_at", "last_at", "done_to", "returned_at")
    for key, pk, first_at, last_at, done_to, returned_at in rows.values_list(*columns):
        spans[key].append(Span(pk, first_at, max(last_at, done_to or last_at), returned_at))
    since: dict[str, datetime] = {}
    concerned: list[UUID] = []
    for key, at in changed.items():
        since[key], found = reach_back(at, spans[key])
        concerned.extend(found)
    return since, concerned


def reach_back(at: datetime, spans: Sequence[Span]) -> tuple[datetime, list[UUID]]:
    """From when on calls must be read where one has changed at that time, and the rows made of them.

    Those are what was not returned before, and whatever shares some time with them.
    """
    since, left, found = at, list(spans), list[UUID]()
    while concerned := [span for span in left if span.end >= since or span.returned_at is None or span.returned_at >= at]:
        since = min([since, *(span.begin for span in concerned)])
        found.extend(span.pk for span in concerned)
        left = [span for span in left if span not in concerned]
    return since, found


# Reading the log


def _calls(tenant_id: UUID, since: Mapping[str, datetime]) -> Iterator[Told]:
    """The calls of each number from its time on, oldest first."""
    columns = (
        "id",
        "started_at",
        "direction",
        "disposition",
        "is_answered_elsewhere",
        "remote_e164",
        "remote_key",
        "center_id",
        "agent_id",
    )
    keys = list(since)
    for start in range(0, len(keys), KEYS_AT_ONCE):
        wanted = Q()
        for key in keys[start : start + KEYS_AT_ONCE]:
            wanted |= Q(remote_key=key, started_at__gte=since[key])
        calls = Call.objects.filter(wanted, tenant=tenant_id, state=State.ENDED)
        calls = calls.filter(direction__in=[Direction.INBOUND, Direction.OUTBOUND])
        yield from (Told(*row) for row in calls.order_by("started_at", "id").values_list(*columns))


def _counts(call: Told) -> bool:
    return call.direction == Direction.INBOUND and call.disposition in MISSED and not call.is_leg


def _queues(calls: Sequence[Told]) -> dict[Queue, list[Told]]:
    """The calls that matter to each queue there is: all with its number, wherever they were answered."""
    queues = {_queue_of(call) for call in calls if _counts(call)}
    by_key: dict[str, list[Told]] = defaultdict(list)
    for call in calls:
        by_key[call.key].append(call)
    return {queue: [call for call in by_key[queue.key] if _is_same(queue, call)] for queue in queues}


def _queue_of(call: Told) -> Queue:
    return Queue(call.key, call.e164 or call.key, call.center_id)


def _is_same(queue: Queue, call: Told) -> bool:
    """Whether a call is with this number: the very one, or one that may be the same (``contacts.phone.may_be_same``)."""
    return may_be_same(queue.number if queue.number.startswith("+") else "", call.e164)


def _ends(queue: Queue, rows: Iterable[MissedCall]) -> list[datetime]:
    """Up to when people were done with it."""
    return sorted(row.done_to for row in rows if row.done_to is not None and _queue_of_row(row) == queue)


def _episodes(queue: Queue, calls: Sequence[Told], ends: list[datetime]) -> list[Episode]:
    """A queue's missed calls, parted by every answered call and by what people were done with."""
    returned: list[Episode] = []
    over: list[Episode] = []  # people were done with them, and nobody has talked since
    agent_id: UUID | None = None
    current, done = Episode(queue=queue), list(ends)
    for call in calls:
        while done and call.started_at > done[0]:
            done.pop(0)
            if current.missed:
                over.append(current)
                current = Episode(queue=queue)
        agent_id = call.agent_id or agent_id
        if call.disposition == Disposition.ANSWERED:
            for episode in (*over, current):
                episode.returned_by, episode.agent_id = call, agent_id
            returned += [*over, current] if current.missed else over
            over, current = [], Episode(queue=queue)
        elif _counts(call):
            if _queue_of(call) == queue:
                current.missed.append(call)
        elif current.missed and call.direction == Direction.OUTBOUND:
            current.callbacks += 1
        current.agent_id = agent_id
    return [*returned, *over, *([current] if current.missed else [])]


# Writing the queue


def _write(tenant_id: UUID, rows: Sequence[MissedCall], episodes: Sequence[Episode]) -> None:
    row_of = {attempt.call_id: row for row in rows for attempt in row.calls.all()}
    going_on = _going_on(episodes, row_of)
    left = {row.pk for row in rows} - {row.pk for row in going_on if row}
    made: list[MissedCall] = []
    moved: list[MissedTry] = []
    for episode, old in zip(episodes, going_on, strict=True):
        row = old or MissedCall(tenant_id=tenant_id)
        is_other = _take(row, episode)
        if old is None:
            made.append(row)
        elif is_other:
            row.save(update_fields=[*_FACTS, "updated_at"])
        moved += [
            MissedTry(missed=row, call_id=call.id, started_at=call.started_at)
            for call in episode.missed
            if row_of.get(call.id) is not row
        ]
    kept = {call.id for episode in episodes for call in episode.missed}
    gone = [call_id for call_id in row_of if call_id not in kept]
    MissedTry.objects.filter(call__in=[*gone, *(attempt.call_id for attempt in moved)]).delete()
    MissedCall.objects.filter(pk__in=left).delete()
    MissedCall.objects.bulk_create(made)
    MissedTry.objects.bulk_create(moved)
    _name_agents(made)


def _going_on(episodes: Sequence[Episode], row_of: Mapping[UUID, MissedCall]) -> list[MissedCall | None]:
    """For each episode the row that goes on as it: one with some of its calls, of the same queue where there is one."""
    found: list[MissedCall | None] = [None] * len(episodes)
    taken: set[UUID] = set()
    for same_queue in (True, False):
        for place, episode in enumerate(episodes):
            rows = [row_of[call.id] for call in episode.missed if call.id in row_of]
            fitting = (row for row in rows if not same_queue or _queue_of_row(row) == episode.queue)
            row = next((row for row in fitting if row.pk not in taken), None)
            if found[place] is None and row is not None:
                found[place] = row
                taken.add(row.pk)
    return found


def _take(row: MissedCall, episode: Episode) -> bool:
    """Write down what the log says; whether that is something new."""
    before = {name: getattr(row, name) for name in _FACTS}
    last, returned = episode.missed[-1], episode.returned_by
    if len(episode.missed) > row.tries and not row._state.adding:
        row.snoozed_until = None  # they called again
    row.center_id, row.number, row.match_key = episode.queue.center_id, episode.queue.number, episode.queue.key
    row.first_at, row.last_at, row.last_call_id = episode.missed[0].started_at, last.started_at, last.id
    row.tries, row.callbacks, row.agent_id = len(episode.missed), episode.callbacks, episode.agent_id or row.agent_id
    row.returned_by_id, row.returned_at = (returned.id, returned.started_at) if returned else (None, None)
    if row.state != MissedState.DONE:
        row.state = MissedState.RETURNED if returned else MissedState.OPEN
    return before != {name: getattr(row, name) for name in _FACTS}


def _name_agents(rows: Sequence[MissedCall]) -> None:
    """Who had to do with the number before it was missed, where nobody has since."""
    unknown = [row.pk for row in rows if row.agent_id is None]
    if unknown:
        calls = Call.objects.filter(
            tenant=OuterRef("tenant"), remote_key=OuterRef("match_key"), started_at__lt=OuterRef("first_at"), agent__isnull=False
        )
        last = Subquery(calls.order_by("-started_at").values("agent")[:1])
        MissedCall.objects.filter(pk__in=unknown).update(agent=last)


def _queue_of_row(row: MissedCall) -> Queue:
    return Queue(row.match_key, row.number, row.center_id)
