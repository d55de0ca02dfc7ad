"""Saved views: who sees and changes them, what they may hold, and the calls one shows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calls.api.views.calls import Calls
from calls.choices import Direction
from calls.finding import SORTS
from calls.models import SavedView
from tenants.choices import Role, Scope
from tests.calls.api.client import ApiClient, faults_of
from tests.make import STARTED_AT, make_call, make_center


def shown(api, query):
    answer = api.get(f"calls?{query}")
    assert answer.status_code == 200, answer.json()
    return [call["id"] for call in answer.json()["results"]]


def test_a_view_shows_its_calls_in_its_order(api, tenant):
    short = make_call(tenant, seconds=10)
    long = make_call(tenant, seconds=100, started_at=STARTED_AT - timedelta(days=1))
    make_call(tenant, seconds=50, direction=Direction.OUTBOUND)
    view = api.post("views", {"name": "In", "filters": {"direction": ["inbound"]}, "sort": "-duration"}).json()
    assert view["filters"] == {"direction": "inbound"}
    assert shown(api, f"view={view['id']}") == [str(long.pk), str(short.pk)]
    assert shown(api, f"view={view['id']}&sort=duration") == [str(short.pk), str(long.pk)]
    assert len(shown(api, f"view={view['id']}&direction=outbound")) == 1
    assert shown(api, f"view={view['id']}&duration_max=20") == [str(short.pk)]


def test_later_pages_go_on_with_the_filters_of_the_first(api, tenant):
    made = {str(make_call(tenant).pk) for _ in range(3)}
    make_call(tenant, direction=Direction.OUTBOUND)
    view = api.post("views", {"name": "In", "filters": {"direction": "inbound"}}).json()
    first = api.get(f"calls?view={view['id']}&page_size=2").json()
    api.patch(f"views/{view['id']}", {"filters": {"direction": "outbound"}})
    second = api.get(first["next"].split("/api/v1/")[1]).json()
    assert {call["id"] for page in (first, second) for call in page["results"]} == made


def test_own_views_are_ones_own_and_shared_ones_everybodys(api, tenant, stranger):
    mine = api.post("views", {"name": "Mine"}).json()
    ours = api.post("views", {"name": "Ours", "shared": True}).json()
    other = ApiClient(tenant, Role.AGENT)
    assert [view["name"] for view in other.get("views").json()["results"]] == ["Ours"]
    assert other.get(f"views/{mine['id']}").status_code == 404
    assert faults_of(other.get(f"calls?view={mine['id']}")) == {"view"}
    assert shown(other, f"view={ours['id']}") == []
    assert other.patch(f"views/{ours['id']}", {"name": "x"}).status_code == 403
    assert other.delete(f"views/{ours['id']}").status_code == 403
    manager = ApiClient(tenant, Role.MANAGER)
    assert manager.patch(f"views/{ours['id']}", {"name": "All"}).status_code == 200
    for view in (mine, ours):
        assert stranger.get(f"views/{view['id']}").status_code == 404
        assert faults_of(stranger.get(f"calls?view={view['id']}")) == {"view"}


def test_people_change_and_erase_their_own(tenant):
    agent = ApiClient(tenant, Role.AGENT)
    view = agent.post("views", {"name": "Mine"}).json()
    assert agent.patch(f"views/{view['id']}", {"columns": ["started_at", "talk"]}).json()["columns"] == ["started_at", "talk"]
    assert agent.delete(f"views/{view['id']}").status_code == 204
    assert not SavedView.objects.exists()


def test_the_same_name_is_anothers_to_use_too(api, tenant):
    for client in (api, ApiClient(tenant, Role.AGENT)):
        assert client.post("views", {"name": "Missed"}).status_code == 201
        assert client.post("views", {"name": "missed"}).status_code == 409


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"filters": {"nonsense": "1"}}, "/filters/nonsense"),
        ({"filters": {"tenant": "x"}}, "/filters/tenant"),
        ({"filters": {"type": "x"}}, "/filters/type"),
        ({"filters": {"talk_min": "x"}}, "/filters/talk_min"),
        ({"filters": {"type": {}}}, "/filters/type"),
        ({"filters": {"notes": "x" * 2001}}, "/filters/notes"),
        ({"filters": {"notes": ""}}, "/filters/notes"),
        ({"filters": []}, "/filters"),
        ({"columns": ["nonsense"]}, "/columns/0"),
        ({"sort": "nonsense"}, "/sort"),
        ({"name": ""}, "/name"),
        ({"name": "x" * 81}, "/name"),
    ],
)
def test_refuses_by_name_what_no_list_could_do(api, body, fault):
    answer = api.post("views", {"name": "V", **body})
    assert (answer.status_code, faults_of(answer)) == (400, {fault})


def test_a_view_shows_a_person_of_one_center_no_other(api, tenant):
    center = make_center(tenant)
    make_call(tenant)
    here = make_call(tenant, center_id=str(center.pk))
    view = api.post("views", {"name": "All", "shared": True}).json()
    limited = ApiClient(tenant, Role.AGENT, center=center)
    assert shown(limited, f"view={view['id']}") == [str(here.pk)]


def test_a_token_that_only_reads_saves_nothing(tenant):
    assert ApiClient(tenant, scope=Scope.READ).post("views", {"name": "V"}).status_code == 403


@pytest.mark.once
def test_views_sort_as_calls_do():
    assert set(SORTS) == set(Calls.sorts)
