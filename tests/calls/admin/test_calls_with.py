"""The pages of contacts, companies, agents and lines: figures that open what they count, the last calls, nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from calls.choices import Direction, Disposition
from calls.drafts import PartyDraft
from contacts.matching import AgentHint
from tests.make import (
    make_agent,
    make_call,
    make_center,
    make_company,
    make_contact,
    make_line,
    make_recording,
    make_tenant,
)
from tests.tenants.admin_walk import name_of, signed_in, staff

pytestmark = pytest.mark.django_db

KINDS = ["contact", "company", "agent", "line"]


@pytest.fixture
def rows():
    """One of each, who all have the same calls."""
    tenant = make_tenant()
    company = make_company(tenant)
    return {
        "tenant": tenant,
        "company": company,
        "contact": make_contact(tenant, "+46701234567", company=company),
        "agent": make_agent(tenant),
        "line": make_line(tenant, "+4640500600"),
    }


def call_with(rows, **told):
    """A call that each of them had a part in."""
    told = {"callee": PartyDraft(number="+4640500600"), "agent": AgentHint(id=str(rows["agent"].pk)), **told}
    return make_call(rows["tenant"], "+46701234567", **{"started_at": timezone.now() - timedelta(hours=1), **told})


def page_of(row):
    return reverse(f"{name_of(type(row))}_change", args=[row.pk])


def panel(client, row):
    answer = client.get(page_of(row))
    assert answer.status_code == 200
    return answer.context["figures"], [shown["call"] for shown in answer.context["calls"]], answer.content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_figures_open_lists_of_exactly_what_they_count(rows, kind):
    for seconds in (60, 65):
        call_with(rows, seconds=seconds, disposition=Disposition.ANSWERED)
    before = timezone.now() - timedelta(hours=2)  # no leg of the answered ones
    call_with(rows, disposition=Disposition.NO_ANSWER, direction=Direction.INBOUND, started_at=before)
    recorded = call_with(rows, started_at=timezone.now() - timedelta(days=2), recording_url="https://example.com/a.mp3")
    old = call_with(rows, started_at=timezone.now() - timedelta(days=60))
    make_call(rows["tenant"], "+46855566677", started_at=timezone.now())
    client = signed_in(staff(rows["tenant"], "agent"))
    figures, calls, text = panel(client, rows[kind])
    for figure in figures[:4]:
        listed = client.get(figure.address).context["cl"]
        assert listed.result_count == figure.figure, figure.label
    assert [figure.figure for figure in figures[:4]] == [4, 3, 1, 1]
    assert calls[-2:] == [recorded, old]
    assert len(calls) == 5
    assert f"{kind}__id__exact={rows[kind].pk}&amp;period=all" in text


@pytest.mark.parametrize("kind", KINDS)
def test_costs_the_same_for_two_and_for_fifty_calls(rows, kind):
    client, costs = signed_in(staff(rows["tenant"], "owner")), []
    for count in (2, 48):
        for number in range(count):
            call = call_with(rows, started_at=timezone.now() - timedelta(minutes=count + number))
            if number < 2:
                make_recording(call)
        client.get(page_of(rows[kind]))
        with CaptureQueriesContext(connection) as queries:
            _, calls, _ = panel(client, rows[kind])
        costs.append(len(queries))
    assert len(calls) == 20
    assert costs[0] == costs[1]


def test_a_recording_plays_on_its_row(rows):
    recording = make_recording(call_with(rows))
    _, _, text = panel(signed_in(staff(rows["tenant"], "agent")), rows["contact"])
    assert reverse("admin:calls_recording_audio", args=[recording.pk]) in text
    assert "callhub/player.js" in text


def test_who_sees_one_center_sees_its_calls_only(rows):
    center = make_center(rows["tenant"])
    own = call_with(rows, center_id=str(center.pk))
    call_with(rows)
    client = signed_in(staff(rows["tenant"], "agent", center=center))
    figures, calls, _ = panel(client, rows["contact"])
    assert (figures[0].figure, calls) == (1, [own])


def test_a_page_for_a_new_one_and_an_empty_one_say_so(rows):
    client = signed_in(staff(rows["tenant"], "manager"))
    for kind in KINDS:
        add = reverse(f"{name_of(type(rows[kind]))}_add")
        assert "Last calls" not in client.get(add).content.decode()
        assert "None yet." in panel(client, rows[kind])[2]
