"""When vendors' programs were here: the first request and the last are noted, others cost nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from calls import arrivals
from calls.models import DialectUse
from tests.make import make_tenant

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def noted_at(tenant, at, dialect="planhat"):
    with time_machine.travel(at, tick=False):
        arrivals.forget()
        arrivals.note(tenant.pk, dialect)


def test_the_first_and_the_last_are_known():
    tenant = make_tenant()
    for hours in (0, 2, 5):
        noted_at(tenant, NOW + timedelta(hours=hours))
    [use] = arrivals.arrivals_of(tenant).values()
    assert (use.dialect, use.created_at, use.last_at) == ("planhat", NOW, NOW + timedelta(hours=5))


def test_each_tenant_and_each_dialect_is_apart():
    lund, umea = make_tenant(), make_tenant()
    noted_at(lund, NOW)
    noted_at(lund, NOW + timedelta(hours=1), "calln")
    noted_at(umea, NOW + timedelta(hours=2))
    assert {name: use.last_at for name, use in arrivals.arrivals_of(lund).items()} == {
        "planhat": NOW,
        "calln": NOW + timedelta(hours=1),
    }
    assert list(arrivals.arrivals_of(umea)) == ["planhat"]


def test_a_busy_door_writes_once_in_a_while(django_assert_num_queries):
    tenant = make_tenant()
    with django_assert_num_queries(1):
        for _ in range(50):
            arrivals.note(tenant.pk, "planhat")
    assert DialectUse.objects.count() == 1
