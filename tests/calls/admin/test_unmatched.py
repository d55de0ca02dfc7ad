"""Numbers nobody is known by, in the admin: what one click does, and to whom it is offered."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls import ledger
from calls.models import Call
from contacts.models import Contact, ContactNumber, IgnoredNumber
from tests.make import make_call, make_center, make_contact, make_tenant, make_user
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db

PAGE = "/admin/calls/call/unmatched"
WHO = "+46701234567"


@pytest.fixture
def tenant():
    return make_tenant("lund", name="Lund AB")


@pytest.fixture
def client(tenant):
    return signed_in(staff(tenant, "agent"))


def call(tenant, number=WHO, **facts):
    return make_call(tenant, number, started_at=timezone.now(), **facts)


def press(client, tenant, do, number=WHO, **fields):
    form = {"do": do, "tenant": str(tenant.pk), "number": number, "back": PAGE, **fields}
    return client.post(f"{PAGE}/settle", form)


def text_of(client, address=PAGE):
    return client.get(address).content.decode()


def test_one_click_makes_a_contact_and_past_calls_follow(client, tenant):
    calls = [call(tenant) for _ in range(2)]
    text = text_of(client)
    assert "+46 70 123 45 67" in text
    assert "2 calls" in text
    answer = press(client, tenant, "create", name="Åsa & Co")
    assert answer.headers["Location"] == PAGE
    contact = Contact.objects.get(tenant=tenant)
    assert contact.name == "Åsa & Co"
    ledger.relink_waiting(seconds=10)
    assert set(Call.objects.values_list("contact", flat=True)) == {contact.pk}
    assert len(calls) == 2
    text = text_of(client)
    assert "Åsa &amp; Co is known by +46 70 123 45 67 now" in text
    assert "Every number of these calls is known" in text


def test_without_a_name_the_number_is_the_name(client, tenant):
    press(client, tenant, "create", name="  ")
    assert Contact.objects.get().name == "+46 70 123 45 67"


def test_one_click_gives_the_number_to_somebody(client, tenant):
    contact = make_contact(tenant, "+46701234599", name="Bo Ek")
    call(tenant)
    assert "It is Bo Ek" in text_of(client)
    press(client, tenant, "assign", contact=str(contact.pk))
    press(client, tenant, "assign", contact=str(contact.pk))
    assert sorted(contact.numbers.values_list("e164", flat=True)) == [WHO, "+46701234599"]
    ledger.relink_waiting(seconds=10)
    assert Call.objects.get().contact == contact


def test_of_several_who_have_it_one_keeps_it(client, tenant):
    anna, bo = make_contact(tenant, WHO, name="Anna"), make_contact(tenant, WHO, "+46709999999", name="Bo")
    call(tenant)
    assert "Choose the one who keeps it" in text_of(client)
    press(client, tenant, "alone", contact=str(anna.pk))
    assert list(ContactNumber.objects.filter(e164=WHO).values_list("contact", flat=True)) == [anna.pk]
    assert bo.numbers.count() == 1
    ledger.relink_waiting(seconds=10)
    assert Call.objects.get().contact == anna


def test_any_contact_is_found_by_name(client, tenant):
    contact = make_contact(tenant, name="Åsa Öberg")
    make_contact(make_tenant(), name="Åsa Elsewhere")
    text = text_of(client, f"{PAGE}/choose?tenant={tenant.pk}&number=%2B46701234567&q=Åsa")
    assert str(contact.pk) in text
    assert "Elsewhere" not in text


def test_a_number_is_ignored_and_shown_again(client, tenant):
    call(tenant)
    press(client, tenant, "ignore")
    assert IgnoredNumber.objects.get().ignored_by is not None
    text = text_of(client)
    assert "1 number is ignored" in text
    assert "Show again" in text
    press(client, tenant, "notice")
    assert not IgnoredNumber.objects.exists()


@pytest.mark.parametrize("number", ["", "abc", "anonymous", "\0", "x" * 500])
def test_what_is_no_number_is_refused(client, tenant, number):
    assert press(client, tenant, "create", number=number, name="X").status_code == 302
    assert "This is no number" in text_of(client)
    assert not Contact.objects.exists()


@pytest.mark.parametrize("number", ["210", "0003*210", "12345678901234567890"])
def test_odd_numbers_are_given_all_the_same(client, tenant, number):
    call(tenant, number)
    press(client, tenant, "create", number=number, name="X")
    ledger.relink_waiting(seconds=10)
    assert Call.objects.get().contact == Contact.objects.get()


def test_viewers_look_and_change_nothing(tenant):
    call(tenant)
    viewer = signed_in(staff(tenant, "viewer"))
    text = text_of(viewer)
    assert "+46 70 123 45 67" in text
    assert "New contact" not in text
    assert press(viewer, tenant, "create", name="X").status_code == 403
    assert not Contact.objects.exists()


def test_another_tenants_numbers_and_contacts_are_none(client, tenant):
    other = make_tenant("umea")
    call(other)
    foreign = make_contact(other, name="Foreign")
    assert "+46 70 123 45 67" not in text_of(client)
    assert press(client, other, "create", name="X").status_code == 404
    assert press(client, tenant, "assign", contact=str(foreign.pk)).status_code == 404
    assert client.get(f"{PAGE}/choose?tenant={other.pk}&number=1&q=F").status_code == 404
    assert press(client, tenant, "nonsense").status_code == 404
    assert signed_in(make_user(is_staff=True)).get(PAGE).status_code == 403
    assert client.get(f"{PAGE}/settle").status_code == 405
    assert press(client, tenant, "ignore", back="https://evil.example/").headers["Location"] == PAGE


def test_who_is_limited_to_a_center_sees_its_numbers_alone(tenant):
    here, there = make_center(tenant), make_center(tenant)
    call(tenant, "+46701111111", center_id=str(here.pk))
    call(tenant, "+46702222222", center_id=str(there.pk))
    text = text_of(signed_in(staff(tenant, "agent", center=here)))
    assert "+46 70 111 11 11" in text
    assert "+46 70 222 22 22" not in text


def test_two_rows_cost_what_fifty_cost(client, tenant):
    costs = []
    for count in (2, 48):
        for number in range(count):
            call(tenant, f"+46701{count:02}{number:04}")
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE)
        costs.append(len(queries))
    assert costs[0] == costs[1]
    assert costs[0] <= 9
