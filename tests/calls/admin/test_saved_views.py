"""Saved views in the admin: what the list shows is kept, shown again the same, and the same over the API."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from calls.admin.view_words import filters_of, parameters_of
from calls.api.filters.calls import CallFilters
from calls.choices import Direction, Disposition
from calls.models import SavedView, Tag
from contacts.matching import AgentHint
from tests.calls.api.client import ApiClient
from tests.make import make_agent, make_call, make_operator, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db

LIST = "/admin/calls/call/"
ID = "0195a3c2-0000-7000-8000-000000000000"
OTHER = "0195a3c2-0000-7000-8000-000000000001"


@pytest.fixture
def tenant():
    return make_tenant(time_zone="Europe/Stockholm")


@pytest.fixture
def agent(tenant):
    return signed_in(staff(tenant, "agent"))


def keep(client, query="", **told):
    """Save what the list shows with this query; the answer."""
    listed = client.get(LIST + query).context["cl"]
    body = {"name": "Mine", "back": query.removeprefix("?"), "columns": listed.shown_columns, "sort": listed.sort, **told}
    return client.post(LIST + "views/", body)


def shown(client, address):
    """The list at an address, redirections followed."""
    answer = client.get(address, follow=True)
    assert answer.status_code == 200
    return answer.context["cl"]


def ids(listed):
    return [call.pk for call in listed.result_list]


# The words


SAME = [
    ({"type": "missed"}, {"type": "missed"}),
    ({"scope": "unmatched"}, {"scope": "unmatched"}),
    ({"direction__exact": "inbound"}, {"direction": "inbound"}),
    ({"disposition__exact": "busy"}, {"disposition": "busy"}),
    ({"source__exact": "planhat"}, {"source": "planhat"}),
    ({"hour": "9", "weekday": "1"}, {"hour": "9", "weekday": "1"}),
    ({"without": "agent", "counted": "not_returned"}, {"without": "agent", "counted": "not_returned"}),
    ({"agent__id__exact": ID}, {"agent": ID}),
    ({"company__id__exact": ID}, {"company": ID}),
    ({"contact__id__exact": ID}, {"contact": ID}),
    ({"center__id__exact": ID}, {"center": ID}),
    ({"line__id__exact": ID}, {"line": ID}),
    ({"tags__id__exact": ID}, {"tag": "offer"}),
    ({"outcome": "sold"}, {"outcome": "sold"}),
    ({"notes": "a quote"}, {"notes": "a quote"}),
    ({"q": "070-123 45"}, {"q": "070-123 45"}),
    ({"recording": "yes"}, {"has_recording": "true"}),
    ({"recording": "no"}, {"has_recording": "false"}),
    ({"unverified": "yes"}, {"verified": "false"}),
    ({"unverified": "no"}, {"verified": "true"}),
    ({"duration_from": "60"}, {"duration_min": "60"}),
    ({"duration_to": "60"}, {"duration_max": "60.999"}),
    ({"talk_from": "1.5", "talk_to": "0"}, {"talk_min": "1.5", "talk_max": "0.999"}),
    ({"also": "talk_max=60"}, {"talk_max": "60"}),
    ({"ring_from": "3", "ring_to": "5"}, {"ring_min": "3", "ring_max": "5.999"}),
    ({"started_from": "2026-03-02", "started_to": "2026-03-31"}, {"started_after": "2026-03-02", "started_before": "2026-04-01"}),
    ({"also": "state=ringing%2Cqueued"}, {"state": "ringing,queued"}),
    ({"also": "agent=" + ID + "%2C" + OTHER}, {"agent": f"{ID},{OTHER}"}),
    ({"also": "unmatched=false&ended_after=2026-03-02"}, {"unmatched": "false", "ended_after": "2026-03-02"}),
]


@pytest.mark.once
@pytest.mark.parametrize(("params", "filters"), SAME)
def test_the_list_and_the_api_say_the_same(params, filters):
    assert filters_of(params, "all", {ID: "offer"}.get) == filters
    assert parameters_of(filters, {"offer": ID}.get) == {"period": "all", **params}
    assert filters.keys() <= CallFilters.base_filters.keys()


@pytest.mark.once
@pytest.mark.parametrize("period", ["today", "yesterday", "7d", "month", "30d"])
def test_a_period_is_kept_as_such_and_not_as_the_days_it_is_now(period):
    assert filters_of({}, period, {}.get) == {"period": period}
    assert parameters_of({"period": period}, {}.get) == {"period": period}


@pytest.mark.once
@pytest.mark.parametrize(
    "params",
    [{"type": "x"}, {"agent__id__exact": "7"}, {"duration_from": "x"}, {"started_from": "soon"}, {"unknown": "x"}, {"q": " "}],
)
def test_what_neither_knows_is_left_out(params):
    assert filters_of(params, "all", {}.get) == {}


# Keeping and opening


def test_what_is_kept_is_shown_again_here_and_over_the_api(agent, tenant):
    worker = make_agent(tenant, name="Astrid")
    now = timezone.now()
    told = {"agent": AgentHint(id=str(worker.pk)), "tags": ("Offer",)}
    long = make_call(tenant, seconds=90, started_at=now - timedelta(days=2), **told)
    short = make_call(tenant, seconds=30, started_at=now - timedelta(days=3), **told)
    make_call(tenant, seconds=10, started_at=now - timedelta(days=3), **told)
    make_call(tenant, seconds=90, started_at=now - timedelta(days=60), **told)
    make_call(tenant, seconds=90, started_at=now - timedelta(days=2))
    agent.post(LIST + "columns/", {"column": ["duration", "tags", "agent"]})
    params = {"period": "30d", "agent__id__exact": worker.pk, "tags__id__exact": Tag.objects.get().pk, "duration_from": 20}
    answer = keep(agent, f"?{urlencode({**params, 'o': 3})}", shared="on")  # the third column: duration, shortest first
    view = SavedView.objects.get()
    assert view.filters == {"period": "30d", "agent": str(worker.pk), "tag": "Offer", "duration_min": "20"}
    assert (view.columns, view.sort, view.is_shared) == (["started_at", "agent", "duration", "tags"], "duration", True)

    agent.post(LIST + "columns/", {"usual": "1"})
    for client in (agent, signed_in(staff(tenant, "viewer"))):
        listed = shown(client, answer["Location"])
        assert ids(listed) == [short.pk, long.pk]
        assert listed.list_display[-4:] == ["started", "who", "duration", "labels"]
        assert [(choice.label, choice.is_chosen) for choice in listed.views] == [("Mine", True)]
        assert len(listed.ways_out) == 3
    over_api = ApiClient(tenant).get(f"calls?view={view.pk}").json()["results"]
    assert [call["id"] for call in over_api] == [str(short.pk), str(long.pk)]


def test_a_view_the_list_has_no_words_for_is_shown_all_the_same(agent, tenant):
    busy = make_call(tenant, disposition=Disposition.BUSY, ring_ms=3000)
    missed = make_call(tenant, disposition=Disposition.NO_ANSWER, ring_ms=4000)
    make_call(tenant, disposition=Disposition.NO_ANSWER, direction=Direction.OUTBOUND)
    make_call(tenant)
    filters = {"disposition": ["busy", "no_answer"], "direction": "inbound", "state": "ended"}
    view = ApiClient(tenant).post("views", {"name": "Lost", "filters": filters, "shared": True}).json()
    listed = shown(agent, f"{LIST}?view={view['id']}")
    assert set(ids(listed)) == {busy.pk, missed.pk}
    ways_out = {str(choice.label): choice.address for choice in listed.ways_out}
    assert ways_out.keys() == {"direction: Inbound", "disposition: busy,no_answer", "state: ended"}
    assert len(ids(shown(agent, LIST + ways_out["disposition: busy,no_answer"]))) == 3
    assert len(ids(shown(agent, LIST + ways_out["direction: Inbound"]))) == 3
    again = keep(agent, "?" + urlsplit(ways_out["state: ended"]).query)
    assert SavedView.objects.get(name="Mine").filters == {"direction": "inbound", "disposition": "busy,no_answer"}
    assert again.status_code == 302


def test_keeping_again_under_a_name_replaces_what_it_kept(agent, tenant):
    keep(agent, "?period=all")
    keep(agent, "?period=7d&type=missed", name="mine")
    assert SavedView.objects.get().filters == {"period": "7d", "type": "missed"}


@pytest.mark.parametrize("name", ["", "x" * 81])
def test_a_view_needs_a_name(agent, name):
    answer = keep(agent, "?period=all", name=name)
    assert "Give the view a name" in str(next(iter(get_messages(answer.wsgi_request))))
    assert not SavedView.objects.exists()


def test_own_views_are_ones_own(agent, tenant):
    keep(agent, "?period=all", name="Private")
    view = SavedView.objects.get()
    other = signed_in(staff(tenant, "owner"))
    stranger = signed_in(staff(make_tenant(), "owner"))
    for client in (other, stranger):
        assert shown(client, LIST).views == []
        answer = client.get(f"{LIST}?view={view.pk}", follow=True)
        assert "There is no such view any more" in answer.content.decode()
        assert client.get(f"/admin/calls/savedview/{view.pk}/change/").status_code == 302
    for nonsense in ("x", "7", ID, "' or 1=1"):
        assert agent.get(LIST, {"view": nonsense}, follow=True).status_code == 200


@pytest.mark.parametrize("also", ["outcome=%2500", "nonsense=1", "type=x", "agent=7", "%ff", "&&&", "talk_min=9e99"])
def test_odd_words_of_a_view_narrow_nothing_and_break_nothing(agent, tenant, also):
    make_call(tenant)
    listed = agent.get(f"{LIST}?period=all&also={also.replace('=', '%3D')}")
    assert listed.status_code == 200
    assert len(ids(listed.context["cl"])) == 1
    assert agent.post(LIST + "views/", {"name": "x", "back": f"period=all&q=%00&also={also}"}).status_code == 302
    assert SavedView.objects.get().filters == {}


def test_viewers_keep_views_but_share_none(tenant):
    viewer = signed_in(staff(tenant, "viewer"))
    keep(viewer, "?period=all", shared="on")
    view = SavedView.objects.get()
    assert not view.is_shared
    viewer.post(f"/admin/calls/savedview/{view.pk}/change/", {"name": "Renamed", "is_shared": "on"})
    view.refresh_from_db()
    assert (view.name, view.is_shared) == ("Renamed", False)


def test_a_view_cannot_be_renamed_to_another_of_ones_own(agent):
    for name in ("One", "Two"):
        keep(agent, "?period=all", name=name)
    view = SavedView.objects.get(name="Two")
    answer = agent.post(f"/admin/calls/savedview/{view.pk}/change/", {"name": "one"})
    assert "You have a view with this name already." in answer.content.decode()


def test_a_shared_view_is_changed_by_its_owner_and_managers_alone(agent, tenant):
    keep(agent, "?period=all", shared="on")
    page = f"/admin/calls/savedview/{SavedView.objects.get().pk}/"
    colleague, manager = signed_in(staff(tenant, "agent")), signed_in(staff(tenant, "manager"))
    assert colleague.post(page + "change/", {"name": "x"}).status_code == 403
    assert colleague.post(page + "delete/", {"post": "yes"}).status_code == 403
    assert manager.post(page + "change/", {"name": "Ours", "is_shared": "on"}).status_code == 302
    assert SavedView.objects.get().name == "Ours"
    assert agent.post(page + "delete/", {"post": "yes"}).status_code == 302
    assert not SavedView.objects.exists()


def test_an_operator_says_first_whose_view_it_is(tenant):
    operator = signed_in(make_operator())
    make_call(tenant)
    theirs = make_call(make_tenant())
    keep(operator, "?period=all")
    assert not SavedView.objects.exists()
    answer = keep(operator, f"?period=all&tenant={theirs.tenant_id}")
    assert SavedView.objects.get().tenant_id == theirs.tenant_id
    assert ids(shown(operator, answer["Location"])) == [theirs.pk]
    assert parse_qs(urlsplit(operator.get(answer["Location"])["Location"]).query)["tenant"] == [str(theirs.tenant_id)]


def test_views_are_kept_by_posting_only(agent):
    assert agent.get(LIST + "views/").status_code == 405
