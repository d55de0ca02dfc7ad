"""Keyset pages: whole and without repeats, over ties, inserts and changes of direction."""

from __future__ import annotations

import random
from datetime import UTC, timedelta

import pytest
import time_machine
from django.utils import timezone

from calls import ledger, missed
from calls.api import urls as api_urls
from calls.choices import Disposition, Source
from calls.drafts import CallChanges, CallDraft
from calls.models import Call, Tag
from tests.calls.api.client import faults_of
from tests.make import STARTED_AT, make_agent, make_call, make_company, make_contact, make_line, make_recording


def make_calls(tenant, moments):
    """Many calls, started so many seconds after ``STARTED_AT``."""
    ledger.record_many(tenant, [CallDraft(source=Source.API, started_at=STARTED_AT + timedelta(seconds=s)) for s in moments])


def walk(api, address, follow="next"):
    """The ids of every page from ``address`` on."""
    pages = []
    while address:
        page = api.get(address).json()
        pages.append([row["id"] for row in page["results"]])
        address = page[follow]
    return pages


def test_walks_through_1500_equal_times_and_back(api, tenant):
    make_calls(tenant, [0] * 1500 + list(range(1, 101)) + list(range(-100, 0)))
    pages = walk(api, "calls?page_size=100&fields=id")
    ids = [key for page in pages for key in page]
    assert len(ids) == len(set(ids)) == 1700
    assert ids == [str(key) for key in Call.objects.newest_first().values_list("pk", flat=True)]
    last = "calls?page_size=100&fields=id"
    while (after := api.get(last).json()["next"]) is not None:
        last = after
    back = walk(api, last, "previous")
    assert [key for page in reversed(back) for key in page] == ids


@pytest.mark.parametrize("sort", ["started_at", "-started_at", "duration", "-duration", "talk", "-ended_at", "ring"])
@pytest.mark.parametrize("seed", range(3))
def test_every_sort_is_whole_whatever_the_ties(api, tenant, sort, seed):
    dice = random.Random(seed)
    drafts = [
        CallDraft(
            source=Source.API,
            started_at=STARTED_AT + timedelta(seconds=dice.randrange(3)),
            duration_ms=dice.choice([None, 0, 1000, 2000]),
        )
        for _ in range(dice.randrange(20, 40))
    ]
    ledger.record_many(tenant, drafts)
    size = dice.randrange(1, 8)
    pages = walk(api, f"calls?page_size={size}&sort={sort}")
    ids = [key for page in pages for key in page]
    assert len(ids) == len(set(ids)) == len(drafts)
    assert all(len(page) == size for page in pages[:-1])
    values = [row[sort.removeprefix("-")] for row in api.get(f"calls?page_size=200&sort={sort}").json()["results"]]
    told = [value for value in values if value is not None]
    assert told == sorted(told, reverse=sort.startswith("-"))


def test_rows_that_come_meanwhile_neither_repeat_nor_hide_others(api, tenant):
    make_calls(tenant, range(50))
    seen, address = [], "calls?page_size=7"
    there = set(map(str, Call.objects.values_list("pk", flat=True)))
    while address:
        page = api.get(address).json()
        seen += [row["id"] for row in page["results"]]
        make_calls(tenant, [100, 25, 3])
        address = page["next"]
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


def test_the_first_page_has_no_previous_and_links_say_the_same(api, tenant):
    make_calls(tenant, range(3))
    response = api.get("calls?page_size=2&state=in_progress")
    page = response.json()
    assert (len(page["results"]), page["previous"]) == (2, None)
    assert response["Link"] == f'<{page["next"]}>; rel="next"'
    assert "state=in_progress" in page["next"]
    second = api.get(page["next"])
    assert second.json()["next"] is None
    assert second["Link"] == f'<{second.json()["previous"]}>; rel="prev"'
    assert api.get(second.json()["previous"]).json()["results"] == page["results"]


def test_counts_only_when_asked_and_no_further_than_the_bound(api, tenant, monkeypatch):
    make_calls(tenant, range(4))
    assert "count" not in api.get("calls").json()
    page = api.get("calls?count=true&page_size=1").json()
    assert (page["count"], page["count_is_exact"]) == (4, True)
    monkeypatch.setattr("calls.api.pagination.COUNTED", 3)
    page = api.get("calls?count=true&page_size=1").json()
    assert (page["count"], page["count_is_exact"]) == (3, False)


def test_a_cursor_serves_its_own_sort_only(api, tenant):
    make_calls(tenant, range(3))
    cursor = api.get("calls?page_size=1").json()["next"].split("cursor=")[1]
    assert faults_of(api.get(f"calls?cursor={cursor}&sort=started_at")) == {"cursor"}
    assert faults_of(api.get(f"calls?cursor={cursor[:-1]}x")) == {"cursor"}


def test_another_tenants_cursor_shows_nothing_of_theirs(api, stranger, tenant):
    make_calls(stranger.tenant, range(5))
    make_call(tenant, started_at=STARTED_AT.astimezone(UTC) - timedelta(days=1))
    cursor = stranger.get("calls?page_size=1").json()["next"].split("cursor=")[1]
    assert len(api.get(f"calls?page_size=1&cursor={cursor}").json()["results"]) == 1


def test_other_lists_page_by_name(api, tenant):
    for name in "bcaab":
        make_company(tenant, name=name)
    ids = [key for page in walk(api, "companies?page_size=2") for key in page]
    assert len(set(ids)) == 5
    names = {str(row["id"]): row["name"] for row in api.get("companies").json()["results"]}
    assert [names[key] for key in ids] == ["a", "a", "b", "b", "c"]


# Every list there is


def lists():
    """The address of every list, with what stands in the place of a call's id."""
    routes = (route for route in api_urls.urlpatterns if getattr(route.callback, "actions", {}).get("get") == "list")
    return [str(route.pattern).strip("^/").removesuffix(r"/?\Z").replace("(?P<pk>[^/]+)", "{call}") for route in routes]


@pytest.fixture
def address_of(tenant, api):
    """Rows in the lists that tests can fill, and how to ask for a list."""
    call = make_call(tenant)
    for number in range(3):
        make_recording(call)
        ledger.amend(call, CallChanges(note=f"Note {number}", recording_url=f"https://example.com/{number}.wav"))
        make_company(tenant), make_contact(tenant), make_agent(tenant), make_line(tenant, f"+4684650040{number}")
        make_call(tenant, f"+4670123456{number}", disposition=Disposition.NO_ANSWER)
        make_call(tenant, seconds=None, started_at=timezone.now())
        Tag.objects.create(tenant=tenant, name=f"tag {number}")
    missed.follow(tenant.pk)
    return lambda path: path.format(call=call.pk)


@time_machine.travel(STARTED_AT, tick=False)
@pytest.mark.parametrize("name", ["page_size", "limit"])
@pytest.mark.parametrize("path", lists())
def test_every_list_is_walked_one_by_one_and_back(api, address_of, path, name):
    address = address_of(path)
    whole = api.get(address).json()["results"]
    rows, following = [], f"{address}?{name}=1"
    while following:
        page = api.get(following).json()
        rows, following = rows + page["results"], page["next"]
    assert rows == whole
    if whole:
        back = api.get(f"{address}?{name}={len(whole)}").json()
        assert (len(back["results"]), back["next"]) == (len(whole), None)


@pytest.mark.parametrize("path", lists())
def test_every_list_refuses_sizes_that_are_none_and_cursors_of_another_list(api, address_of, path):
    address = address_of(path)
    for name in ("page_size", "limit"):
        for size in ("0", "-1", "201", "x", "", "99999"):
            assert api.get(f"{address}?{name}={size}").status_code == 400
    assert api.get(f"{address}?limit=1&page_size=2").status_code == 400
    same = {address, "calls" if address == "live" else ""}
    for other in {"calls", "companies", address_of("calls/{call}/events")} - same:
        cursor = api.get(f"{other}?page_size=1").json()["next"].split("cursor=")[1]
        assert api.get(f"{address}?cursor={cursor}").status_code == 400


@pytest.mark.django_db(transaction=True)  # changes are shown when they are committed
def test_the_other_addresses_with_rows_take_both_names_of_a_size(api, address_of):
    for name in ("page_size", "limit"):
        assert len(api.get(f"changes?{name}=1").json()["results"]) == 1
        assert len(api.get(f"statistics?group=agent&{name}=1&period=30d").json()["rows"]) <= 1
        for path in ("changes", "statistics"):
            assert api.get(f"{path}?{name}=0").status_code == 400
            assert api.get(f"{path}?limit=1&page_size=2").status_code == 400
