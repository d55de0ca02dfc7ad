"""Statistics: periods, groups, comparison, the same calls as the list has, what is refused, and what they cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls.api.filters.statistics import GROUPS
from calls.choices import Disposition
from calls.models import Call
from calls.reports import NAMED
from tests.calls.api.client import ApiClient, faults_of
from tests.calls.api.test_schema import check
from tests.make import make_agent, make_call, make_center, make_tenant

NOW = datetime(2026, 3, 29, 10, 0, tzinfo=UTC)  # Sunday, on which the clocks of Stockholm lose an hour


@pytest.fixture(autouse=True)
def _on_the_day():
    with time_machine.travel(NOW, tick=False):
        yield


def ask(api, **parameters):
    response = api.get(f"statistics?{urlencode(parameters)}")
    assert response.status_code == 200, response.content
    check(response)
    return response.json()


def test_the_total_of_a_day_that_has_23_hours(api, tenant):
    for when in ("2026-03-28T22:59", "2026-03-28T23:00", "2026-03-29T02:00", "2026-03-29T21:59", "2026-03-29T22:00"):
        make_call(tenant, started_at=datetime.fromisoformat(when).replace(tzinfo=UTC), disposition=Disposition.ANSWERED)
    told = ask(api, period="today", group="hour", compare="true")
    assert (told["zone"], told["since"], told["until"]) == ("Europe/Stockholm", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
    assert (told["total"]["calls"], told["total"]["answered_share"], len(told["rows"])) == (3, 1.0, 23)
    assert (told["before"]["total"]["calls"], len(told["before"]["rows"])) == (1, 24)
    assert ask(api, period="today", zone="UTC")["total"]["calls"] == 3


@pytest.mark.parametrize("period", NAMED)
@pytest.mark.parametrize("group", GROUPS)
def test_the_rows_of_every_group_add_up_to_the_total(api, tenant, period, group):
    for days in (0, 0, 1, 5, 20, 40):
        make_call(tenant, started_at=NOW - timedelta(days=days))
    told = ask(api, period=period, group=group, compare="true")
    for part in (told, told["before"]):
        assert sum(row["calls"] for row in part["rows"]) == part["total"]["calls"]


def test_figures_count_the_calls_that_the_list_shows_with_the_same_filters(api, tenant):
    anna = make_agent(tenant, name="Anna")
    for n in range(4):
        make_call(tenant, f"+4670000000{n}", started_at=NOW, disposition=Disposition.NO_ANSWER if n else Disposition.ANSWERED)
    Call.objects.filter(remote_e164__in=["+46700000000", "+46700000001"]).update(agent=anna)
    for query in ({"agent": anna.pk}, {"type": "missed"}, {"number_part": "0000002"}, {"disposition": "busy"}):
        told = ask(api, period="today", **query)
        assert told["total"]["calls"] == len(api.get(f"calls?{urlencode(query)}").json()["results"])
    rows = {row["name"]: (row["key"], row["calls"]) for row in ask(api, group="agent")["rows"]}
    assert rows == {"Anna": (str(anna.pk), 2), None: (None, 2)}
    assert ask(api, group="disposition", limit=1)["rows"][0]["key"] == "no_answer"


def test_times_without_offset_are_in_the_zone_that_was_asked_for(api):
    told = ask(api, started_after="2026-03-29T00:00", started_before="2026-03-29T01:00", zone="Asia/Kathmandu", group="hour")
    assert (told["since"], told["until"], len(told["rows"])) == ("2026-03-28T18:15:00Z", "2026-03-28T19:15:00Z", 1)
    assert ask(api, date="yesterday", zone="Asia/Kathmandu")["since"] == "2026-03-27T18:15:00Z"
    assert ask(api, started_after="2026-03-29T06:00Z")["until"] == "2026-03-29T10:00:00Z"


def test_seconds_that_count_as_soon_are_chosen(api, tenant):
    make_call(tenant, started_at=NOW, ring_ms=30_000, disposition=Disposition.ANSWERED)
    assert ask(api, period="today")["total"]["answered_within"] == 0
    assert ask(api, period="today", within="30")["total"]["answered_within"] == 1


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("grop=day", "grop"), ("group=year", "group"), ("zone=Mars/Base", "zone"), ("period=8d", "period"),
        ("compare=maybe", "compare"), ("within=-1", "within"), ("limit=0", "limit"), ("limit=1001", "limit"),
        ("period=7d&started_after=2026-03-01", "started_after"), ("started_before=2026-03-01", "started_after"),
        ("started_after=x", "started_after"), ("started_after=2026-03-02&started_before=2026-03-01", "started_before"),
        ("started_after=2020-01-01", "started_after"), ("date=2026-02-30", "date"), ("date=today&period=7d", "date"),
        ("date=today&started_after=2026-03-01", "started_after"), ("started_after=2026-04-01", "started_after"),
        ("started_after=2026-01-01&group=hour", "group"), ("agent=x", "agent"), ("sort=calls", "sort"),
        ("page_size=0", "page_size"), ("limit=1&page_size=2", "limit"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(api, query, name):
    response = api.get(f"statistics?{query}")
    assert (response.status_code, faults_of(response)) == (400, {name})
    check(response)


def test_nobody_counts_calls_of_another_tenant_or_center(api, tenant):
    center = make_center(tenant)
    make_call(tenant, started_at=NOW)
    make_call(tenant, started_at=NOW, center_id=str(center.pk))
    make_call(make_tenant(), started_at=NOW)
    assert ask(api, period="today")["total"]["calls"] == 2
    limited = ApiClient(tenant, center=center)
    assert ask(limited, period="today")["total"]["calls"] == 1
    assert sum(row["calls"] for row in ask(limited, period="today", group="center")["rows"]) == 1


@pytest.mark.parametrize("count", [2, 50])
@pytest.mark.parametrize(("group", "queries"), [("hour_of_day", 1), ("agent", 2)])
def test_it_costs_one_question_and_one_for_a_party(api, tenant, count, group, queries):
    for n in range(count):
        make_call(tenant, started_at=NOW - timedelta(minutes=n))
        Call.objects.filter(agent=None).update(agent=make_agent(tenant))
    with CaptureQueriesContext(connection) as made:
        ask(api, period="7d", group=group)
    assert len([query for query in made.captured_queries if 'AS "not_returned"' in query["sql"]]) == queries
    with CaptureQueriesContext(connection) as made:
        ask(api, period="7d", group=group, compare="true")
    assert len([query for query in made.captured_queries if 'AS "not_returned"' in query["sql"]]) == 2 * queries
