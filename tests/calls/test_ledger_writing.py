"""Rows of several models written together: as the ORM would have written them, all or none."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from calls.choices import EventKind, LegRole, Source
from calls.events import event_of
from calls.ledger.writing import insert_together
from calls.models import Call, CallEvent, CallLeg
from tests.make import STARTED_AT, make_contact, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tenant():
    return make_tenant()


def call_of(tenant, **columns):
    return Call(tenant=tenant, source=Source.API, started_at=STARTED_AT, **columns)


def leg_of(call, position=0):
    return CallLeg(tenant_id=call.tenant_id, call=call, role=LegRole.SOURCE, position=position)


def columns_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_what_is_written_is_what_is_read(tenant):
    text = '’quoted’ \\ " % %s \n \u2028 😀 null'
    call = call_of(
        tenant,
        notes=text,
        contact=make_contact(tenant, name=text),
        document={"text": text, "deep": [{"a": [1, 2.5, None, True, ""]}], "": {}},
        match_candidates=[text, None],
        duration_ms=2**40,
        is_withheld=True,
    )
    insert_together([call])
    assert columns_of(Call.objects.get()) == columns_of(call)


def test_rows_of_every_model_are_there_and_none_where_one_is_refused(tenant):
    call = call_of(tenant)
    insert_together([call], [leg_of(call), leg_of(call, 1)], [], [event_of(call, EventKind.RECORDED, data={"a": 1})])
    assert (Call.objects.count(), CallLeg.objects.count(), CallEvent.objects.get().data) == (1, 2, {"a": 1})
    other = call_of(tenant)
    with pytest.raises(IntegrityError):
        insert_together([other], [leg_of(other), leg_of(other)], [event_of(other, EventKind.RECORDED)])
    assert (Call.objects.count(), CallLeg.objects.count(), CallEvent.objects.count()) == (1, 2, 1)


def test_a_reference_to_nothing_is_refused(tenant):
    contact = make_contact(tenant)
    call = call_of(tenant, contact_id=contact.pk)
    contact.delete()
    with pytest.raises(IntegrityError):
        insert_together([call], [event_of(call, EventKind.RECORDED)])
    assert not Call.objects.exists()
    assert not CallEvent.objects.exists()


def test_joins_the_transaction_that_is_open(tenant):
    with transaction.atomic():
        insert_together([call_of(tenant)])
        transaction.set_rollback(True)
    assert not Call.objects.exists()


def test_nothing_is_written_where_nothing_is_given(tenant, django_assert_num_queries):
    with django_assert_num_queries(0):
        insert_together([], [])


def test_a_written_row_can_be_saved_again(tenant):
    call = call_of(tenant)
    insert_together([call])
    call.notes = "more"
    call.save()
    assert Call.objects.get().notes == "more"


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_everything_is_one_statement_on_postgresql(tenant, django_assert_num_queries):
    call = call_of(tenant)
    with django_assert_num_queries(1):
        insert_together([call], [leg_of(call)], [event_of(call, EventKind.RECORDED)])
    assert connection.is_usable()
