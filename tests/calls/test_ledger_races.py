"""Twins at the ledger: threads with connections of their own, meeting as they do in earnest."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from calls import ledger
from calls.choices import Source
from calls.drafts import CallChanges, CallDraft, PartyDraft
from calls.errors import CallChanged, CallConflict
from calls.models import Call, CallEvent, Tag
from contacts.book import remove_contact
from contacts.models import RelinkRequest
from tests.make import STARTED_AT, make_call, make_contact, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)

TWINS = 16


def all_at_once(work: Callable[[int], Any], times: int = TWINS) -> list[Any]:
    """What each of ``times`` threads made of ``work``; refusals are answers too."""
    start = Barrier(times)

    def one(number: int) -> Any:
        try:
            start.wait(timeout=30)
            return work(number)
        except (CallChanged, CallConflict) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def draft(**facts: Any) -> CallDraft:
    ended_at = STARTED_AT + timedelta(seconds=60)
    return CallDraft(source=Source.API, started_at=STARTED_AT, **{"ended_at": ended_at, "external_id": "x", **facts})


def test_twins_with_one_external_id_make_one_call() -> None:
    tenant = make_tenant()
    results = all_at_once(lambda _: ledger.record(tenant, draft()))
    assert Call.objects.count() == CallEvent.objects.count() == 1
    assert sum(result.created for result in results) == 1
    assert {result.call.pk for result in results} == {Call.objects.get().pk}


def test_of_twins_that_tell_different_facts_one_is_logged_and_the_others_told_so() -> None:
    tenant = make_tenant()
    results = all_at_once(lambda number: ledger.record(tenant, draft(ended_at=STARTED_AT + timedelta(seconds=number))))
    assert Call.objects.count() == 1
    assert sum(isinstance(result, CallConflict) for result in results) == TWINS - 1


def test_batches_that_share_a_call_log_it_once_and_lose_none() -> None:
    tenant = make_tenant()
    batches = [[draft(), draft(external_id=f"own-{number}")] for number in range(TWINS)]
    results = all_at_once(lambda number: ledger.record_many(tenant, batches[number]))
    assert Call.objects.count() == TWINS + 1
    assert sum(first.created for first, _ in results) == 1
    assert all(own.created for _, own in results)


def test_twins_with_one_new_tag_make_one_tag() -> None:
    tenant = make_tenant()
    all_at_once(lambda number: ledger.record(tenant, draft(external_id=str(number), tags=("Urgent",))))
    assert Tag.objects.count() == 1
    assert Tag.objects.get().calls.count() == TWINS


def test_new_tags_are_made_in_one_order_so_that_twins_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant, make, made = make_tenant(), Tag.objects.bulk_create, []

    def making(tags: list[Tag], **options: Any) -> Any:
        made.append([tag.name for tag in tags])
        return make(tags, **options)

    monkeypatch.setattr(Tag.objects, "bulk_create", making)
    for number, tags in enumerate([("b", "A"), ("d", "c", "a")]):
        ledger.record(tenant, draft(external_id=str(number), tags=tags))
    assert made == [["A", "b"], ["c", "d"]]


def test_of_twins_that_edit_one_version_one_succeeds() -> None:
    call = make_call(make_tenant())
    results = all_at_once(lambda number: ledger.amend(call, CallChanges(notes=str(number)), expected_version=1))
    assert sum(isinstance(result, Call) for result in results) == 1
    assert Call.objects.get().version == 2


def test_twins_that_relink_tell_it_once() -> None:
    tenant = make_tenant()
    for _ in range(3):
        make_call(tenant, "+46701234567")
    anna = make_contact(tenant, "+46701234567")
    changed = all_at_once(lambda _: ledger.relink_waiting(seconds=15), 4)
    assert sum(changed) == 3
    assert anna.calls.count() == CallEvent.objects.filter(kind="call.matched").count() == 3
    assert not RelinkRequest.objects.exists()


def test_a_contact_removed_meanwhile_keeps_no_call_out() -> None:
    tenant = make_tenant()
    contacts = [make_contact(tenant, "+46701234567") for _ in range(4)]
    told = [draft(external_id=str(number), remote=PartyDraft(number="+46701234567")) for number in range(8)]

    def work(number: int) -> Any:
        return ledger.record(tenant, told[number]) if number < 8 else remove_contact(contacts[number - 8])

    all_at_once(work, 12)
    assert Call.objects.count() == 8
