"""Outcomes in the admin: owners make them, staff choose from them, and answered calls get one where the tenant wants that."""

from __future__ import annotations

import pytest
from django.utils.html import escape

from calls.choices import Disposition
from calls.models import Call, Outcome
from tests.make import make_call, make_operator, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
OUTCOMES = "/admin/calls/outcome/"


@pytest.fixture
def tenant():
    return make_tenant()


@pytest.fixture
def agent(tenant):
    return signed_in(staff(tenant, "agent"))


def page_of(call):
    return f"/admin/calls/call/{call.pk}/change/"


def offered(client, address):
    field = client.get(address).context["adminform"].form.fields["outcome"]
    return [value for value, _label in getattr(field, "choices", ())]


def test_an_owner_makes_outcomes_and_staff_choose_from_them_in_their_order(tenant, agent):
    owner = signed_in(staff(tenant, "owner"))
    for name, position in (("Order", "2"), ("Later", "1"), ("Never", "1")):
        assert owner.post(f"{OUTCOMES}add/", {"name": name, "position": position}).status_code == 302
    Outcome.objects.filter(name="Never").update(is_retired=True)
    Outcome.objects.create(tenant=make_tenant(), name="Theirs")
    call = make_call(tenant)
    assert offered(agent, page_of(call)) == offered(agent, "/admin/calls/call/add/") == ["", "Later", "Order"]
    assert agent.post(page_of(call), {"outcome": "Order"}).status_code == 302
    assert Call.objects.get().outcome == "Order"


def test_the_same_outcome_twice_is_refused_in_words(tenant):
    Outcome.objects.create(tenant=tenant, name="Order")
    answer = signed_in(staff(tenant, "owner")).post(f"{OUTCOMES}add/", {"name": "ORDER", "position": "0"})
    assert "There is an outcome with this name already." in answer.content.decode()


def test_what_a_call_has_stays_possible_and_anything_else_is_refused(tenant, agent):
    Outcome.objects.create(tenant=tenant, name="Order")
    call = make_call(tenant, outcome="Told by a program")
    assert offered(agent, page_of(call)) == ["", "Order", "Told by a program"]
    assert agent.post(page_of(call), {"outcome": "Told by a program", "note": "x"}).status_code == 302
    assert agent.post(page_of(call), {"outcome": "Made up"}).status_code == 200
    assert Call.objects.get().outcome == "Told by a program"


def test_without_outcomes_people_type(tenant, agent):
    call = make_call(tenant)
    assert agent.post(page_of(call), {"outcome": "In my own words"}).status_code == 302
    assert Call.objects.get().outcome == "In my own words"


def chosen_for(client, *calls):
    """Where many calls are asked for their outcome, and what that page offers."""
    keys = [str(call.pk) for call in calls]
    picked = client.post("/admin/calls/call/?period=all", {"action": "bulk_outcome", "_selected_action": keys, "index": 0})
    field = client.get(picked["Location"]).context["form"].fields["outcome"]
    return picked["Location"], [value for value, _label in getattr(field, "choices", ())]


class TestManyCalls:
    def test_they_get_one_of_the_tenants_own(self, tenant, agent):
        for name, position in (("Order", 2), ("Later", 1)):
            Outcome.objects.create(tenant=tenant, name=name, position=position)
        Outcome.objects.create(tenant=tenant, name="Never", is_retired=True)
        Outcome.objects.create(tenant=make_tenant(), name="Theirs")
        calls = [make_call(tenant) for _ in range(2)]
        page, offered = chosen_for(agent, *calls)
        assert offered == ["", "Later", "Order"]
        assert agent.post(page, {"outcome": "Order"}).status_code == 302
        assert set(Call.objects.values_list("outcome", flat=True)) == {"Order"}
        page, _offered = chosen_for(agent, calls[0])
        assert agent.post(page, {"outcome": ""}).status_code == 302
        assert sorted(Call.objects.values_list("outcome", flat=True)) == ["", "Order"]

    @pytest.mark.parametrize("told", ["Never", "Theirs", "order", "<b>Made up</b>"])
    def test_one_that_is_not_offered_is_refused_in_words(self, tenant, agent, told):
        Outcome.objects.create(tenant=tenant, name="Order")
        Outcome.objects.create(tenant=tenant, name="Never", is_retired=True)
        Outcome.objects.create(tenant=make_tenant(), name="Theirs")
        page, _offered = chosen_for(agent, make_call(tenant))
        answer = agent.post(page, {"outcome": told})
        assert f"“{escape(told)}” is not one of your outcomes. Choose one that is offered." in answer.content.decode()
        assert Call.objects.get().outcome == ""

    def test_where_every_answered_call_gets_one_it_is_not_taken_away(self, tenant, agent):
        tenant.requires_outcome = True
        tenant.save()
        Outcome.objects.create(tenant=tenant, name="Order")
        page, _offered = chosen_for(agent, make_call(tenant, outcome="Order"))
        assert "Choose what came of the call" in agent.post(page, {"outcome": ""}).content.decode()
        assert Call.objects.get().outcome == "Order"

    def test_without_outcomes_people_type_and_are_told_how_to_have_some(self, tenant, agent):
        call = make_call(tenant)
        page, offered = chosen_for(agent, call)
        assert offered == []
        assert "owners can make one" in agent.get(page).content.decode()
        assert agent.post(page, {"outcome": "In my own words"}).status_code == 302
        assert Call.objects.get().outcome == "In my own words"
        owner = signed_in(staff(tenant, "owner"))
        page, _offered = chosen_for(owner, call)
        assert f'href="{OUTCOMES}add/"' in owner.get(page).content.decode()

    def test_an_operator_is_led_to_the_outcomes_of_that_tenant(self, tenant):
        operator = signed_in(make_operator())
        page, _offered = chosen_for(operator, make_call(tenant))
        assert f'href="{OUTCOMES}add/?tenant={tenant.pk}"' in operator.get(page).content.decode()


class TestMandatory:
    @pytest.fixture(autouse=True)
    def wanted(self, tenant):
        tenant.requires_outcome = True
        tenant.save()
        Outcome.objects.create(tenant=tenant, name="Order")

    def test_an_answered_call_needs_one(self, tenant, agent):
        call = make_call(tenant)
        answer = agent.post(page_of(call), {"note": "Wants a price."})
        assert "Choose what came of the call" in answer.content.decode()
        assert agent.post(page_of(call), {"note": "Wants a price.", "outcome": "Order"}).status_code == 302

    @pytest.mark.parametrize("facts", [{"disposition": Disposition.BUSY}, {"seconds": None}])
    def test_a_call_nobody_took_or_that_goes_on_needs_none(self, tenant, agent, facts):
        call = make_call(tenant, **facts)
        assert agent.post(page_of(call), {"note": "Tried to reach us."}).status_code == 302

    def test_a_call_logged_by_hand_needs_one(self, tenant, agent):
        form = {"direction": "inbound", "disposition": "answered", "started_at_0": "2026-03-02", "started_at_1": "09:00"}
        form |= {"remote_number": "+46701234567", "duration": "1:00"}
        answer = agent.post("/admin/calls/call/add/", form)
        assert "Choose what came of the call" in answer.content.decode()
        assert agent.post("/admin/calls/call/add/", {**form, "outcome": "Order"}).status_code == 302

    def test_where_none_is_offered_none_is_wanted(self, tenant, agent):
        Outcome.objects.all().delete()
        assert agent.post(page_of(make_call(tenant)), {"note": "Wants a price."}).status_code == 302


@pytest.mark.parametrize(("role", "sees"), [("manager", 200), ("agent", 403), ("viewer", 403)])
def test_others_change_nothing(tenant, role, sees):
    row = Outcome.objects.create(tenant=tenant, name="Order")
    client = signed_in(staff(tenant, role))
    assert client.get(OUTCOMES).status_code == sees
    assert client.post(f"{OUTCOMES}add/", {"name": "Mine", "position": "0"}).status_code == 403
    assert client.post(f"{OUTCOMES}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(f"{OUTCOMES}{row.pk}/change/", {"name": "Mine", "position": "0"})
    assert list(Outcome.objects.values_list("name", flat=True)) == ["Order"]
