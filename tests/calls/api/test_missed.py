"""The queue of missed calls over the API: who sees which, what may be decided, and by whom."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from calls import ledger, missed
from calls.choices import Disposition
from calls.models import MissedCall
from tenants.choices import Role
from tests.calls.api.client import ApiClient, check_problem
from tests.make import make_call, make_center, make_user

pytestmark = pytest.mark.django_db(transaction=True)  # the queue follows what is committed


def miss(tenant, number="+46701234567", *, ago=5, **facts):
    call = make_call(
        tenant, number, started_at=timezone.now() - timedelta(minutes=ago), disposition=Disposition.NO_ANSWER, **facts
    )
    missed.follow(tenant.pk)
    return call


def one(tenant):
    return MissedCall.objects.for_tenant(tenant).get()


def test_tells_who_tried_how_often_and_with_which_calls(api, tenant):
    calls = [miss(tenant, ago=ago) for ago in (9, 5)]
    [row] = api.get("missed?expand=calls").json()["results"]
    assert (row["number"], row["state"], row["tries"], row["callbacks"]) == ("+46701234567", "open", 2, 0)
    assert (row["call"], row["calls"]) == (str(calls[1].pk), [str(call.pk) for call in calls])
    assert (row["returned_by"], row["assigned_to"], row["snoozed_until"], row["contact"]) == (None, None, None, None)
    assert api.get(f"missed/{row['id']}").json()["tries"] == 2


def test_a_call_that_was_removed_a_moment_ago_is_no_trouble(api, tenant):
    call = miss(tenant)
    key = one(tenant).pk
    ledger.remove(call)
    assert api.get(f"missed/{key}").json()["contact"] is None
    assert api.get("missed?expand=calls").json()["results"][0]["call"] == str(call.pk)
    assert api.post(f"missed/{key}/assign", {"to": None}).status_code == 200
    missed.follow(tenant.pk)
    assert api.get("missed").json()["results"] == []


def test_the_call_that_returned_it_is_told(api, tenant):
    miss(tenant)
    answer = make_call(tenant, started_at=timezone.now() - timedelta(minutes=1), seconds=30)
    missed.follow(tenant.pk)
    [row] = api.get("missed?state=returned").json()["results"]
    assert row["returned_by"] == str(answer.pk)
    assert api.get("missed?returned=false").json()["results"] == []


def test_assigns_puts_off_and_is_done_with_it(api, tenant):
    miss(tenant)
    user, key = make_user(tenant), one(tenant).pk
    assert api.post(f"missed/{key}/assign", {"to": str(user.pk)}).json()["assigned_to"] == str(user.pk)
    assert len(api.get(f"missed?assigned_to={user.pk}").json()["results"]) == 1
    assert api.post(f"missed/{key}/snooze", {"until": "2090-01-02T08:00:00Z"}).json()["snoozed_until"].startswith("2090-01-02")
    assert api.get("missed?waiting=true").json()["results"] == []
    assert len(api.get("missed?waiting=false").json()["results"]) == 1
    assert api.post(f"missed/{key}/snooze", {"until": None}).json()["snoozed_until"] is None
    done = api.post(f"missed/{key}/done", {"outcome": "Wrote a mail"}).json()
    assert (done["state"], done["outcome"]) == ("done", "Wrote a mail")
    for verb, body in (("done", {}), ("assign", {"to": None}), ("snooze", {"until": None})):
        refused = api.post(f"missed/{key}/{verb}", body)
        assert refused.status_code == 409
        check_problem(refused)


def test_only_members_are_assigned_to(api, tenant, stranger):
    miss(tenant)
    for user in (uuid4(), make_user(stranger.tenant).pk):
        refused = api.post(f"missed/{one(tenant).pk}/assign", {"to": str(user)})
        assert refused.status_code == 400
        check_problem(refused)


def test_viewers_look_and_strangers_find_nothing(api, tenant, stranger):
    miss(tenant)
    key = one(tenant).pk
    viewer = ApiClient(tenant, Role.VIEWER)
    assert len(viewer.get("missed").json()["results"]) == 1
    assert viewer.post(f"missed/{key}/done", {}).status_code == 403
    assert stranger.get("missed").json()["results"] == []
    assert stranger.get(f"missed/{key}").status_code == stranger.post(f"missed/{key}/done", {}).status_code == 404


def test_who_is_limited_to_a_center_has_its_queue_alone(tenant):
    here, there = make_center(tenant), make_center(tenant)
    miss(tenant, center_id=str(here.pk))
    miss(tenant, "+46709999999", center_id=str(there.pk))
    limited = ApiClient(tenant, Role.AGENT, center=here)
    assert [row["center"] for row in limited.get("missed").json()["results"]] == [str(here.pk)]
    assert limited.get(f"missed/{MissedCall.objects.get(center=there).pk}").status_code == 404


def test_finds_a_number_in_any_spelling(api, tenant):
    miss(tenant)
    for number in ("070-123 45 67", "0046701234567", "%2B46701234567"):
        assert len(api.get(f"missed?number={number}").json()["results"]) == 1, number
    assert api.get("missed?number=0709999999").json()["results"] == []


def test_a_number_that_is_not_sure_is_answered_as_it_came(api, tenant):
    miss(tenant, "0577 770 002 1")
    assert one(tenant).match_key not in ("", "0577 770 002 1")
    for query in ("", "?fields=number", "?number=0577-7700021"):
        [row] = api.get(f"missed{query}").json()["results"]
        assert row["number"] == "0577 770 002 1"
