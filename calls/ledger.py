"""The ledger: the only code that writes calls.

Each verb is one transaction that writes the row, its event and what must happen next. Whatever a door hands in has been
read but not judged; the ledger judges it, and raises ``InvalidCall`` or ``CallConflict`` naming the draft's fields.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from calls import events
from calls.choices import Direction, Disposition, EventKind, MatchState, State
from calls.drafts import UNSET, CallChanges, CallDraft, PartyDraft
from calls.errors import CallChanged, CallConflict, CallNotFound, InvalidCall
from calls.models import Call, CallEvent, CallLeg, Line, Tag
from contacts.matching import AgentHint, ContactHint, Match, find_agent, find_contact
from contacts.models import Contact
from contacts.phone import Number, read_number
from tenants.models import Center, Tenant, User

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9998, 1, 1, tzinfo=UTC)
LONGEST_MS = 366 * 24 * 3600 * 1000

# What a repeat of one (tenant, source, external id) is compared by.
_FACTS = ("direction", "disposition", "started_at", "answered_at", "ended_at", "caller", "callee", "remote")


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A call in the log; ``created`` is False where it was there already."""

    call: Call
    created: bool


def record(tenant: Tenant, draft: CallDraft, *, actor: User | None = None) -> Recorded:
    """Log a call.

    The same (tenant, source, external id) again returns the call that is there. Raises ``InvalidCall`` for impossible
    facts and ``CallConflict``, naming the fields, for a repeat that tells other facts.
    """
    call = _judged(tenant, draft)
    try:
        with transaction.atomic():
            if draft.external_id and (known := _known(tenant, draft)):
                return Recorded(call=_same(known, draft), created=False)
            _link(call, tenant, draft, actor)
            call.save(force_insert=True)
            if draft.tags:
                call.tags.set(_tags(tenant, draft.tags))
            if draft.legs:
                CallLeg.objects.bulk_create(_legs(call, draft))
            _write_events(call, draft, actor)
            return Recorded(call=call, created=True)
    except IntegrityError:
        known = _known(tenant, draft) if draft.external_id else None
        if known is None:
            raise
        return Recorded(call=_same(known, draft), created=False)  # a twin was quicker


def amend(call: Call, changes: CallChanges, *, actor: User | None = None, expected_version: int | None = None) -> Call:
    """Change a call and tell what changed; nothing asked for changes nothing.

    Raises ``InvalidCall``, ``CallNotFound`` where it is gone, ``CallChanged`` where ``expected_version`` is not its version.
    """
    with transaction.atomic():
        locked = Call.objects.select_for_update().select_related("tenant").filter(pk=call.pk).first()
        if locked is None:
            raise CallNotFound("There is no such call.")
        if expected_version is not None and locked.version != expected_version:
            raise CallChanged("The call was edited since you read it. Read it again and repeat your change.")
        before = _snapshot(locked)
        given = changes.given()
        _apply(locked, given, actor)
        after = _snapshot(locked)
        changed = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
        tags = _tags(locked.tenant, given["tags"]) if "tags" in given else None
        if tags is not None and {tag.pk for tag in tags} != set(locked.tags.values_list("pk", flat=True)):
            locked.tags.set(tags)
            changed["tags"] = [None, sorted(tag.name for tag in tags)]
        if not changed and "document" not in given:
            return locked
        locked.version += 1
        locked.save()
        if changed:
            events.event_of(locked, EventKind.AMENDED, actor=actor, data={"changed": changed}).save(force_insert=True)
        return locked


def remove(call: Call, *, actor: User | None = None) -> None:
    """Erase a call, its legs and what its events tell; the event of its removal stays. Gone already is fine."""
    with transaction.atomic():
        locked = Call.objects.select_for_update().filter(pk=call.pk).first()
        if locked is None:
            return
        CallEvent.objects.filter(call_id=locked.pk).update(data={}, summary="")
        removal = events.event_of(locked, EventKind.REMOVED, actor=actor)
        locked.delete()
        removal.save(force_insert=True)


def relink(call: Call) -> bool:
    """Match a call's contact anew; says whether that changed it. A contact a person chose stays."""
    with transaction.atomic():
        locked = Call.objects.select_for_update().select_related("tenant").filter(pk=call.pk).first()
        if locked is None or locked.match_state == MatchState.CHOSEN:
            return False
        before = (locked.contact_id, locked.company_id, locked.match_state, locked.match_candidates)
        number = read_number(locked.remote_raw, locked.tenant.country)
        _take_match(locked, _match(locked.tenant, number, ContactHint(**_contact_hint(locked))))
        if before == (locked.contact_id, locked.company_id, locked.match_state, locked.match_candidates):
            return False
        locked.version += 1
        locked.save()
        data = {"rule": locked.match_rule, "state": locked.match_state, "contact": _text(locked.contact_id)}
        events.event_of(locked, EventKind.MATCHED, data=data).save(force_insert=True)
        return True


# Judging


def _judged(tenant: Tenant, draft: CallDraft) -> Call:
    """The unsaved call a draft amounts to: state, lengths and parties settled, nobody looked up yet."""
    call = Call(
        tenant=tenant,
        source=draft.source,
        external_id=draft.external_id,
        direction=draft.direction,
        started_at=draft.started_at,
        answered_at=draft.answered_at,
        ended_at=draft.ended_at,
        disposition=draft.disposition or Disposition.UNKNOWN,
        disposition_detail=draft.disposition_detail,
        hold_count=draft.hold_count,
        notes=draft.notes,
        outcome=draft.outcome,
        is_flagged=draft.is_flagged,
        flag_notes=draft.flag_notes,
        screen_pop=draft.screen_pop,
        completed_forms=list(draft.completed_forms),
        recording_url=draft.recording_url,
        facts=dict(draft.facts),
        document=dict(draft.document),
        is_verified=draft.is_verified,
        given_contact=draft.contact.as_dict(),
    )
    for name in ("duration_ms", "ring_ms", "talk_ms", "hold_ms", "transfer_ms", "work_ms"):
        length = getattr(draft, name)
        if length is not None and not 0 <= length <= LONGEST_MS:
            raise InvalidCall.field(name, "Must be between 0 seconds and 366 days.")
        setattr(call, name, length)
    _settle_times(call)
    return call


def _settle_times(call: Call) -> None:
    """Check the times against each other and compute every length that follows: waiting + talk = end − start."""
    for name in ("started_at", "answered_at", "ended_at"):
        moment = getattr(call, name)
        if moment is not None and not EARLIEST <= moment <= LATEST:
            raise InvalidCall.field(name, "Must lie between the years 1970 and 9997.")
    if call.ended_at is None and call.duration_ms is not None:
        call.ended_at = call.started_at + timedelta(milliseconds=call.duration_ms)
    if call.ended_at is not None:
        if call.ended_at < call.started_at:
            raise InvalidCall.field("ended_at", "The call cannot end before it starts.", code="ends_before_it_starts")
        call.duration_ms = _ms(call.ended_at - call.started_at)
        if call.duration_ms > LONGEST_MS:
            raise InvalidCall.field("ended_at", "A call lasts 366 days at most.")
    if call.answered_at is not None:
        if call.answered_at < call.started_at or (call.ended_at is not None and call.answered_at > call.ended_at):
            raise InvalidCall.field("answered_at", "The answer must lie between start and end.")
        call.ring_ms = _ms(call.answered_at - call.started_at) if call.ring_ms is None else call.ring_ms
    _settle_lengths(call)
    call.state = State.ENDED if call.ended_at is not None else State.IN_PROGRESS


def _settle_lengths(call: Call) -> None:
    may_have_talked = call.disposition in (Disposition.ANSWERED, Disposition.UNKNOWN)
    if call.duration_ms is not None and call.talk_ms is None:
        elsewhere = (call.ring_ms or 0) + (call.hold_ms or 0) + (call.transfer_ms or 0)
        call.talk_ms = max(0, call.duration_ms - elsewhere) if may_have_talked else 0
    if call.disposition == Disposition.UNKNOWN and call.talk_ms:
        call.disposition = Disposition.ANSWERED
    if call.answered_at is None and call.disposition == Disposition.ANSWERED and call.ring_ms is not None:
        answered_at = call.started_at + timedelta(milliseconds=call.ring_ms)
        call.answered_at = answered_at if call.ended_at is None or answered_at <= call.ended_at else None


def _ms(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)


# Who was it


def _link(call: Call, tenant: Tenant, draft: CallDraft, actor: User | None) -> None:
    """Fill in parties, contact, company, agent, line and center."""
    _take_parties(call, tenant, draft)
    number = read_number(call.remote_raw, tenant.country)
    _take_match(call, _match(tenant, number, draft.contact))
    _take_agent(call, tenant, draft.agent, actor)
    if draft.center_id:
        call.center = Center.objects.for_tenant(tenant).by_public_id(draft.center_id)
        if call.center is None:
            raise InvalidCall.field("center_id", "There is no such center.")
    elif call.center_id is None:
        call.center_id = (
            call.line.center_id if call.line and call.line.center_id else call.agent.center_id if call.agent else None
        )


def _take_parties(call: Call, tenant: Tenant, draft: CallDraft) -> None:
    """Settle which side is outside, from what was told and the tenant's own lines."""
    told = {"caller": draft.caller, "callee": draft.callee}
    numbers = {side: read_number(party.number, tenant.country) for side, party in told.items()}
    remote_number = read_number(draft.remote.number, tenant.country)
    keys = {number.key for number in (*numbers.values(), remote_number) if number.key}
    lines = {line.match_key: line for line in Line.objects.for_tenant(tenant).filter(match_key__in=keys)} if keys else {}
    own = {side: lines.get(number.key) for side, number in numbers.items()}
    if draft.infer_direction and draft.direction == Direction.UNKNOWN:
        call.direction = _direction_between(own["caller"], own["callee"])
    outside = "caller" if call.direction == Direction.INBOUND or (own["callee"] and not own["caller"]) else "callee"
    if call.direction == Direction.UNKNOWN and not own["caller"] and not own["callee"] and told["caller"]:
        outside = "caller"
    inside = "callee" if outside == "caller" else "caller"
    if draft.remote:
        remote, number = draft.remote, remote_number
        if call.direction != Direction.UNKNOWN and not told[outside]:
            told[outside], numbers[outside] = remote, number
    else:
        remote, number = told[outside], numbers[outside]
    for side, party in told.items():
        setattr(call, f"{side}_raw", numbers[side].raw)
        setattr(call, f"{side}_e164", numbers[side].e164)
        setattr(call, f"{side}_name", party.name[:200])
    call.remote_raw, call.remote_e164, call.remote_key = number.raw, number.e164, number.key
    call.remote_name, call.is_withheld = remote.name[:200], number.is_withheld
    call.line = own[inside]
    call.number_text = " ".join(dict.fromkeys(n.digits for n in (*numbers.values(), number) if n.digits))
    if number.key in lines and call.direction != Direction.INTERNAL:
        call.remote_key = ""  # an own line is nobody's contact


def _direction_between(caller: Line | None, callee: Line | None) -> Direction:
    if caller and callee:
        return Direction.INTERNAL
    return Direction.OUTBOUND if caller else Direction.INBOUND if callee else Direction.UNKNOWN


def _match(tenant: Tenant, number: Number, hint: ContactHint) -> Match:
    return find_contact(tenant, number, hint)


def _take_match(call: Call, match: Match) -> None:
    call.contact, call.company = match.contact, match.company
    call.match_state, call.match_rule, call.match_candidates = match.state, match.rule, match.candidates


def _take_agent(call: Call, tenant: Tenant, hint: AgentHint, actor: User | None) -> None:
    call.agent = find_agent(tenant, hint)
    call.agent_name = (call.agent.name if call.agent else hint.name or (str(hint.user) if hint.user else ""))[:200]
    call.given_contact = {name: value for name, value in call.given_contact.items() if not name.startswith("agent_")} | {
        f"agent_{name}": value for name, value in (("id", hint.id), ("external_id", hint.external_id)) if value
    }


def _contact_hint(call: Call) -> dict[str, str]:
    return {name: value for name, value in call.given_contact.items() if not name.startswith("agent_")}


# Repeats


def _known(tenant: Tenant, draft: CallDraft) -> Call | None:
    return Call.objects.for_tenant(tenant).filter(source=draft.source, external_id=draft.external_id).first()


def _same(known: Call, draft: CallDraft) -> Call:
    """The call in the log, if the repeat tells the same; else ``CallConflict``."""
    first = (
        CallEvent.objects.filter(call_id=known.pk, kind=EventKind.RECORDED).order_by("id").values_list("data", flat=True).first()
    )
    told, again = (first or {}).get("told", {}), _told(draft)
    other = [name for name in _FACTS if told.get(name) != again.get(name)]
    if other:
        raise CallConflict(
            "This call is in the log already with other facts.",
            fields=dict.fromkeys(other, "Differs from what was logged under this external id."),
        )
    return known


def _told(draft: CallDraft) -> dict[str, Any]:
    """The facts of a draft as JSON."""
    facts: dict[str, Any] = {}
    for name in _FACTS:
        value = getattr(draft, name)
        if isinstance(value, datetime):
            value = value.astimezone(UTC).isoformat()
        elif isinstance(value, PartyDraft):
            value = dataclasses.asdict(value) if value else None
        facts[name] = value
    return {name: value for name, value in facts.items() if value is not None}


# Writing


def _write_events(call: Call, draft: CallDraft, actor: User | None) -> None:
    data = {"told": _told(draft)} if draft.external_id else {}
    rows = [events.event_of(call, EventKind.RECORDED, actor=actor, data=data)]
    rows += [
        events.event_of(
            call,
            EventKind.INTERACTION,
            happened_at=interaction.happened_at,
            summary=interaction.summary,
            data={"description": interaction.description},
        )
        for interaction in draft.interactions
    ]
    if len(rows) == 1:
        rows[0].save(force_insert=True)
    else:
        CallEvent.objects.bulk_create(rows)


def _legs(call: Call, draft: CallDraft) -> list[CallLeg]:
    legs = []
    for position, leg in enumerate(draft.legs):
        number = read_number(leg.party.number, call.tenant.country)
        legs.append(
            CallLeg(
                tenant_id=call.tenant_id,
                call=call,
                position=position,
                role=leg.role,
                number_raw=number.raw,
                number_e164=number.e164,
                name=leg.party.name,
                disposition=leg.disposition,
                started_at=leg.started_at,
                answered_at=leg.answered_at,
                ended_at=leg.ended_at,
            )
        )
    return legs


def _tags(tenant: Tenant, names: tuple[str, ...]) -> list[Tag]:
    """The tags of these names, made where they are new."""
    tags = {}
    for name in (" ".join(name.split()) for name in names):
        if not name or len(name) > 60:
            raise InvalidCall.field("tags", "A tag has 1 to 60 characters.")
        if name.lower() not in tags:
            found = Tag.objects.for_tenant(tenant).filter(name__iexact=name).first()
            tags[name.lower()] = found or Tag.objects.create(tenant=tenant, name=name)
    return list(tags.values())


_CHANGEABLE = (
    "direction", "disposition", "state", "started_at", "answered_at", "ended_at", "ring_ms", "talk_ms", "remote_raw", "contact_id",
    "company_id", "agent_id", "agent_name", "match_state", "notes", "outcome", "is_flagged", "flag_notes", "recording_url",
)  # fmt: skip


def _snapshot(call: Call) -> dict[str, Any]:
    return {name: _text(getattr(call, name)) for name in _CHANGEABLE}


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _apply(call: Call, given: dict[str, Any], actor: User | None) -> None:
    for name in ("notes", "outcome", "is_flagged", "flag_notes", "recording_url", "disposition"):
        if name in given:
            setattr(call, name, given[name])
    if "document" in given:
        call.document = {**call.document, **given["document"]}
    if given.keys() & {"started_at", "ended_at", "ring_ms", "disposition"}:
        _apply_times(call, given)
    if given.keys() & {"direction", "remote", "contact"}:
        _apply_parties(call, given)
    if "chosen_contact" in given:
        _choose(call, given["chosen_contact"])
    if "agent" in given:
        _take_agent(call, call.tenant, given["agent"], actor)


def _apply_times(call: Call, given: dict[str, Any]) -> None:
    """Take the times that were given and compute afresh what follows from them."""
    for name in ("started_at", "ended_at", "ring_ms"):
        if name in given:
            setattr(call, name, given[name])
    if call.ring_ms is not None and not 0 <= call.ring_ms <= LONGEST_MS:
        raise InvalidCall.field("ring_ms", "Must be between 0 seconds and 366 days.")
    call.duration_ms = call.talk_ms = None
    if given.keys() & {"started_at", "ring_ms"}:
        call.answered_at = None
    if "disposition" not in given and call.disposition == Disposition.ANSWERED and call.ended_at is None:
        call.disposition = Disposition.UNKNOWN
    _settle_times(call)


def _apply_parties(call: Call, given: dict[str, Any]) -> None:
    """Settle parties and contact again after the direction, the number or an id changed."""
    if "direction" in given:
        call.direction = given["direction"]
    remote = given.get("remote") or PartyDraft(number=call.remote_raw, name=call.remote_name)
    hint = given["contact"] if "contact" in given else ContactHint(**_contact_hint(call))
    agent_ids = {name: value for name, value in call.given_contact.items() if name.startswith("agent_")}
    call.given_contact = hint.as_dict() | agent_ids
    sides = {}
    for side in ("caller", "callee"):
        raw = getattr(call, f"{side}_raw")
        is_remote = raw == call.remote_raw
        sides[side] = PartyDraft() if is_remote else PartyDraft(number=raw, name=getattr(call, f"{side}_name"))
    draft = CallDraft(source=call.source, started_at=call.started_at, direction=call.direction, remote=remote, **sides)  # type: ignore[arg-type]
    _take_parties(call, call.tenant, draft)
    if call.match_state != MatchState.CHOSEN:
        _take_match(call, _match(call.tenant, read_number(call.remote_raw, call.tenant.country), hint))


def _choose(call: Call, contact_id: str | None) -> None:
    contact = Contact.objects.for_tenant(call.tenant).select_related("company").by_public_id(contact_id) if contact_id else None
    if contact_id and contact is None:
        raise InvalidCall.field("contact", "There is no such contact.")
    call.contact, call.company = contact, contact.company if contact else None
    call.match_state, call.match_rule, call.match_candidates = MatchState.CHOSEN, "chosen", []
