"""Requests to call in the admin: the list and its filters, the page with every telephone, hanging up, and who sees what."""

from __future__ import annotations

import pytest
from django.urls import reverse

from calls import dialer
from calls.choices import Source
from calls.models import Call, Origination
from tests.calls.dialer.ordering import ORDINARY, RINGS_ON, TALKS_ON, order
from tests.make import make_agent, make_call, make_center, make_contact, make_line, make_origination, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/calls/origination/"


@pytest.fixture
def tenant():
    return make_tenant("lund", time_zone="Europe/Stockholm")


@pytest.fixture
def user(tenant):
    return staff(tenant, "manager", first_name="Mia", last_name="Moe")


@pytest.fixture
def client(user):
    return signed_in(user)


@pytest.fixture
def line(tenant):
    return make_line(tenant, "210", name="Desk", agent=make_agent(tenant, name="Ann"))


def shown(client, **asked):
    answer = client.get(LIST, asked)
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list), answer.content.decode()


def page(client, row):
    answer = client.get(reverse("admin:calls_origination_change", args=[row.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_tells_who_asked_and_how_it_ended(client, tenant, user, line, clock):
    make_contact(tenant, "+46702000404", name="Åsa")
    dialer.place(tenant, order(line, "+46702000404"), actor=user)
    clock.shift(10)
    [row], text = shown(client)
    assert row.state == "ended"
    for words in ("Åsa", "Mia Moe", "Desk (210)", "Failed", "The number does not exist. (SIP 404)", "Simulation", ">API<"):
        assert words in text, words


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"state__exact": "ended"}, 1),
        ({"disposition__exact": "busy"}, 1),
        ({"disposition__exact": "answered"}, 0),
        ({"door__exact": "admin"}, 1),
        ({"q": "070-200 01 80"}, 1),
        ({"q": "nobody"}, 0),
        ({"asked_from": "2026-03-02", "asked_to": "2026-03-02"}, 2),
        ({"asked_from": "2026-03-03"}, 0),
        ({"asked_from": "x"}, 2),
        ({"requester": "1"}, 0),
        ({}, 2),
    ],
)
def test_filters_narrow(client, tenant, line, clock, asked, count):
    dialer.place(tenant, order(line, RINGS_ON))
    dialer.place(tenant, order(line, "+46702000486", door=Source.ADMIN))
    clock.shift(5)
    client.get(LIST)
    assert len(shown(client, **asked)[0]) == count


def test_by_line_and_by_who_asked(client, tenant, user, line, clock):
    dialer.place(tenant, order(line), actor=user)
    dialer.place(tenant, order(make_line(tenant, "211")))
    assert len(shown(client, line__id__exact=str(line.pk))[0]) == 1
    assert len(shown(client, requester=str(user.pk))[0]) == 1


def test_the_page_tells_of_every_telephone(client, tenant, line, clock):
    asked = order(line, ORDINARY, sources=("210", "211"), document={"from": "their <b>document</b>"}, nonce="n-1")
    row = dialer.place(tenant, asked)
    clock.shift(30)
    text = page(client, row)
    for words in (
        "The call has ended", "+46 70 123 45 67", "Source", "Destination", "Cancelled", "10:00:0", "0:05", "n-1",
        "their &lt;b&gt;document&lt;/b&gt;", "Ordered", "Desk (210)", "Simulator",
    ):  # fmt: skip
        assert words in text, words
    assert "Hang up</button>" not in text


def test_a_live_one_is_followed_and_can_be_hung_up(client, tenant, line, clock):
    row = dialer.place(tenant, order(line, TALKS_ON))
    clock.shift(5)
    text = page(client, row)
    assert "data-follow=" in text
    assert "Talking with +46 70 200 02 01" in text
    answer = client.post(reverse("admin:calls_origination_end", args=[row.pk]), follow=True)
    assert "The call is over." in answer.content.decode()
    assert Origination.objects.get().state == "ended"


def test_nobody_edits_adds_or_erases_one(client, tenant, line):
    row = make_origination(make_call(tenant), line)
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{LIST}{row.pk}/change/", {"destination": "x"}).status_code == 403
    assert Origination.objects.get().destination == row.destination


def test_others_see_and_end_what_their_reach_allows(tenant, line, clock):
    row = dialer.place(tenant, order(line, TALKS_ON))
    clock.shift(5)
    end = reverse("admin:calls_origination_end", args=[row.pk])
    assert signed_in(staff(tenant, "agent")).post(end).status_code == 403
    assert signed_in(staff(tenant, "viewer")).post(end).status_code == 403
    assert signed_in(staff(make_tenant(), "owner")).post(end).status_code == 404
    limited = signed_in(staff(tenant, "manager", center=make_center(tenant)))
    assert limited.post(end).status_code == 404
    assert shown(limited)[0] == []
    assert Call.objects.get().state != "ended"


def test_who_is_limited_to_a_center_sees_what_they_asked_for_themselves(tenant, line, clock):
    person = staff(tenant, "agent", center=make_center(tenant))
    mine = dialer.place(tenant, order(line, TALKS_ON))
    dialer.place(tenant, order(line, TALKS_ON))
    Origination.objects.filter(pk=mine.pk).update(requester=person)
    assert [row.pk for row in shown(signed_in(person))[0]] == [mine.pk]


def test_an_empty_list_says_how_to_call(client):
    assert "press the telephone beside a number" in shown(client)[1]
