"""What a process remembers of tenants, and how soon it notices that a door was closed."""

from __future__ import annotations

import pytest

from tenants import memory
from tenants.memory import REMEMBERED_S, open_tenant
from tenants.models import Tenant
from tests.make import make_tenant

pytestmark = pytest.mark.django_db


class Clock:
    now = 1000.0

    def shift(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(memory, "monotonic", lambda: clock.now)
    return clock


def test_an_open_tenant_is_looked_up_once_a_second(clock, django_assert_num_queries):
    tenant = make_tenant("acme")
    with django_assert_num_queries(1):
        assert [open_tenant("acme") for _ in range(10)] == [tenant] * 10
    clock.shift(REMEMBERED_S)
    with django_assert_num_queries(1):
        assert open_tenant("acme") == tenant


@pytest.mark.parametrize("change", [{"is_active": False}, {"open_ingest": False}, {"slug": "other"}])
def test_a_door_that_closes_is_closed_within_two_seconds(clock, change):
    make_tenant("acme")
    assert open_tenant("acme")
    Tenant.objects.update(**change)
    clock.shift(2)
    assert open_tenant("acme") is None


def test_a_door_that_opens_is_open_at_once():
    tenant = make_tenant("acme", open_ingest=False)
    assert open_tenant("acme") is None
    Tenant.objects.update(open_ingest=True)
    assert open_tenant("acme") == tenant
