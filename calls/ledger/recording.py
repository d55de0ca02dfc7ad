"""Logging calls, one or many, and recognising the ones that are there already."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction

from calls import events
from calls.choices import EventKind, State
from calls.drafts import CallDraft
from calls.errors import CallConflict, CallError
from calls.ledger.expecting import expect_from_links
from calls.ledger.judging import judged
from calls.ledger.legs import settle_around, take_places, talk_of
from calls.ledger.linking import Linked, link
from calls.ledger.repeats import differing, facts_of
from calls.ledger.ruling import tags_by_rule
from calls.ledger.tagging import put_on
from calls.ledger.writing import insert_together
from calls.models import Call, CallEvent, CallLeg, Tag
from contacts.phone import read_number
from tenants.models import Tenant, User

AT_ONCE = 500  # calls looked up and written together
RACES = 3  # how often a twin may be quicker

_FIRST_EVENTS = (EventKind.RECORDED, EventKind.ORIGINATED)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A call in the log; ``created`` is False where it was there already. ``ruled`` are the tags that rules put on it now."""

    call: Call
    created: bool
    ruled: tuple[str, ...] = ()


def record(tenant: Tenant, draft: CallDraft, *, actor: User | None = None) -> Recorded:
    """Log a call.

    The same (tenant, source, external id) again returns the call that is there. Raises ``InvalidCall`` for impossible
    facts and ``CallConflict``, naming the fields, for a repeat that tells other facts.
    """
    result = record_many(tenant, [draft], actor=actor)[0]
    if isinstance(result, CallError):
        raise result
    return result


def record_many(tenant: Tenant, drafts: Sequence[CallDraft], *, actor: User | None = None) -> list[Recorded | CallError]:
    """Log many calls in one transaction, with a few queries for every 500 of them.

    The answer has, in the same order, what ``record`` would have returned for each, or the ``InvalidCall`` or
    ``CallConflict`` it would have raised: one that is refused keeps no other out.
    """
    for _ in range(RACES):
        try:
            with _together(tenant, drafts):
                return [result for batch in _batches(drafts) for result in _record_batch(tenant, batch, actor)]
        except IntegrityError as error:  # a twin was quicker, or what a call belongs to went away: look again
            last = error
    raise last


def _together(tenant: Tenant, drafts: Sequence[CallDraft]) -> AbstractContextManager[Any]:
    """One transaction; a call without more to it needs none, being written by one statement, unless it joins another's."""
    has_more = len(drafts) != 1 or drafts[0].tags or (drafts[0].recording_url and tenant.fetches_links)
    if not has_more and not connection.in_atomic_block:
        return nullcontext()
    return transaction.atomic()


def check_new(tenant: Tenant, draft: CallDraft) -> None:
    """Raise the ``InvalidCall`` or ``CallConflict`` that ``record`` would at this moment; nothing is written."""
    judged(tenant, draft)
    first = _known(tenant, [draft]).get(_identity(draft))
    if first is not None and isinstance(conflict := _repeated(first, draft), CallConflict):
        raise conflict


def _batches(drafts: Sequence[CallDraft]) -> Iterator[Sequence[CallDraft]]:
    for start in range(0, len(drafts), AT_ONCE):
        yield drafts[start : start + AT_ONCE]


def _record_batch(tenant: Tenant, drafts: Sequence[CallDraft], actor: User | None) -> list[Recorded | CallError]:
    opinions = [_judged_or_refused(tenant, draft) for draft in drafts]
    known = _known(tenant, [draft for draft, opinion in zip(drafts, opinions, strict=True) if isinstance(opinion, Call)])
    fresh: dict[Call, CallDraft] = {}
    results: list[Recorded | CallError] = []
    for draft, opinion in zip(drafts, opinions, strict=True):
        first = known.get(_identity(draft)) if draft.external_id else None
        if isinstance(opinion, CallError):
            results.append(opinion)
        elif first is not None:
            results.append(_repeated(first, draft))
        else:
            fresh[opinion] = draft
            known[_identity(draft)] = _First(call=opinion, told=facts_of(draft))
            results.append(Recorded(call=opinion, created=True))
    refused, is_ruled = link(tenant, fresh) if fresh else Linked({}, is_ruled=False)
    written = {call: draft for call, draft in fresh.items() if call not in refused}
    ruled = tags_by_rule(tenant, written) if is_ruled else {}
    take_places(written)
    _write(tenant, written, ruled, actor)
    settle_around(map(talk_of, written))
    return [_settled(result, refused, ruled) if isinstance(result, Recorded) else result for result in results]


def _settled(result: Recorded, refused: Mapping[Call, CallError], ruled: Mapping[Call, list[Tag]]) -> Recorded | CallError:
    """What became of a call that was there or was to be written."""
    tags = ruled.get(result.call, ()) if result.created else ()
    told = dataclasses.replace(result, ruled=tuple(tag.name for tag in tags)) if tags else result
    return refused.get(result.call, told)


def _judged_or_refused(tenant: Tenant, draft: CallDraft) -> Call | CallError:
    try:
        return judged(tenant, draft)
    except CallError as error:
        return error


# Repeats


@dataclass(frozen=True, kw_only=True)
class _First:
    """A call that has its external id already, and the facts it was first told with."""

    call: Call
    told: dict[str, Any]


def _identity(draft: CallDraft) -> tuple[str, str]:
    return (str(draft.source), draft.external_id)


def _known(tenant: Tenant, drafts: Sequence[CallDraft]) -> dict[tuple[str, str], _First]:
    wanted = {_identity(draft) for draft in drafts if draft.external_id}
    if not wanted:
        return {}
    sources, external_ids = {source for source, _ in wanted}, {external_id for _, external_id in wanted}
    calls = Call.objects.for_tenant(tenant).select_related("tenant").filter(source__in=sources, external_id__in=external_ids)
    found = {call.pk: call for call in calls if (call.source, call.external_id) in wanted}
    events_of = CallEvent.objects.filter(call_id__in=found, kind__in=_FIRST_EVENTS).order_by("-id") if found else ()
    told = {event.call_id: event.data.get("told", {}) for event in events_of}
    return {(call.source, call.external_id): _First(call=call, told=told.get(key, {})) for key, call in found.items()}


def _repeated(first: _First, draft: CallDraft) -> Recorded | CallConflict:
    """The call in the log, if the repeat tells the same; else the conflict."""
    other = differing(first.told, facts_of(draft), first.call.tenant.place)
    if not other:
        return Recorded(call=first.call, created=False)
    return CallConflict(
        "This call is in the log already with other facts.",
        fields=dict.fromkeys(other, "Differs from what was logged under this external id."),
    )


# Writing


def _write(tenant: Tenant, drafts: Mapping[Call, CallDraft], ruled: Mapping[Call, list[Tag]], actor: User | None) -> None:
    links = Call.tags.through
    insert_together(
        list(drafts),
        [leg for call, draft in drafts.items() for leg in _legs(call, draft)],
        [event for call, draft in drafts.items() for event in _events(call, draft, ruled.get(call, ()), actor)],
        [links(call_id=call.pk, tag_id=tag.pk) for call, tags in ruled.items() for tag in tags],
    )
    if tagged := {call: draft.tags for call, draft in drafts.items() if draft.tags}:
        put_on(tenant, tagged)
    if drafts:
        events.publish(tenant.pk)
    if (linked := [call for call in drafts if call.recording_url]) and tenant.fetches_links:
        expect_from_links(linked)


def _events(call: Call, draft: CallDraft, ruled: Sequence[Tag], actor: User | None) -> Iterator[CallEvent]:
    data: dict[str, Any] = {"told": facts_of(draft)} if draft.external_id else {}
    if ruled:
        data["by_rule"] = sorted(tag.name for tag in ruled)
    kind = EventKind.ORIGINATED if call.state == State.QUEUED else EventKind.RECORDED
    yield events.event_of(call, kind, actor=actor, data=data)
    for interaction in draft.interactions:
        yield events.event_of(
            call,
            EventKind.INTERACTION,
            happened_at=interaction.happened_at,
            summary=interaction.summary,
            data={"description": interaction.description},
        )


def _legs(call: Call, draft: CallDraft) -> Iterator[CallLeg]:
    for position, leg in enumerate(draft.legs):
        number = read_number(leg.party.number, call.tenant.place)
        yield CallLeg(
            tenant_id=call.tenant_id,
            call=call,
            position=position,
            role=leg.role,
            number_raw=number.raw,
            number_e164=number.e164,
            name=(leg.party.name or number.name)[:200],
            disposition=leg.disposition,
            started_at=leg.started_at,
            answered_at=leg.answered_at,
            ended_at=leg.ended_at,
        )
