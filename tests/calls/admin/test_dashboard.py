"""The first page: every figure leads to exactly the calls it counts; whose calls they are; what it costs; how it begins."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from calls.choices import Direction, Disposition
from calls.models import Call, Delivery
from tenants.models import Membership
from tests.make import (
    make_agent,
    make_call,
    make_center,
    make_company,
    make_endpoint,
    make_line,
    make_operator,
    make_tenant,
    noon_zone,
)
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db

PAGE, LIST = "/admin/", "/admin/calls/call/"
NOW = datetime(2026, 3, 29, 20, 0, tzinfo=UTC)  # a Sunday of 23 hours in Stockholm


@pytest.fixture
def tenant():
    return make_tenant(time_zone="Europe/Stockholm")


@pytest.fixture
def client(tenant):
    return signed_in(staff(tenant, "owner"))


def figures(client, **query):
    answer = client.get(PAGE, query)
    assert answer.status_code == 200
    return answer.context


def behind(client, address):
    """How many calls the list behind an address shows."""
    return client.get(address).context["cl"].result_count


def marks(page):
    """Every mark of every chart."""
    fields = [mark for row in page["heat"] for mark in row["marks"]]
    bars = [mark for party in page["parties"] for mark in party["marks"]]
    return [*page["hours"], *page["days"], *fields, *bars]


def some_calls(tenant):
    """Calls around the change of clocks, of all outcomes, some with agent, company, line and center and some without."""
    agent, company = make_agent(tenant, name="Anna"), make_company(tenant, name="Acme")
    line, center = make_line(tenant, "+46855500001"), make_center(tenant, name="Lund")
    outcomes = [Disposition.ANSWERED, Disposition.NO_ANSWER, Disposition.BUSY, Disposition.ANSWERED]
    for n, hours in enumerate((0, 1, 17, 18, 19, 20, 21, 22, 45, 120, 167, 168, 170, 340)):
        call = make_call(
            tenant,
            f"+4670000000{n % 5}",
            started_at=NOW - timedelta(hours=hours, minutes=1),
            disposition=outcomes[n % 4],
            direction=Direction.OUTBOUND if n % 3 == 2 else Direction.INBOUND,
            **({"ring_ms": 5000} if n % 4 == 3 else {}),
        )
        if n % 2:
            Call.objects.filter(pk=call.pk).update(agent=agent, company=company, line=line, center=center)


@time_machine.travel(NOW, tick=False)
def test_every_figure_and_mark_leads_to_exactly_the_calls_it_counts(client, tenant):
    some_calls(tenant)
    page = figures(client, period="7d")
    found = [(tile.address, tile.count) for tile in page["tiles"]]
    found += [(tile.before_address, tile.before_count) for tile in page["tiles"] if tile.before]
    found += [(mark.address, mark.count) for mark in marks(page) if mark.address]
    ghosts = [mark for mark in marks(page) if mark.before_address]
    found += [(mark.before_address, mark.before_count) for mark in ghosts]
    assert len(found) > 40
    assert len(ghosts) >= 4
    assert {address: behind(client, address) for address, _count in found} == dict(found)
    assert sum(mark.count for mark in page["hours"]) == page["tiles"][0].count > 5
    assert sum(mark.before_count for mark in page["hours"]) == page["tiles"][0].before_count > 1
    assert all(not mark.count for mark in marks(page) if not mark.address)
    assert all(not mark.before_count for mark in marks(page) if not mark.before_address)


@pytest.mark.parametrize("period", ["today", "yesterday", "30d", "month", "last_month"])
@time_machine.travel(NOW, tick=False)
def test_every_period_leads_to_its_own_calls_and_those_before(client, tenant, period):
    some_calls(tenant)
    page = figures(client, period=period)
    tile = page["tiles"][0]
    assert behind(client, tile.address) == tile.count
    assert behind(client, tile.before_address) == tile.before_count
    assert bool(page["days"]) == (period not in ("today", "yesterday"))
    assert len(page["hours"]) == 24


@pytest.mark.parametrize(("first", "last"), [("2026-03-28", "2026-03-29"), ("2026-03-29", ""), ("2026-03-01", "2026-03-31")])
@time_machine.travel(NOW, tick=False)
def test_days_of_ones_own_lead_to_their_own_calls_and_those_before(client, tenant, first, last):
    some_calls(tenant)
    page = figures(client, started_from=first, started_to=last)
    found = [(mark.address, mark.count) for mark in marks(page) if mark.address]
    found += [(tile.before_address, tile.before_count) for tile in page["tiles"] if tile.before]
    assert {address: behind(client, address) for address, _count in found} == dict(found)
    assert (page["period"], page["own_days"]["from"], page["own_days"]["is_chosen"]) == ("own", first, True)
    assert page["tiles"][0].count > 0


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-03-29", "2026-03-28"),
        ("x", ""),
        ("0001-01-01", "0001-01-02"),
        ("9999-12-31", "9999-12-31"),
        ("2024-01-01", "2026-01-01"),
    ],
)
def test_days_of_ones_own_that_are_none_or_too_many_are_said_to_be(client, tenant, first, last):
    make_call(tenant, started_at=timezone.now() - timedelta(seconds=90))
    answer = client.get(PAGE, {"started_from": first, "started_to": last})
    assert "at most 366 days" in answer.content.decode()
    assert answer.context["period"] == "7d"


@time_machine.travel(NOW, tick=False)
def test_hours_are_those_of_the_viewers_clocks(tenant):
    make_call(tenant, started_at=NOW)
    for zone, hour in (("Europe/Stockholm", 22), ("Asia/Kathmandu", 1), ("America/New_York", 16), ("Etc/GMT+3", 17)):
        viewer = signed_in(staff(tenant, "viewer", time_zone=zone))
        page = figures(viewer, period="7d")
        assert [mark.name for mark in page["hours"] if mark.count] == [f"{hour:02}"]
        assert behind(viewer, page["hours"][hour].address) == 1
        assert zone in page["period_said"]


@pytest.mark.parametrize(
    "query", [{"period": "8d"}, {"period": ""}, {"tenant": "x"}, {"tenant": "0195a3c2-0000-7000-8000-000000000000"}]
)
def test_a_period_or_tenant_that_is_none_changes_nothing(client, tenant, query):
    make_call(tenant, started_at=timezone.now() - timedelta(seconds=90))
    page = figures(client, **query)
    assert (page["period"], page["tiles"][0].count) == ("7d", 1)


def test_an_operator_looks_at_one_tenant_or_all(tenant):
    other = make_tenant(name="Other AB")
    for owner in (tenant, other, other):
        make_call(owner, started_at=timezone.now() - timedelta(seconds=90))
    operator = signed_in(make_operator(time_zone=noon_zone()))
    assert figures(operator)["tiles"][0].count == 3
    page = figures(operator, tenant=str(other.pk))
    assert page["tiles"][0].count == 2
    assert int(page["cards"][0].figure) == 2
    for address in (page["tiles"][0].address, page["cards"][0].address, page["parties"][0]["marks"][0].address):
        assert behind(operator, address) == 2
    assert page["waiting"]["limits"]


def test_who_is_a_member_of_two_tenants_is_offered_these_only(tenant):
    other, stranger = make_tenant(name="Other AB"), make_tenant(name="Stranger AB")
    user = staff(tenant, "viewer")
    Membership.objects.create(tenant=other, user=user, role="viewer")
    make_call(stranger, started_at=timezone.now() - timedelta(seconds=90))
    make_call(other, started_at=timezone.now() - timedelta(seconds=90))
    page = figures(signed_in(user), tenant=str(stranger.pk))
    assert {row.name for row in page["switch"].offered} == {tenant.name, "Other AB"}
    assert page["switch"].chosen is None
    assert page["tiles"][0].count == 1


def test_who_is_limited_to_a_center_sees_its_figures_only(tenant):
    center = make_center(tenant)
    for chosen in (center, make_center(tenant, name="Elsewhere"), None):
        call = make_call(tenant, started_at=timezone.now() - timedelta(seconds=90))
        Call.objects.filter(pk=call.pk).update(center=chosen)
    user = staff(tenant, "agent")
    Membership.objects.filter(user=user).update(center=center)
    answer = signed_in(user).get(PAGE)
    assert answer.context["tiles"][0].count == 1
    assert "Elsewhere" not in answer.content.decode()


def test_the_newest_missed_and_the_longest_due_message_are_told_to_whom_they_concern(client, tenant):
    endpoint = make_endpoint(tenant)
    call = make_call(tenant, started_at=timezone.now() - timedelta(seconds=90), disposition=Disposition.NO_ANSWER)
    for minutes in (1, 9, 5):
        due = timezone.now() - timedelta(minutes=minutes)
        Delivery.objects.create(tenant=tenant, endpoint=endpoint, event_type="call.ended", format="native", due_at=due)
    oldest = Delivery.objects.order_by("due_at").first()
    waiting = figures(client)["waiting"]
    assert waiting["delivery"]["address"] == reverse("admin:calls_delivery_change", args=[oldest.pk])
    assert [row["call"].pk for row in waiting["missed"]] == [call.pk]
    assert len(waiting["limits"]) == 3
    viewers = figures(signed_in(staff(tenant, "viewer")))["waiting"]
    assert (viewers["delivery"], viewers["limits"]) == (None, [])


def test_an_empty_log_teaches_the_first_step_as_far_as_one_may(client, tenant):
    text = client.get(PAGE).content.decode()
    assert "No calls yet" in text
    assert f"/{tenant.slug}/calls" in text
    assert reverse("admin:calls_line_add") in text
    assert "ch-tiles" not in text
    viewer = signed_in(staff(tenant, "viewer")).get(PAGE)
    assert viewer.context["first_steps"] == []


def test_a_period_without_calls_says_so(client, tenant):
    make_call(tenant, started_at=timezone.now() - timedelta(days=200))
    answer = client.get(PAGE, {"period": "today"})
    assert "No calls in this period" in answer.content.decode()
    assert answer.context["parties"] == []


@pytest.mark.parametrize(
    ("query", "count"),
    [("hour=25", 2), ("hour=x", 2), ("weekday=8", 2), ("without=tenant", 2), ("counted=all", 2), ("without=agent", 1)],
)
def test_filters_of_the_list_that_say_nothing_narrow_nothing(client, tenant, query, count):
    calls = [make_call(tenant), make_call(tenant)]
    Call.objects.filter(pk=calls[0].pk).update(agent=make_agent(tenant))
    assert behind(client, f"{LIST}?period=all&{query}") == count


def test_charts_are_told_in_words_and_without_scripts(client, tenant):
    make_call(tenant, started_at=timezone.now() - timedelta(seconds=90))
    text = client.get(PAGE).content.decode()
    assert re.search(r'aria-label="\d\d:00 – \d\d:00: 1 call"', text)
    assert re.search(r'aria-label="\w+ \d\d:00: 1 call"', text)
    body = text[text.index('class="ch-tiles"') :]
    assert not re.search(r"<script(?![^>]*\bsrc=)", body[: body.index("Latest calls")])


def busy(tenant, count):
    """So many calls, each of an agent, company, line and center of its own."""
    for n in range(count):
        call = make_call(tenant, started_at=NOW - timedelta(hours=n), disposition=Disposition.NO_ANSWER)
        parties = {"agent": make_agent(tenant), "company": make_company(tenant), "center": make_center(tenant)}
        Call.objects.filter(pk=call.pk).update(**parties, line=make_line(tenant, f"+468{count:03}{n:05}"))


@time_machine.travel(NOW, tick=False)
def test_it_costs_the_same_with_2_and_with_50_calls(client, tenant):
    costs = []
    for count in (2, 48):
        busy(tenant, count)
        with CaptureQueriesContext(connection) as made:
            figures(client, period="30d")
        costs.append(len(made))
    assert costs[0] == costs[1] < 40


@time_machine.travel(NOW, tick=False)
def test_hours_without_calls_at_either_end_of_the_day_are_known_to_be_idle(client, tenant):
    make_call(tenant, started_at=NOW.replace(hour=4))  # 06:00 in Stockholm
    make_call(tenant, started_at=NOW.replace(hour=18) - timedelta(days=9))  # 19:00, the clocks being an hour behind
    page = figures(client, period="7d")
    shown = [int(mark.name) for mark in page["hours"] if not mark.is_idle]
    assert shown == list(range(6, 20))
    assert [[int(mark.name) for mark in row["marks"] if not mark.is_idle] for row in page["heat"]] == [shown] * 7
