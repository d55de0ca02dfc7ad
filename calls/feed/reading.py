"""What changed in a tenant's log after a position, in the order it became visible, none missed and none twice.

Two tables are read, of calls' events and of contacts', up to one horizon that is settled before either is
(``tenants.commit_order``): all that lies below it is visible to both questions, however they fall among writers. Where a page
is not full, the next one begins at the horizon, so that what a filter left out is not looked at again.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from calls.choices import EventKind
from calls.feed.positions import LAST, FeedPosition
from calls.models import Call, CallEvent
from contacts.choices import Change, Subject
from contacts.models import ContactEvent
from tenants.commit_order import LastIdTaken, OldestOpenTransaction
from tenants.models import Tenant

CALL, RECORDING = "call", "recording"
OBJECTS = (CALL, RECORDING, *Subject.values)

# What each kind of event does to which object; kinds that change nothing are not told.
MEANINGS: dict[str, tuple[str, Change]] = {
    EventKind.RECORDED: (CALL, Change.CREATED),
    EventKind.ORIGINATED: (CALL, Change.CREATED),
    EventKind.AMENDED: (CALL, Change.UPDATED),
    EventKind.PROGRESSED: (CALL, Change.UPDATED),
    EventKind.GIVEN_UP: (CALL, Change.UPDATED),
    EventKind.INTERACTION: (CALL, Change.UPDATED),
    EventKind.MATCHED: (CALL, Change.UPDATED),
    EventKind.REMOVED: (CALL, Change.DELETED),
    EventKind.RECORDING_STORED: (RECORDING, Change.CREATED),
    EventKind.RECORDING_LINKED: (RECORDING, Change.CREATED),
    EventKind.RECORDING_REMOVED: (RECORDING, Change.DELETED),
    EventKind.RECORDING_HELD: (RECORDING, Change.UPDATED),
    EventKind.RECORDING_RELEASED: (RECORDING, Change.UPDATED),
}
NOT_TOLD = frozenset({EventKind.RECORDING_PLAYED, EventKind.RECORDING_DOWNLOADED})


class NotGivenOut(Exception):
    """The position lies beyond everything there is: it is of another installation, or made up."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Whose changes, and which.

    ``calls`` narrows them to those of calls it holds; the deletion of a call is told though nobody can look at it any more.
    """

    tenant: Tenant
    center_id: UUID | None = None
    objects: frozenset[str] = frozenset(OBJECTS)
    changes: frozenset[str] = frozenset(Change.values)
    calls: QuerySet[Call] | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One change of one object."""

    position: FeedPosition
    object: str
    id: UUID | str
    change: Change
    kind: str
    recorded_at: datetime
    happened_at: datetime
    call: UUID | None = None
    source: str = ""
    actor_id: UUID | None = None
    summary: str = ""
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def token(self) -> str:
        """Where a reader stands who has taken it in."""
        return self.position.token


@dataclass(frozen=True, kw_only=True)
class Page:
    """Changes in order, where the next page begins, and whether it has something already."""

    entries: list[Entry]
    next: FeedPosition
    has_more: bool


def newest(tenant: Tenant) -> FeedPosition:
    """The position behind everything that is settled now."""
    tables = (CallEvent._meta.db_table, ContactEvent._meta.db_table)
    asked = Tenant.objects.filter(pk=tenant.pk).values_list(OldestOpenTransaction(), *map(LastIdTaken, tables))
    oldest_open, last_of_calls, last_of_contacts = asked.get()
    if connection.vendor == "sqlite":
        return FeedPosition(0, last_of_calls, last_of_contacts)
    return FeedPosition(oldest_open - 1, LAST, LAST)


def read(wanted: Wanted, since: FeedPosition, limit: int) -> Page:
    """At most ``limit`` changes after ``since``, with three queries at most. Raises ``NotGivenOut``."""
    horizon = newest(wanted.tenant)
    if since > horizon:
        raise NotGivenOut
    of_calls = (_of_call(event) for event in _call_events(wanted, since, horizon)[: limit + 1])
    of_contacts = (_of_contact(event) for event in _contact_events(wanted, since, horizon)[: limit + 1])
    found = list(heapq.merge(of_calls, of_contacts, key=lambda entry: entry.position))
    if len(found) > limit:
        return Page(entries=found[:limit], next=found[limit - 1].position, has_more=True)
    return Page(entries=found, next=horizon, has_more=False)


def _call_events(wanted: Wanted, since: FeedPosition, horizon: FeedPosition) -> QuerySet[CallEvent]:
    kinds = [kind for kind, (name, change) in MEANINGS.items() if name in wanted.objects and change in wanted.changes]
    events = CallEvent.objects.for_tenant(wanted.tenant)
    if not kinds:
        return events.none()
    if len(kinds) < len(MEANINGS):
        events = events.filter(kind__in=kinds)
    else:
        events = events.exclude(kind__in=NOT_TOLD)
    events = events.filter(_after(("transaction", "id"), since[:2]), _up_to(("transaction", "id"), horizon[:2]))
    return events.filter(_within_reach(wanted)).order_by("transaction", "id")


def _within_reach(wanted: Wanted) -> Q:
    """Changes of calls that are wanted, and the ends of those that nobody can look at any more."""
    removed = Q(kind__in=[EventKind.REMOVED, EventKind.RECORDING_REMOVED])
    if wanted.center_id is None:
        return Q() if wanted.calls is None else Q(_is_among(wanted.calls)) | removed
    here = str(wanted.center_id)
    calls = Call.objects.all() if wanted.calls is None else wanted.calls
    return Q(_is_among(calls.filter(center=wanted.center_id))) | removed & Q(data__center=here)


def _is_among(calls: QuerySet[Call]) -> Exists:
    return Exists(calls.filter(pk=OuterRef("call_id")))


def _contact_events(wanted: Wanted, since: FeedPosition, horizon: FeedPosition) -> QuerySet[ContactEvent]:
    events = ContactEvent.objects.for_tenant(wanted.tenant)
    subjects = wanted.objects & set(Subject.values)
    if not subjects or wanted.calls is not None:
        return events.none()
    if len(subjects) < len(Subject):
        events = events.filter(subject__in=subjects)
    if len(wanted.changes) < len(Change):
        events = events.filter(change__in=wanted.changes)
    names = ("transaction", "place", "id")
    return events.filter(_after(names, since), _up_to(names, horizon)).order_by(*names)


def _after(names: tuple[str, ...], values: tuple[int, ...]) -> Q:
    return _beyond(names, values, "gt")


def _up_to(names: tuple[str, ...], values: tuple[int, ...]) -> Q:
    return _beyond(names, values, "lt") | Q(**dict(zip(names, values, strict=True)))


def _beyond(names: tuple[str, ...], values: tuple[int, ...], strictly: str) -> Q:
    """Row by row as tuples are compared; the first column alone says where to look in the index."""
    beyond, same = Q(), Q()
    for name, value in zip(names, values, strict=True):
        beyond |= same & Q((f"{name}__{strictly}", value))
        same &= Q((name, value))
    return beyond & Q((f"{names[0]}__{strictly}e", values[0]))


def _of_call(event: CallEvent) -> Entry:
    name, change = MEANINGS[event.kind]
    data: dict[str, Any] = event.data if isinstance(event.data, dict) else {}
    return Entry(
        position=FeedPosition(event.transaction, event.pk, 0),
        object=name,
        id=data.get("recording", "") if name == RECORDING else event.call_id,
        change=change,
        kind=event.kind,
        recorded_at=event.recorded_at,
        happened_at=event.happened_at,
        call=event.call_id,
        source=event.source,
        actor_id=event.actor_id,
        summary=event.summary,
        data=data,
    )


def _of_contact(event: ContactEvent) -> Entry:
    return Entry(
        position=FeedPosition(event.transaction, event.place, event.pk),
        object=event.subject,
        id=event.row_id,
        change=Change(event.change),
        kind=f"{event.subject}.{event.change}",
        recorded_at=event.recorded_at,
        happened_at=event.recorded_at,
    )
