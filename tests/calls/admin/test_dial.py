"""Calling from the admin: who may, from which line, what is refused in words, one call for two clicks, and how it goes."""

from __future__ import annotations

import re
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from django.urls import reverse

from calls.choices import Source
from calls.models import Call, DialPlan, DoNotCall, Origination
from tests.make import make_agent, make_call, make_center, make_company, make_contact, make_line, make_operator, make_tenant
from tests.make import make_user as person
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db(transaction=True)

ORDINARY, TALKS_ON, RINGS_ON, BUSY, ABSENT = "+46701234567", "+46702000201", "+46702000180", "+46702000486", "+46702000404"
DIALOG, PLACE = "/admin/calls/origination/dial", "/admin/calls/origination/place"


@pytest.fixture
def tenant():
    return make_tenant("lund", name="Lund AB")


@pytest.fixture
def user(tenant):
    return staff(tenant, "agent", username="astrid")


@pytest.fixture
def line(tenant, user):
    return make_line(tenant, "210", agent=make_agent(tenant, name="Astrid", user=user), is_phone_terminal=True)


@pytest.fixture
def client(user):
    return signed_in(user)


def ask(client, tenant, number=ORDINARY):
    """What the dialog shows."""
    answer = client.get(f"{DIALOG}?{urlencode({'tenant': tenant.pk, 'number': number})}")
    return answer.content.decode() if answer.status_code == 200 else answer.status_code


def call(client, line, number=ORDINARY, **fields):
    """Press the button."""
    form = {"tenant": str(line.tenant_id), "line": str(line.pk), "number": number, "key": str(uuid4())}
    return client.post(PLACE, form | fields.get("form", {}))


def act(client, placed, name):
    return client.post(reverse(f"admin:calls_origination_{name}", args=[placed["id"]]))


# Who may, and from which line


def test_an_agent_calls_from_their_own_lines_only(client, tenant, line):
    other = make_line(tenant, "211", agent=make_agent(tenant, name="Bo"))
    text = ask(client, tenant)
    assert str(line.pk) in text
    assert str(other.pk) not in text
    assert call(client, other).status_code == 400
    assert not Origination.objects.exists()


@pytest.mark.parametrize("role", ["manager", "owner"])
def test_who_manages_calls_from_any_line_and_finds_their_own_first(tenant, line, role):
    boss = staff(tenant, role)
    own = make_line(tenant, "299", agent=make_agent(tenant, user=boss))
    make_line(tenant, "212", is_active=False)
    found = re.findall(r'<option value="([^"]+)"', ask(signed_in(boss), tenant))
    assert found == [str(own.pk), str(line.pk)]
    assert call(signed_in(boss), line).status_code == 201


def test_who_has_no_line_is_told_how_to_get_one(tenant):
    assert "A manager gives you one" in ask(signed_in(staff(tenant, "agent")), tenant)
    assert "Add one under Lines" in ask(signed_in(staff(tenant, "owner")), tenant)


def test_a_viewer_does_not_call_and_sees_no_button(tenant, line):
    contact, company = make_contact(tenant, ORDINARY), make_company(tenant, phone=ORDINARY)
    made = make_call(tenant, ORDINARY)
    viewer = signed_in(staff(tenant, "viewer"))
    assert ask(viewer, tenant) == 404
    assert call(viewer, line).status_code == 404
    for row in (contact, company, made):
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
        period = "?period=all" if row == made else ""
        for address in (reverse(f"{name}_changelist") + period, reverse(f"{name}_change", args=[row.pk])):
            assert "data-dial=" not in viewer.get(address).content.decode(), address
            assert "data-dial=" in signed_in(staff(tenant, "agent")).get(address).content.decode(), address


def test_a_line_of_another_center_is_not_offered(tenant):
    here, there = make_center(tenant), make_center(tenant)
    lines = [make_line(tenant, f"21{n}", center=center) for n, center in enumerate((here, there))]
    limited = signed_in(staff(tenant, "manager", center=here))
    assert re.findall(r'<option value="([^"]+)"', ask(limited, tenant)) == [str(lines[0].pk)]
    assert call(limited, lines[1]).status_code == 400


def test_an_operator_calls_for_any_tenant_and_is_told_for_which(tenant, line):
    operator = signed_in(make_operator())
    assert "For Lund AB" in ask(operator, tenant)
    assert call(operator, line).status_code == 201


@pytest.mark.parametrize("key", ["", "x", "\0", str(UUID(int=7))])
def test_a_tenant_that_is_none_is_not_found(client, line, key):
    assert client.get(DIALOG, {"tenant": key, "number": ORDINARY}).status_code == 404
    assert call(client, line, form={"tenant": key}).status_code == 404


def test_another_tenants_line_calls_nobody(client, tenant, line):
    other = make_line(make_tenant(), "210")
    assert ask(client, other.tenant) == 404
    assert call(client, other).status_code == 404
    assert call(client, other, form={"tenant": str(tenant.pk)}).status_code == 400
    assert not Origination.objects.exists()


def test_only_the_form_of_our_own_pages_places_a_call(user, line):
    from django.test import Client

    stranger = Client(enforce_csrf_checks=True)
    stranger.force_login(user)
    assert call(stranger, line).status_code == 403
    assert stranger.get(PLACE).status_code == 405
    assert not Origination.objects.exists()


# What is refused


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("+12125550100", "Calls to this country are not allowed."),
        ("0900-1234567", "Premium and other special numbers"),
        ("+881612345678", "made to cost"),
        ("abc", "not a number that can be called"),
        ("", "not a number that can be called"),
        ("+46709999999", "on the list of numbers not to call"),
    ],
)
def test_a_refusal_is_said_before_and_after_in_the_same_words(client, tenant, line, number, words):
    DoNotCall.objects.create(tenant=tenant, number="070-999 99 99", e164="+46709999999", match_key="709999999")
    text = ask(client, tenant, number)
    assert words in text
    assert "data-call" not in text
    answer = call(client, line, number)
    assert answer.status_code == 403
    assert words in answer.json()["refusal"]
    assert not Origination.objects.exists()


def test_a_limit_is_told_with_its_figure(client, tenant, line, clock):
    DialPlan.objects.create(tenant=tenant, calls_per_destination=1)
    assert call(client, line).status_code == 201
    answer = call(client, line)
    assert (answer.status_code, answer.json()["code"]) == (429, "destination_calls_used_up")
    assert "called 1 times today" in answer.json()["refusal"]


@pytest.mark.parametrize("field", ["line", "key", "number"])
@pytest.mark.parametrize("value", ["", "\0", "x" * 5000, "\ufffd", "<b>", "[]"])
def test_no_input_breaks_it(client, line, field, value):
    assert call(client, line, form={field: value}).status_code in (400, 403)
    assert not Origination.objects.exists()


def test_every_refusal_of_the_dialer_has_words_for_people(tenant):
    from calls.admin import dial_words
    from calls.errors import DIAL_CODES, DialRefused

    never_asked = {"too_many_sources", "wait_invalid", "duration_invalid", "message_invalid", "transfer_not_allowed"}
    plan = DialPlan(tenant=tenant)
    for code in set(DIAL_CODES) - never_asked:
        words = dial_words.refusal(DialRefused("its own words", code=code), plan)
        assert words != "its own words", code
        assert "%" not in words, code


# The call


def test_two_clicks_are_one_call(client, line, clock):
    key = str(uuid4())
    first, second = (call(client, line, form={"key": key}) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert Origination.objects.count() == Call.objects.count() == 1


def test_somebody_elses_key_is_not_mine(client, tenant, line, clock):
    key = str(uuid4())
    boss = signed_in(staff(tenant, "manager"))
    assert call(client, line, form={"key": key}).json()["id"] != call(boss, line, form={"key": key}).json()["id"]


def test_a_whole_call_is_told_in_words(client, user, line, clock):
    placed = call(client, line).json()
    row = Origination.objects.get()
    assert (row.requester, row.door, row.line, row.sources) == (user, Source.ADMIN, line, ["210"])
    assert placed["is_simulation"]
    said = [placed["says"]]
    for _ in range(30):
        clock.shift(0.5)
        told = client.get(placed["progress"]).json()
        said.append(told["says"])
    assert list(dict.fromkeys(said))[-4:] == [
        "Ringing your own telephone, 210. Pick it up",
        "Ringing +46 70 123 45 67",
        "Talking with +46 70 123 45 67",
        "The call has ended",
    ]
    assert (told["result"], told["seconds"], told["is_live"], told["hangs_up"]) == ("answered", 5, False, False)
    assert told["call"] == reverse("admin:calls_call_change", args=[row.call_id])


@pytest.mark.parametrize(
    ("number", "says", "reason"),
    [
        (BUSY, "The number is busy", ""),
        ("+46702000603", "The call was declined", ""),
        (ABSENT, "The call could not be connected", "The number does not exist. (SIP 404)"),
    ],
)
def test_how_it_ended_is_said_with_its_reason(client, line, clock, number, says, reason):
    placed = call(client, line, number).json()
    clock.shift(10)
    told = client.get(placed["progress"]).json()
    assert (told["says"], told["reason"]) == (says, reason)


def test_ones_own_telephone_not_picked_up_is_said_so(client, tenant, line, clock):
    line.number, line.match_key, line.e164 = RINGS_ON, "702000180", RINGS_ON
    line.save()
    placed = call(client, line).json()
    clock.shift(40)
    assert client.get(placed["progress"]).json()["says"] == f"Your own telephone, {RINGS_ON}, was not picked up"


def test_hanging_up_hold_and_back(client, line, clock):
    placed = call(client, line, TALKS_ON).json()
    early = act(client, placed, "hold")
    assert (early.status_code, early.json()["refusal"]) == (409, "The two of you are not talking yet, or not any more.")
    clock.shift(5)
    assert act(client, placed, "hold").json()["is_held"]
    assert not act(client, placed, "unhold").json()["is_held"]
    for _ in range(2):
        assert not act(client, placed, "hangup").json()["is_live"]


def test_a_call_can_be_hung_up_before_anything_rang(client, line, clock, monkeypatch):
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)
    placed = call(client, line).json()
    assert placed["hangs_up"]
    told = act(client, placed, "hangup").json()
    assert (told["is_live"], told["says"]) == (False, "The call was ended before anybody answered")


def test_an_agent_does_not_end_somebody_elses_call(client, tenant, line, clock):
    other = make_line(tenant, "211", agent=make_agent(tenant, name="Bo"))
    placed = call(signed_in(staff(tenant, "manager")), other, TALKS_ON).json()
    clock.shift(5)
    told = client.get(placed["progress"]).json()
    assert told["is_live"]
    assert not told["hangs_up"]
    assert act(client, placed, "hangup").status_code == 403
    assert Origination.objects.get().cancel_requested_at is None


def test_another_tenants_call_is_not_there(client, line, clock):
    other = make_tenant()
    placed = call(signed_in(staff(other, "owner")), make_line(other, "210"), TALKS_ON).json()
    assert client.get(placed["progress"]).status_code == 404
    for name in ("hangup", "hold", "unhold"):
        assert act(client, placed, name).status_code == 404
    assert Origination.objects.get().cancel_requested_at is None


def test_somebody_limited_to_a_center_watches_the_call_they_asked_for(tenant, clock):
    here = make_center(tenant)
    limited = staff(tenant, "agent", center=here)
    line = make_line(tenant, "210", agent=make_agent(tenant, user=limited, center=here))
    placed = call(signed_in(limited), line).json()
    assert signed_in(limited).get(placed["progress"]).status_code == 200


def test_watching_costs_the_same_however_many_calls_there_are(client, line, clock, django_assert_max_num_queries):
    for _ in range(20):
        placed = call(client, line, TALKS_ON).json()
        clock.shift(1)
    clock.shift(5)
    client.get(placed["progress"])
    with django_assert_max_num_queries(14):
        assert client.get(placed["progress"]).status_code == 200


# The buttons


def test_each_number_of_a_contact_and_company_has_its_button(client, tenant, line):
    contact = make_contact(tenant, "070-123 45 67", "08-555 666 77", name="Åsa & Co")
    company = make_company(tenant, phone="08-555 666 77")
    text = client.get(reverse("admin:contacts_contact_change", args=[contact.pk])).content.decode()
    assert 'aria-label="Call Åsa &amp; Co, +46 70 123 45 67"' in text
    assert text.count("data-dial=") == 2
    assert client.get(reverse("admin:contacts_company_change", args=[company.pk])).content.decode().count("data-dial=") == 1


def test_a_withheld_number_has_no_button(client, tenant, line):
    made = make_call(tenant, "anonymous")
    assert "data-dial=" not in client.get(reverse("admin:calls_call_change", args=[made.pk])).content.decode()


def test_a_member_of_two_tenants_sees_buttons_where_they_may_call(tenant, line, user):
    from tenants.models import Membership

    other = make_tenant()
    Membership.objects.create(tenant=other, user=user, role="viewer")
    make_call(tenant, "+46701111111")
    make_call(other, "+46702222222")
    text = signed_in(user).get("/admin/calls/call/?period=all").content.decode()
    assert "number=%2B46701111111" in text
    assert "number=%2B46702222222" not in text


def test_somebody_outside_the_admin_calls_nobody(tenant, line):
    from django.test import Client

    outside = Client()
    outside.force_login(person(tenant, "owner"))
    assert "/login/" in outside.get(f"{DIALOG}?tenant={tenant.pk}&number=1").headers["Location"]
