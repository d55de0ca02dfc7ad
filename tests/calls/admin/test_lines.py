"""The list of lines: operators say which of them are proven to be the tenant's."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from calls.models import Line
from tests.make import make_line, make_operator, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db

LINES = "/admin/calls/line/"


@pytest.fixture
def lines(tenant):
    return [make_line(tenant, number, is_proven=False) for number in ("201", "202", "203")]


def mark(client, lines):
    asked = {"action": "mark_as_proven", "_selected_action": [str(line.pk) for line in lines]}
    return client.post(LINES, asked, follow=True)


def proven():
    return set(Line.objects.filter(is_proven=True).values_list("number", flat=True))


def test_an_operator_marks_many_as_proven(lines):
    page = mark(signed_in(make_operator()), lines[:2])
    assert "2 lines are proven now." in page.content.decode()
    assert proven() == {"201", "202"}


def test_lines_of_several_tenants_are_marked_at_once(lines):
    other = make_line(make_tenant(), "301", is_proven=False)
    mark(signed_in(make_operator()), [lines[0], other])
    assert proven() == {"201", "301"}


def test_each_line_tells_who_marked_it_and_one_that_was_proven_is_left_alone(lines):
    Line.objects.filter(pk=lines[0].pk).update(is_proven=True)
    operator = make_operator()
    page = mark(signed_in(operator), lines[:2])
    assert "1 line is proven now." in page.content.decode()
    [entry] = LogEntry.objects.all()
    assert (entry.object_id, entry.user, entry.get_change_message()) == (str(lines[1].pk), operator, "Marked as proven.")


def test_nobody_else_may_and_the_list_does_not_offer_it(tenant, lines):
    owner = signed_in(staff(tenant, "owner"))
    assert "mark_as_proven" not in owner.get(LINES).content.decode()
    mark(owner, lines)
    assert proven() == set()


def test_an_operator_finds_those_that_are_not_proven_yet(lines):
    Line.objects.filter(pk=lines[0].pk).update(is_proven=True)
    page = signed_in(make_operator()).get(LINES, {"is_proven__exact": "0"}).content.decode()
    assert [number for number in ("201", "202", "203") if f">{number}<" in page] == ["202", "203"]
