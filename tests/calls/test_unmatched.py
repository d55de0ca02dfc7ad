"""Numbers nobody is known by: which are offered, in which order, with whom they may be, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls import unmatched
from calls.choices import Direction
from calls.drafts import PartyDraft
from calls.models import Call
from calls.unmatched import ALIKE, NAME, NEAR, SAME
from contacts.book import ignore_number, notice_number
from tests.make import STARTED_AT, make_call, make_contact, make_line, make_tenant

pytestmark = pytest.mark.django_db

WHO = "+46701234567"


@pytest.fixture
def tenant():
    return make_tenant("lund", name="Lund AB")


def found(tenant, **options):
    return unmatched.unmatched(Call.objects.for_tenant(tenant), **options)


def named(number, name):
    return PartyDraft(number=number, name=name)


def test_the_most_frequent_come_first_and_known_ones_not_at_all(tenant):
    make_contact(tenant, "+46709999999")
    make_call(tenant, "+46709999999")
    make_call(tenant, "+46702222222")
    for minute in range(3):
        make_call(tenant, WHO, started_at=STARTED_AT + timedelta(minutes=minute))
    first, second = found(tenant)
    assert (first.number, first.calls, first.last_at) == (WHO, 3, STARTED_AT + timedelta(minutes=2))
    assert (second.number, second.calls) == ("+46702222222", 1)
    assert len(found(tenant, most=1)) == 1


def test_withheld_internal_and_own_numbers_and_other_tenants_are_left_out(tenant):
    make_line(tenant, "+4640500600")
    make_call(tenant, "+4640500600")
    make_call(tenant, "anonymous")
    make_call(tenant, "210", direction=Direction.INTERNAL)
    make_call(make_tenant(), WHO)
    assert found(tenant) == []


def test_numbers_that_only_end_alike_are_two(tenant):
    for number in (WHO, "+420701234567"):
        make_call(tenant, number)
    assert {row.number for row in found(tenant)} == {WHO, "+420701234567"}


def test_an_ignored_number_is_not_offered_until_it_is_noticed_again(tenant):
    make_call(tenant, WHO)
    ignore_number(tenant, "070-123 45 67", actor=None)
    ignore_number(tenant, "070-123 45 67", actor=None)
    ignore_number(make_tenant(), "0701234568", actor=None)
    assert found(tenant) == []
    notice_number(tenant, WHO)
    assert len(found(tenant)) == 1


def test_says_who_it_may_be_and_why_the_best_reason_first(tenant):
    near = make_contact(tenant, "+46701234510", name="Near")
    same = make_contact(tenant, "+46701111111", name="Åsa Öberg")
    make_contact(make_tenant(), "+46701234511", name="Åsa Öberg")
    make_call(tenant, WHO, remote=named(WHO, "Åsa Öberg"))
    [row] = found(tenant)
    assert [(one.contact, one.reason) for one in row.candidates] == [(same, NAME), (near, NEAR)]
    assert (row.name, row.is_several) == ("Åsa Öberg", False)


def test_all_who_have_the_number_are_candidates_where_several_fit(tenant):
    both = {make_contact(tenant, WHO, name=name) for name in ("Anna", "Bo")}
    make_call(tenant, WHO)
    [row] = found(tenant)
    assert row.is_several
    assert {one.contact for one in row.candidates} == both
    assert {one.reason for one in row.candidates} == {SAME}


def test_a_number_that_ends_alike_is_said_to(tenant):
    for name in ("Anna", "Bo"):
        make_contact(tenant, "701234567", name=name)
    make_call(tenant, "+420701234567")
    assert {one.reason for row in found(tenant) for one in row.candidates} == {ALIKE}


def test_two_numbers_cost_what_fifty_cost(tenant):
    costs = []
    for count in (2, 48):
        for number in range(count):
            phone = f"+46701{count:02}{number:04}"
            make_contact(tenant, f"{phone[:-1]}{(int(phone[-1]) + 1) % 10}", name=f"Name {number}")
            make_call(tenant, phone, remote=named(phone, f"Name {number}"))
        with CaptureQueriesContext(connection) as queries:
            found(tenant)
        costs.append(len(queries))
    assert costs == [3, 3]


def test_looks_at_the_newest_calls_alone(tenant, monkeypatch):
    monkeypatch.setattr("calls.unmatched.LOOKED_AT", 2)
    for minute, number in enumerate((WHO, "+46702222222", "+46703333333")):
        make_call(tenant, number, started_at=STARTED_AT + timedelta(minutes=minute))
    assert {row.number for row in found(tenant)} == {"+46702222222", "+46703333333"}
