"""Matching past calls anew, after somebody's number or id changed."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from calls import events
from calls.choices import EventKind, MatchState
from calls.ledger.linking import OwnLines, kept_hint, number_to_match, read_again, take_match
from calls.models import Call, CallEvent, CallLeg
from contacts.book import remove_contact
from contacts.matching import find_contacts
from contacts.models import Contact, RelinkRequest
from contacts.phone import read_number
from tenants.models import Tenant

AT_ONCE = 200  # calls per transaction: other writers wait no longer than those take
WHOLE = Q(match_key="", external_id="", moved_from__isnull=True)  # requests for all calls of a tenant
_FOR_FINDING = ("remote_key", "number_text")
_COLUMNS = ("contact_id", "company_id", "match_state", "match_rule", "match_candidates")


def relink(call: Call) -> bool:
    """Match a call's contact anew; says whether that changed it. A contact a person chose stays."""
    with transaction.atomic():
        return _relink_many(call.tenant, [call.pk]) > 0


def relink_waiting(*, seconds: float) -> int:
    """Work on the requests for relinking until none is left or the time is over; gives how many calls changed.

    Safe to run twice and in parallel: a request belongs to one worker while its transaction lasts, and remembers how far it
    has come.
    """
    deadline, changed = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        with transaction.atomic():
            request = _next_request()
            if request is None:
                break
            changed += _work_on(request)
    return changed


def _next_request() -> RelinkRequest | None:
    """The oldest request nobody works on; others that ask for the same and have not begun are dropped."""
    waiting = RelinkRequest.objects.select_for_update(skip_locked=True, of=("self",))
    rows = waiting.select_related("tenant", "moved_from", "moved_to__company").order_by("created_at", "id")
    request = rows.exclude(WHOLE).first() or rows.filter(WHOLE).first()  # a whole log takes long, and people wait for the others
    if request is not None and request.done_to is None:
        twins = waiting.filter(
            tenant=request.tenant_id,
            match_key=request.match_key,
            external_id=request.external_id,
            moved_from=request.moved_from_id,
            done_to__isnull=True,
        )
        RelinkRequest.objects.filter(pk__in=[twin.pk for twin in twins if twin.pk != request.pk]).delete()
    return request


def _work_on(request: RelinkRequest) -> int:
    if request.moved_from is not None and request.moved_to is not None:
        return _move(request.moved_from, request.moved_to)
    calls = _concerned(request)
    if request.done_to is not None:
        calls = calls.filter(pk__gt=request.done_to)
    keys = list(calls.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    if keys and not (request.match_key or request.external_id):
        _read_again(request.tenant, keys)
    changed = _relink_many(request.tenant, keys) if keys else 0
    if len(keys) < AT_ONCE:
        request.delete()
    else:
        request.done_to = keys[-1]
        request.save(update_fields=["done_to", "updated_at"])
    return changed


def _concerned(request: RelinkRequest) -> QuerySet[Call]:
    """The calls a request is about: those with its key or id; without either, the whole log."""
    calls: QuerySet[Call] = Call.objects.for_tenant(request.tenant)
    if not (request.match_key or request.external_id):
        return calls
    concerned = Q()
    if request.match_key:
        concerned |= Q(remote_key=request.match_key)
    if request.external_id:
        concerned |= Q(given_external_id=request.external_id)
    return calls.filter(concerned).exclude(match_state=MatchState.CHOSEN)


def _read_again(tenant: Tenant, keys: Collection[UUID]) -> None:
    """Understand the numbers of logged calls and their legs by today's rules, and tell of those that changed."""
    told = []
    for call in Call.objects.select_for_update().for_tenant(tenant).filter(pk__in=keys).order_by("pk"):
        call.tenant = tenant
        if changed := read_again(call):
            call.version += 1
            call.save(update_fields=[*changed, "version", "updated_at"])
            shown = {name: pair for name, pair in changed.items() if name not in _FOR_FINDING}
            told.append(events.event_of(call, EventKind.AMENDED, data={"changed": shown}))
    for leg in CallLeg.objects.filter(call__in=keys):
        e164 = read_number(leg.number_raw, tenant.place).e164
        if e164 != leg.number_e164:
            leg.number_e164 = e164
            leg.save(update_fields=["number_e164", "updated_at"])
    CallEvent.objects.bulk_create(told)
    if told:
        events.publish(tenant.pk)


def _move(gone: Contact, kept: Contact) -> int:
    """Give some calls of a merged contact to the one that was kept; when there are no more, remove it and its request."""
    tenant = kept.tenant
    calls = list(Call.objects.select_for_update(of=("self",)).for_tenant(tenant).filter(contact=gone).order_by("pk")[:AT_ONCE])
    for call in calls:
        call.contact, call.company = kept, kept.company or call.company
        if call.given_contact.get("id") == str(gone.pk):
            call.given_contact = {**call.given_contact, "id": str(kept.pk)}
        call.version += 1
        call.save(update_fields=["contact", "company", "given_contact", "version", "updated_at"])
    CallEvent.objects.bulk_create(
        events.event_of(call, EventKind.MATCHED, data={"rule": "merged", "state": call.match_state, "contact": str(kept.pk)})
        for call in calls
    )
    if calls:
        events.publish(tenant.pk)
    if len(calls) < AT_ONCE:
        remove_contact(gone)
    return len(calls)


def _relink_many(tenant: Tenant, keys: Iterable[object]) -> int:
    calls = list(
        Call.objects.select_for_update()
        .for_tenant(tenant)
        .filter(pk__in=list(keys))
        .exclude(match_state=MatchState.CHOSEN)
        .order_by("pk")
    )
    for call in calls:
        call.tenant = tenant
    lines = OwnLines.among(tenant, [read_number(call.remote_raw, tenant.place) for call in calls])
    matches = find_contacts(tenant, [(number_to_match(call, lines), kept_hint(call)) for call in calls])
    changed = []
    for call, match in zip(calls, matches, strict=True):
        before = [getattr(call, name) for name in _COLUMNS]
        take_match(call, match)
        if before != [getattr(call, name) for name in _COLUMNS]:
            call.version += 1
            changed.append(call)
    _write(changed)
    if changed:
        events.publish(tenant.pk)
    return len(changed)


def _write(calls: list[Call]) -> None:
    # One by one: rows differ, and Django's bulk update is a slower CASE over all of them.
    for call in calls:
        call.save(update_fields=["contact", "company", "match_state", "match_rule", "match_candidates", "version", "updated_at"])
    CallEvent.objects.bulk_create(
        events.event_of(
            call,
            EventKind.MATCHED,
            data={"rule": call.match_rule, "state": call.match_state, **_found(call)},
        )
        for call in calls
    )


def _found(call: Call) -> dict[str, str | None]:
    """The contact; the company alone where only its number was found."""
    if call.match_rule == "company_number":
        return {"contact": None, "company": str(call.company_id)}
    return {"contact": str(call.contact_id) if call.contact_id else None}
