"""Stored numbers read again by today's rules, after those or a tenant's place have changed."""

from __future__ import annotations

import importlib
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import transaction
from django.utils import timezone

from calls import ledger, missed
from calls.choices import Disposition, EventKind, MatchState
from calls.ledger import relinking
from calls.models import Call, CallEvent, DoNotCall, Line, MissedCall
from contacts.models import ContactNumber, IgnoredNumber, RelinkRequest
from tests.make import make_call, make_contact, make_line, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)

AS_FORMERLY = {
    "remote_e164": "+464731234567",
    "caller_e164": "+464731234567",
    "remote_key": "731234567",
    "number_text": "464731234567",
}


@pytest.fixture
def tenant():
    return make_tenant()


def formerly(call, **facts):
    """The call as earlier rules understood it."""
    Call.objects.filter(pk=call.pk).update(**AS_FORMERLY, **facts)


def read_all(tenant):
    RelinkRequest.objects.all().delete()
    RelinkRequest.objects.create(tenant=tenant)
    return ledger.relink_waiting(seconds=30)


def test_calls_are_understood_and_matched_again(tenant):
    call, contact = make_call(tenant, "4731234567"), make_contact(tenant, "+4731234567")
    formerly(call, contact=None, match_state=MatchState.NONE)
    assert read_all(tenant) == 1
    call.refresh_from_db()
    assert (call.remote_e164, call.caller_e164, call.remote_key, call.number_text) == (
        "+4731234567",
        "+4731234567",
        "31234567",
        "4731234567",
    )
    assert (call.contact, call.match_state) == (contact, MatchState.EXACT)
    assert not RelinkRequest.objects.exists()


def test_readers_learn_what_they_see_has_changed_and_nothing_of_keys(tenant):
    call = make_call(tenant, "4731234567")
    formerly(call)
    read_all(tenant)
    [event] = CallEvent.objects.filter(call=call, kind=EventKind.AMENDED)
    assert event.data == {"changed": {name: ["+464731234567", "+4731234567"] for name in ("caller_e164", "remote_e164")}}
    read_all(tenant)
    assert CallEvent.objects.filter(call=call, kind=EventKind.AMENDED).count() == 1


def test_the_queue_of_missed_calls_follows(tenant):
    call = make_call(tenant, "4731234567", started_at=timezone.now() - timedelta(hours=1), disposition=Disposition.NO_ANSWER)
    formerly(call)
    missed.follow(tenant.pk)
    assert MissedCall.objects.get().number == "+464731234567"
    read_all(tenant)
    missed.follow(tenant.pk)
    assert MissedCall.objects.get().number == "+4731234567"


def test_a_long_log_is_read_in_batches_after_what_people_wait_for(tenant, monkeypatch):
    monkeypatch.setattr(relinking, "AT_ONCE", 2)
    calls = [make_call(tenant, "4731234567") for _ in range(5)]
    for call in calls:
        formerly(call)
    RelinkRequest.objects.all().delete()
    RelinkRequest.objects.create(tenant=tenant)
    make_contact(tenant, "+4731234567")
    with transaction.atomic():
        assert relinking._next_request().match_key == "31234567"
    ledger.relink_waiting(seconds=30)
    assert set(Call.objects.values_list("remote_e164", flat=True)) == {"+4731234567"}


def test_the_migration_reads_numbers_of_contacts_lines_and_lists(tenant):
    number = make_contact(tenant, "4731234567").numbers.get()
    line = make_line(tenant, "4731234568")
    for row, model in ((number, ContactNumber), (line, Line)):
        model.objects.filter(pk=row.pk).update(e164="+464731234567", match_key="731234567")
    IgnoredNumber.objects.create(tenant=tenant, number="4731234569", match_key="731234569")
    facts = [("4731234570", ""), ("+4731234570", "+4731234570")]
    for text, e164 in facts:
        DoNotCall.objects.create(tenant=tenant, number=text, e164=e164, match_key="31234570" if e164 else "731234570")
    RelinkRequest.objects.all().delete()
    importlib.import_module("calls.migrations.0037_numbers_are_read_again").read_again(apps, None)
    assert ContactNumber.objects.get().e164 == "+4731234567"
    assert Line.objects.get().match_key == "31234568"
    assert IgnoredNumber.objects.get().match_key == "31234569"
    assert DoNotCall.objects.get().e164 == "+4731234570"
    assert RelinkRequest.objects.filter(relinking.WHOLE).count() == 1
