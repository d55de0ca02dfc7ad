"""The queue of missed calls in the admin: who waits, what is decided, what is told of it, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from calls import ledger, missed
from calls.choices import Disposition, MissedState
from calls.models import MissedCall
from contacts.matching import AgentHint
from tests.make import make_agent, make_call, make_center, make_contact, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db(transaction=True)  # the queue follows what is committed

LIST = "/admin/calls/missedcall/"


@pytest.fixture
def tenant():
    return make_tenant("lund", name="Lund AB")


@pytest.fixture
def user(tenant):
    return staff(tenant, "agent", first_name="Eva", last_name="Ek")


@pytest.fixture
def client(user):
    return signed_in(user)


def miss(tenant, number="+46701234567", *, ago=5, **facts):
    call = make_call(
        tenant, number, started_at=timezone.now() - timedelta(minutes=ago), disposition=Disposition.NO_ANSWER, **facts
    )
    missed.follow(tenant.pk)
    return call


def act(client, name, *rows, **more):
    form = {"action": name, "_selected_action": [str(row.pk) for row in rows], "select_across": "0", **more}
    return client.post(LIST + "?scope=all", form, follow=True)


def text_of(client, query=""):
    return client.get(LIST + query).content.decode()


def test_tells_who_waits_since_when_how_often_they_tried_and_offers_to_call_back(client, tenant):
    make_contact(tenant, "+46701234567", name="Åsa & Co")
    agent = make_agent(tenant, name="Bo Ek")
    miss(tenant, ago=90, agent=AgentHint(id=str(agent.pk)))
    miss(tenant, ago=61)
    text = text_of(client)
    for words in ("Åsa &amp; Co", "+46 70 123 45 67", "1\u00a0hour ago", "2 times", "Bo Ek", "data-dial="):
        assert words in text, words
    assert "data-dial=" not in text_of(signed_in(staff(tenant, "viewer")))


@pytest.mark.parametrize("words", ["070-123 45 67", "0046701234567", "70123", "Åsa"])
def test_finds_a_number_in_any_spelling_and_a_name(client, tenant, words):
    make_contact(tenant, "+46701234567", name="Åsa & Co")
    miss(tenant)
    miss(tenant, "+46855566677")
    text = text_of(client, f"?q={words}")
    assert "+46 70 123 45 67" in text
    assert "+46 8 555 666 77" not in text


def test_an_empty_queue_says_so(client):
    assert "Nobody waits to be called back" in text_of(client)


def test_a_returned_one_leaves_and_both_calls_tell_of_it(client, tenant):
    lost = miss(tenant)
    answer = make_call(tenant, started_at=timezone.now() - timedelta(minutes=1), seconds=30)
    missed.follow(tenant.pk)
    assert "+46 70 123 45 67" not in text_of(client)
    assert str(answer.pk) in text_of(client, "?scope=returned")
    pages = [client.get(reverse("admin:calls_call_change", args=[call.pk])).content.decode() for call in (lost, answer)]
    assert "Returned by a later call" in pages[0]
    assert str(answer.pk) in pages[0]
    assert "Returns a missed call" in pages[1]
    assert str(lost.pk) in pages[1]


def test_staff_take_on_put_off_and_are_done_with_what_waits(client, tenant, user):
    miss(tenant)
    row = MissedCall.objects.get()
    act(client, "assign_to_me", row)
    act(client, "put_off_until_tomorrow", row)
    row.refresh_from_db()
    assert row.assigned_to == user
    assert row.snoozed_until > timezone.now()
    assert "Eva Ek" in text_of(client, "?scope=snoozed")
    assert "+46 70 123 45 67" not in text_of(client)
    assert "1 missed call will not wait any more" in act(client, "be_done", row).content.decode()
    assert "1 was changed" in act(client, "be_done", row, outcome="Wrote a mail").content.decode()
    row.refresh_from_db()
    assert (row.state, row.outcome, row.done_by, row.snoozed_until) == (MissedState.DONE, "Wrote a mail", user, None)
    assert "Wrote a mail" in text_of(client, "?scope=done")
    assert "+46 70 123 45 67" in text_of(client, "?scope=never")


def test_all_of_the_list_are_done_with_at_once(client, tenant):
    for number in range(3):
        miss(tenant, f"+4670123456{number}")
    act(client, "be_done", MissedCall.objects.first(), outcome="", select_across="1")
    assert not MissedCall.objects.open().exists()


def test_the_page_of_one_assigns_puts_off_and_ends_it(client, tenant, user):
    miss(tenant)
    row = MissedCall.objects.get()
    page = reverse("admin:calls_missedcall_change", args=[row.pk])
    form = {"assigned_to": str(user.pk), "snoozed_until_0": "", "snoozed_until_1": "", "outcome": ""}
    assert client.post(page, form).status_code == 302
    row.refresh_from_db()
    assert (row.assigned_to, row.state) == (user, MissedState.OPEN)
    assert client.post(page, {**form, "outcome": "Wrong number"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.done_by) == (MissedState.DONE, user)
    assert client.post(page, {**form, "outcome": "Again"}).status_code == 403
    assert "Wrong number" in client.get(page).content.decode()


def test_a_call_that_was_removed_a_moment_ago_is_no_trouble(client, tenant):
    ledger.remove(miss(tenant))
    row = MissedCall.objects.get()
    assert "+46 70 123 45 67" in text_of(client)
    assert client.get(reverse("admin:calls_missedcall_change", args=[row.pk])).status_code == 200


def test_viewers_change_nothing(tenant):
    miss(tenant)
    viewer = signed_in(staff(tenant, "viewer"))
    act(viewer, "be_done", MissedCall.objects.get(), outcome="")
    assert MissedCall.objects.open().exists()


def test_rows_of_a_tenant_one_only_looks_at_are_not_acted_on(tenant, user, client):
    from tenants.models import Membership

    other = make_tenant("umea")
    Membership.objects.create(tenant=other, user=user, role="viewer")
    miss(other)
    assert act(client, "assign_to_me", MissedCall.objects.get()).status_code == 403
    assert MissedCall.objects.get().assigned_to is None


def test_who_is_limited_to_a_center_sees_its_queue_alone(tenant):
    here, there = make_center(tenant), make_center(tenant)
    miss(tenant, "+46701111111", center_id=str(here.pk))
    miss(tenant, "+46702222222", center_id=str(there.pk))
    text = text_of(signed_in(staff(tenant, "agent", center=here)))
    assert "+46 70 111 11 11" in text
    assert "+46 70 222 22 22" not in text


def test_two_rows_cost_what_fifty_cost(client, tenant):
    costs = []
    for count in (2, 48):
        for number in range(count):
            make_contact(tenant, f"+46701{count:02}{number:04}")
            agent = AgentHint(id=str(make_agent(tenant).pk))
            make_call(tenant, f"+46701{count:02}{number:04}", disposition="busy", started_at=timezone.now(), agent=agent)
        missed.follow(tenant.pk)
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        costs.append(len(queries))
    assert costs[0] == costs[1]
    assert costs[0] <= 12


def test_the_list_shows_and_dials_a_number_as_it_came_where_it_is_not_sure(client, tenant):
    miss(tenant, "0577 770 002 1")
    key = MissedCall.objects.get().match_key
    for page in (LIST, reverse("admin:calls_missedcall_change", args=[MissedCall.objects.get().pk])):
        told = client.get(page).content.decode()
        assert "0577 770 002 1" in told
        assert "number=0577+770+002+1" in told
        assert f">{key}<" not in told
        assert f"number={key}" not in told
