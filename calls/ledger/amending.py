"""Changing and erasing calls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from calls import events
from calls.choices import OF_RECORDINGS, Disposition, EventKind, MatchState, RecordingState, Source, State
from calls.drafts import CallChanges
from calls.errors import CallChanged, CallNotFound, InvalidCall, OnHold
from calls.ledger.expecting import expect_from_links
from calls.ledger.judging import check_facts, check_possible, has_talked, settle_times
from calls.ledger.legs import settle_around, take_places, talk_of
from calls.ledger.linking import (
    OwnLines,
    is_chosen,
    keep_hints,
    kept_hint,
    number_to_match,
    take_agent,
    take_match,
    take_parties_again,
)
from calls.ledger.noting import add_to_thread, follow_text
from calls.ledger.reaping import was_given_up
from calls.ledger.retaining import follow_call
from calls.ledger.ruling import IS_RULED, tag_anew
from calls.ledger.tagging import tags_named
from calls.models import Call, CallEvent, Origination, UsageDay
from calls.models.rule import RuledFacts
from contacts.matching import find_agent, find_contact
from contacts.models import Contact
from tenants.idempotency import forget_answers_about
from tenants.models import User

# What the event of a change tells; other columns follow from these.
_TOLD = (
    "direction", "disposition", "state", "started_at", "answered_at", "ended_at", "ring_ms", "talk_ms", "remote_raw",
    "remote_name", "contact_id", "company_id", "agent_id", "agent_name", "match_state", "notes", "outcome", "is_flagged",
    "flag_notes", "recording_url",
)  # fmt: skip
_PLAIN = ("notes", "outcome", "is_flagged", "flag_notes", "recording_url", "disposition")
_TIMES = ("started_at", "ended_at", "ring_ms")
_PLACE = (
    "started_at",
    "ended_at",
    "ring_ms",
    "state",
    "direction",
    "disposition",
    "remote_key",
    "remote_e164",
)  # among others' calls


def amend(
    call: Call,
    changes: CallChanges,
    *,
    actor: User | None = None,
    expected_version: int | None = None,
    source: Source = Source.API,
) -> Call:
    """Change a call and tell what changed; nothing asked for changes nothing. ``source`` is the door that asks.

    Raises ``InvalidCall``, ``CallNotFound`` where it is gone, ``CallChanged`` where ``expected_version`` is not its version.
    """
    given = changes.given()
    check_facts(given)
    with transaction.atomic():
        calls = Call.objects.select_for_update(of=("self",)).select_related("tenant").annotate(is_ruled=IS_RULED)
        locked = calls.filter(pk=call.pk).first()
        if locked is None:
            raise CallNotFound("There is no such call.")
        _check_version(locked, expected_version)
        before, was, talk = _columns(locked), RuledFacts.of(locked), talk_of(locked)
        _apply(locked, given)
        is_elsewhere = any(before[name] != getattr(locked, name) for name in _PLACE)
        if is_elsewhere:
            check_possible(locked, source if given.keys() & set(_TIMES) else "")
            take_places([locked])
        _keep_thread(locked, given, before["notes"], actor=actor, source=source)
        after = _columns(locked)
        changed = {name: [_text(before[name]), _text(after[name])] for name in _TOLD if before[name] != after[name]}
        if "tags" in given:
            changed |= _retag(locked, given["tags"])
        if given.get("flag_resolution") and changed.get("is_flagged") == [True, False]:
            changed["flag_resolution"] = ["", given["flag_resolution"]]
        data: dict[str, Any] = {"changed": changed}
        if by_rule := tag_anew(locked, was):
            data["by_rule"], changed["tags"] = by_rule, _tags_with(locked, by_rule, changed.get("tags"))
        if not changed and before == after:
            return locked
        locked.version += 1
        locked.save()
        if is_elsewhere:
            settle_around([talk, talk_of(locked)])
        if changed.keys() & {"started_at", "direction", "disposition"}:
            follow_call(locked)
        if "recording_url" in changed and locked.tenant.fetches_links:
            expect_from_links([locked])
        events.write(events.event_of(locked, EventKind.AMENDED, actor=actor, data=data))
        return locked


def remove(call: Call, *, actor: User | None = None, expected_version: int | None = None) -> None:
    """Erase a call, its legs, its recordings and what its events tell; the events of their removal stay. Gone already is fine.

    What those keep is no more than who may be told of them: the center. Events of audio never held more than ids.
    Raises ``OnHold`` where a legal hold keeps its audio, ``CallChanged`` where ``expected_version`` is not its version.
    """
    with transaction.atomic():
        list(Origination.objects.select_for_update().filter(call=call.pk).values_list("pk"))  # first, as who carries it on
        locked = Call.objects.select_for_update(of=("self",)).select_related("tenant").filter(pk=call.pk).first()
        if locked is None:
            return
        _check_version(locked, expected_version)
        if locked.recordings.playable().filter(is_on_hold=True).exists():
            raise OnHold("A legal hold keeps this call's audio. Switch it off first.")
        CallEvent.objects.filter(call_id=locked.pk).exclude(kind__in=OF_RECORDINGS).update(data={}, summary="")
        reach = {"center": str(locked.center_id)} if locked.center_id else {}
        sound = locked.recordings.filter(state=RecordingState.STORED).values_list("pk", flat=True)
        removals = [
            events.event_of(locked, EventKind.RECORDING_REMOVED, actor=actor, data={**reach, "recording": str(key)})
            for key in sound
        ]
        removals.append(events.event_of(locked, EventKind.REMOVED, actor=actor, data=reach))
        forget_answers_about(locked.pk, *locked.thread.values_list("pk", flat=True))
        UsageDay.objects.of_call(locked).update(is_stale=True)  # no event tells later when it began
        talk = talk_of(locked)
        locked.delete()
        settle_around([talk])
        CallEvent.objects.bulk_create(removals)
        events.publish(locked.tenant_id)


def _check_version(call: Call, expected: int | None) -> None:
    if expected is not None and call.version != expected:
        raise CallChanged("The call was edited since you read it. Read it again and repeat your change.")


def _columns(call: Call) -> dict[str, Any]:
    return {field.attname: getattr(call, field.attname) for field in Call._meta.concrete_fields}


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _apply(call: Call, given: dict[str, Any]) -> None:
    had_talked = has_talked(call.disposition)
    if was_given_up(call) and given.keys() & {"ended_at", "disposition"}:
        call.disposition_detail = ""
    for name in _PLAIN:
        if name in given:
            setattr(call, name, given[name])
    if "document" in given:
        call.document = {**call.document, **given["document"]}
    if given.keys() & {*_TIMES, "disposition"}:
        _apply_times(call, given, had_talked=had_talked)
    if given.keys() & {"direction", "remote", "contact"}:
        _apply_parties(call, given)
    if "chosen_contact" in given:
        _choose(call, given["chosen_contact"])
    if given.get("forgets_choice") and is_chosen(call):
        take_match(call, find_contact(call.tenant, number_to_match(call, OwnLines.of_call(call)), kept_hint(call)))
    if "agent" in given:
        keep_hints(call, agent=given["agent"])
        take_agent(call, find_agent(call.tenant, given["agent"]), given["agent"])


def _keep_thread(call: Call, given: dict[str, Any], before: str, *, actor: User | None, source: Source) -> None:
    """Let the thread follow a text that was set as a whole, then add the entry that was given."""
    if call.notes != before:
        follow_text(call, before, actor=actor, source=source)
    if "note" in given:
        add_to_thread(call, call.notes, given["note"], actor=actor, source=source)


def _apply_times(call: Call, given: dict[str, Any], *, had_talked: bool) -> None:
    """Take the times that were given and compute afresh what follows from them."""
    if call.ended_at is not None and given.get("ended_at", call.ended_at) is None:
        raise InvalidCall.field("ended_at", "The call has ended; that cannot be undone.", code="ended_already")
    moved = {name for name in _TIMES if name in given and given[name] != getattr(call, name)}
    if not moved and had_talked == has_talked(call.disposition):
        return
    for name in moved:
        setattr(call, name, given[name])
    call.duration_ms = call.talk_ms = None
    if moved & {"started_at", "ring_ms"} or call.disposition not in (Disposition.ANSWERED, Disposition.VOICEMAIL):
        call.answered_at = None
    settle_times(call)
    if call.ended_at is not None:
        call.state = State.ENDED


def _apply_parties(call: Call, given: dict[str, Any]) -> None:
    """Settle parties and contact again after the direction, the number or an id changed."""
    if "contact" in given:
        keep_hints(call, contact=given["contact"])
    if given.keys() & {"direction", "remote"}:
        lines = take_parties_again(call, direction=given.get("direction"), remote=given.get("remote"))
    else:
        lines = OwnLines.of_call(call)
    if not is_chosen(call):
        take_match(call, find_contact(call.tenant, number_to_match(call, lines), kept_hint(call)))


def _choose(call: Call, contact_id: str | None) -> None:
    contact = Contact.objects.for_tenant(call.tenant).select_related("company").by_public_id(contact_id) if contact_id else None
    if contact_id and contact is None:
        raise InvalidCall.field("chosen_contact", "There is no such contact.")
    call.contact, call.company = contact, contact.company if contact else None
    call.match_state, call.match_rule, call.match_candidates = MatchState.CHOSEN, "chosen", []


def _retag(call: Call, names: tuple[str, ...]) -> dict[str, Any]:
    before = {tag.pk: tag.name for tag in call.tags.all()}
    tags = tags_named(call.tenant, names).values()
    if {tag.pk for tag in tags} == before.keys():
        return {}
    call.tags.set(tags)
    return {"tags": [sorted(before.values()), sorted(tag.name for tag in tags)]}


def _tags_with(call: Call, by_rule: list[str], changed: list[list[str]] | None) -> list[list[str]]:
    """The names of its tags before the change and after it, when rules have put some on."""
    names = sorted(tag.name for tag in call.tags.all())
    return [changed[0] if changed else [name for name in names if name not in by_rule], names]
