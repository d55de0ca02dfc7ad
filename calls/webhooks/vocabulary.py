"""What webhooks tell of: which event of the log becomes which messages, in which order and with which number.

=====================  ==========================================================================================
message                when
=====================  ==========================================================================================
``call.created``       a call enters the log, ordered, going on or over
``call.ringing``       its exchange says for the first time that somebody's telephone rings
``call.answered``      … that the two sides talk
``call.ended``         it ended; of a call that was over when it was logged, right after ``call.created``. Where that was a
                       guess, because nothing was heard of it any more, its true end is a ``call.updated``
``call.updated``       a fact changed: notes, tags, contact, legs, hold …; ``changed`` names what staff or a program edited
``call.interaction``   an entry of the phone system's own timeline
``call.deleted``       it was erased; only its id is told
``recording.stored``   audio is kept, and can be fetched
``recording.linked``   a link to audio kept elsewhere
``recording.removed``  audio was removed, by a person, by retention, or by a newer file
``recording.held``     a legal hold was set, ``recording.released``: … lifted
``webhook.test``       somebody pressed the button
=====================  ==========================================================================================

Who played or downloaded audio is for the audit, and is not told. FoneStorm's formats know the beginning and the end alone:
``call.created`` is its BEGIN and ``call.ended`` its END.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from calls.choices import STATE_ORDER, EventKind, PayloadFormat, State, WebhookEvent
from calls.models import CallEvent

_PLAIN = {
    EventKind.GIVEN_UP: WebhookEvent.CALL_ENDED,  # its true end, when it comes, is an update
    EventKind.INTERACTION: WebhookEvent.CALL_INTERACTION,
    EventKind.MATCHED: WebhookEvent.CALL_UPDATED,
    EventKind.REMOVED: WebhookEvent.CALL_DELETED,
    EventKind.RECORDING_STORED: WebhookEvent.RECORDING_STORED,
    EventKind.RECORDING_LINKED: WebhookEvent.RECORDING_LINKED,
    EventKind.RECORDING_REMOVED: WebhookEvent.RECORDING_REMOVED,
    EventKind.RECORDING_HELD: WebhookEvent.RECORDING_HELD,
    EventKind.RECORDING_RELEASED: WebhookEvent.RECORDING_RELEASED,
}
_BY_STATE = {State.RINGING: WebhookEvent.CALL_RINGING, State.IN_PROGRESS: WebhookEvent.CALL_ANSWERED}
_FIRST = (EventKind.RECORDED, EventKind.ORIGINATED)
IN_FONESTORM = (WebhookEvent.CALL_CREATED, WebhookEvent.CALL_ENDED, WebhookEvent.TEST)
SUBSCRIBABLE = [event for event in WebhookEvent if event is not WebhookEvent.TEST]


@dataclass(frozen=True, kw_only=True)
class Told:
    """One message that an event gives; ``sequence`` counts those of its call from 1."""

    event_type: WebhookEvent
    sequence: int


def messages_of(history: Sequence[CallEvent], *, has_ended: bool) -> dict[int, list[Told]]:
    """The messages of each event of a call, by the event's key; ``history`` are all of its events in the order of the feed.

    ``has_ended`` is whether the call, read before its events, is over: with no event that says so it was logged that way.
    """
    ended_at_once = has_ended and not any(_tells_the_end(event) for event in history)
    found: dict[int, list[Told]] = {}
    sequence, furthest = 0, State.QUEUED
    for event in history:
        types = list(_types_of(event, furthest, ended_at_once=ended_at_once))
        found[event.pk] = [Told(event_type=each, sequence=sequence + place) for place, each in enumerate(types, start=1)]
        sequence += len(types)
        furthest = max(furthest, _state_of(event), key=STATE_ORDER.index)
    return found


def fits(format: str, event_type: str) -> bool:
    """Whether a format has words for this message."""
    return format == PayloadFormat.NATIVE or event_type in IN_FONESTORM


def _types_of(event: CallEvent, furthest: State, *, ended_at_once: bool) -> Iterator[WebhookEvent]:
    if event.kind in _FIRST:
        yield WebhookEvent.CALL_CREATED
        if ended_at_once:
            yield WebhookEvent.CALL_ENDED
    elif event.kind == EventKind.AMENDED:
        yield WebhookEvent.CALL_UPDATED
        if _tells_the_end(event):
            yield WebhookEvent.CALL_ENDED
    elif event.kind in (EventKind.PROGRESSED, EventKind.GIVEN_UP):
        yield _type_of_progress(_state_of(event), furthest)
    elif event.kind in _PLAIN:
        yield _PLAIN[EventKind(event.kind)]


def _type_of_progress(state: State, furthest: State) -> WebhookEvent:
    if state == State.ENDED and furthest != State.ENDED:
        return WebhookEvent.CALL_ENDED
    is_further = STATE_ORDER.index(state) > STATE_ORDER.index(furthest)
    return _BY_STATE.get(state, WebhookEvent.CALL_UPDATED) if is_further else WebhookEvent.CALL_UPDATED


def _state_of(event: CallEvent) -> State:
    if event.kind == EventKind.GIVEN_UP:
        return State.ENDED
    state = event.data.get("state") if event.kind == EventKind.PROGRESSED else None
    return State(state) if state in State.values else State.QUEUED


def _tells_the_end(event: CallEvent) -> bool:
    if event.kind == EventKind.GIVEN_UP:
        return True
    if event.kind == EventKind.AMENDED:
        return bool(event.data.get("changed", {}).get("state", ["", ""])[1] == State.ENDED)
    return _state_of(event) == State.ENDED
