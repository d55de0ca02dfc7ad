"""The live board: which calls are on it, in which order, to whom, what may be done with them, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from calls import dialer
from calls.choices import State
from calls.models import Call
from contacts.matching import AgentHint
from tests.calls.dialer.ordering import TALKS_ON, order
from tests.make import make_agent, make_call, make_center, make_contact, make_line, make_operator, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db(transaction=True)

BOARD, NEWS = "/admin/calls/call/live", "/admin/calls/call/live/news"


@pytest.fixture
def tenant():
    return make_tenant("lund", name="Lund AB")


@pytest.fixture
def client(tenant):
    return signed_in(staff(tenant, "manager"))


def going(tenant, number="+46701234567", *, ago=10, begun=State.RINGING, **fields):
    """A call of another source that goes on."""
    started_at = timezone.now() - timedelta(seconds=ago)
    return make_call(tenant, number, seconds=None, started_at=started_at, begun=begun, **fields)


def rows(client):
    return client.get(NEWS).json()["rows"]


def test_shows_who_rings_or_talks_of_every_source_and_nothing_else(client, tenant, clock):
    make_contact(tenant, "+46701234567", name="Åsa & Co")
    center, agent = make_center(tenant, name="Malmö"), make_agent(tenant, name="Bo Ek")
    make_line(tenant, "+4640500600", name="Reception")
    call = going(tenant, center_id=str(center.pk), agent=AgentHint(id=str(agent.pk)))
    make_call(tenant, "+46709999999", started_at=timezone.now() - timedelta(minutes=5))
    going(tenant, "+46708888888", ago=25 * 3600)
    [row] = rows(client)
    assert (row["id"], row["seconds"], row["is_ringing"]) == (str(call.pk), 10, True)
    for words in ("Åsa &amp; Co", "+46 70 123 45 67", "Malmö", "Bo Ek", "Ringing", "Inbound", str(call.contact_id)):
        assert words in row["html"], words
    assert "Ringing: Åsa & Co inbound" in row["says"]
    page = client.get(BOARD).content.decode()
    assert "Åsa &amp; Co" in page
    assert "1 ringing, 0 talking" in page
    assert "46709999999" not in page


def test_the_longest_ringing_come_first_and_those_who_talk_last(client, tenant, clock):
    talks = going(tenant, "+46701111111", ago=500, begun=State.IN_PROGRESS)
    new, old = going(tenant, "+46702222222", ago=5), going(tenant, "+46703333333", ago=50)
    assert [row["id"] for row in rows(client)] == [str(call.pk) for call in (old, new, talks)]


def test_an_empty_board_says_what_will_be_here_and_how_to_call(client, tenant):
    text = client.get(BOARD).content.decode()
    assert "Calls appear here by themselves" in text
    assert "press the telephone beside a number" in text
    assert "press the telephone" not in signed_in(staff(tenant, "viewer")).get(BOARD).content.decode()


def test_a_placed_call_goes_on_while_it_is_watched_and_leaves_at_its_end(client, tenant, clock):
    line = make_line(tenant, "210", name="Desk")
    row = dialer.place(tenant, order(line))
    clock.shift(2)
    [shown] = rows(client)
    assert shown["is_ringing"]
    assert "Simulation" in shown["html"]
    assert "Desk" in shown["html"]
    clock.shift(3)
    [shown] = rows(client)
    assert not shown["is_ringing"]
    assert f"{row.pk}/hangup" in shown["html"]
    clock.shift(10)
    assert rows(client) == []


def test_hang_up_and_hold_are_offered_where_they_can_be_done(client, tenant, clock):
    user = staff(tenant, "agent")
    own = make_line(tenant, "210", agent=make_agent(tenant, user=user))
    placed = [dialer.place(tenant, order(line, TALKS_ON)) for line in (own, make_line(tenant, "211"))]
    going(tenant)
    clock.shift(5)
    offered = lambda browser, verb: sum(f"/{verb}" in row["html"] for row in rows(browser))  # noqa: E731
    viewer, agent = signed_in(staff(tenant, "viewer")), signed_in(user)
    assert [offered(browser, "hangup") for browser in (client, agent, viewer)] == [2, 1, 0]
    assert [offered(browser, "hold") for browser in (client, agent, viewer)] == [2, 1, 0]
    client.post(reverse("admin:calls_origination_hold", args=[placed[0].pk]))
    assert "On hold" in "".join(row["html"] for row in rows(client))
    assert offered(client, "unhold") == 1


def test_each_sees_their_own_tenants_and_centers_calls(tenant, clock):
    other, here, there = make_tenant("umea", name="Umeå AB"), make_center(tenant), make_center(tenant)
    mine, hidden = (going(tenant, f"+4670111111{n}", center_id=str(center.pk)) for n, center in enumerate((here, there)))
    theirs = going(other, "+46702222222")
    limited = signed_in(staff(tenant, "agent", center=here))
    assert [row["id"] for row in rows(limited)] == [str(mine.pk)]
    assert {row["id"] for row in rows(signed_in(staff(tenant, "viewer")))} == {str(mine.pk), str(hidden.pk)}
    operator = signed_in(make_operator())
    assert {row["id"] for row in rows(operator)} == {str(call.pk) for call in (mine, hidden, theirs)}
    assert "Umeå AB" in operator.get(BOARD).content.decode()


def test_somebody_without_a_tenant_has_no_board(tenant):
    from tests.make import make_user

    outsider = signed_in(make_user(is_staff=True))
    assert outsider.get(BOARD).status_code == outsider.get(NEWS).status_code == 403


def test_a_crowded_board_is_cut_and_says_so(client, tenant, clock, monkeypatch):
    monkeypatch.setattr("calls.admin.live.MOST", 3)
    for number in range(4):
        going(tenant, f"+4670111111{number}", ago=number)
    told = client.get(NEWS).json()
    assert (len(told["rows"]), told["is_cut"]) == (3, True)


def test_two_calls_cost_what_fifty_cost(client, tenant, clock):
    costs = []
    for count in (2, 48):
        for number in range(count):
            call = going(tenant, f"+467011111{count}{number:02}")
            Call.objects.filter(pk=call.pk).update(line=make_line(tenant, f"{count}{number:02}1"), center=make_center(tenant))
        with CaptureQueriesContext(connection) as queries:
            client.get(NEWS)
        costs.append(len(queries))
    assert costs[0] == costs[1]
    assert costs[0] <= 6
