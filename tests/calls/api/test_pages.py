"""Keyset pages: whole and without repeats, over ties, inserts and changes of direction."""

from __future__ import annotations

import random
from datetime import UTC, timedelta

import pytest

from calls import ledger
from calls.choices import Source
from calls.drafts import CallDraft
from calls.models import Call
from tests.calls.api.client import faults_of
from tests.make import STARTED_AT, make_call, make_company


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
