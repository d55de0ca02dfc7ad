"""A call's few indexes are enough: each question the log is asked uses one."""

from __future__ import annotations

import pytest

from calls.models import Call, CallEvent
from tests.make import make_agent, make_call, make_company, make_contact, make_tenant
from tests.plans import prefer_indexes

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant():
    tenant = make_tenant()
    prefer_indexes(tenant)
    return tenant


def owners(tenant):
    return {"contact": make_contact(tenant), "company": make_company(tenant), "agent": make_agent(tenant)}


@pytest.mark.parametrize("name", ["contact", "company", "agent"])
def test_the_calls_of_somebody_come_in_order_from_their_index(name, tenant):
    prefer_indexes(tenant, calls=40)  # of a few, somebody's are found in the tenant's list as soon
    rows = Call.objects.for_tenant(tenant).filter(**{name: owners(tenant)[name]}).order_by("-started_at")
    assert f"call_by_{name}" in rows.explain()


def test_the_list_comes_in_order_from_its_index(tenant):
    assert "call_list" in Call.objects.for_tenant(tenant).newest_first().explain()


def test_the_flagged_calls_come_in_order_from_an_index_of_theirs(tenant):
    assert "call_flagged" in Call.objects.for_tenant(tenant).filter(is_flagged=True).newest_first().explain()


def test_the_events_of_a_call_come_in_order_from_their_index(tenant):
    call = make_call(tenant)
    assert "event_timeline" in CallEvent.objects.filter(call_id=call.pk).order_by("happened_at", "id").explain()
