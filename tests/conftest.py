"""What every test gets: the parts it requires, a clean cache."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.models.signals import pre_migrate
from django.dispatch import receiver
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from calls import arrivals
from calls.feed import room
from tenants import memory
from tests import brokers, services
from tests.emptying import empty_quickly

empty_quickly()

# The same examples each time, however long the machine takes for one; ``--hypothesis-profile=default`` looks for others.
hypothesis_settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("steady")


@receiver(pre_migrate)
def _make_extensions(**_: Any) -> None:
    """Tests make their tables without migrations; what those make besides tables is made here."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS unaccent")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked ``once`` do not depend on the database and run beside SQLite."""
    if connection.vendor != "sqlite":
        repeated = [item for item in items if item.get_closest_marker("once")]
        config.hook.pytest_deselected(items=repeated)
        items[:] = [item for item in items if item not in set(repeated)]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("requires"):
        for name in marker.args:
            if services.find(name) is None:
                text = f"needs {name}: {services.how_to_get(name)}"
                pytest.fail(text, pytrace=False) if services.all_wanted() else pytest.skip(text)


@pytest.fixture(scope="module", params=brokers.PARAMETERS)
def broker(request: pytest.FixtureRequest) -> Iterator[brokers.Broker]:
    """A private broker; the test runs once with each kind."""
    with brokers.running(request.param) as broker:
        yield broker


@pytest.fixture
def broker_url(broker: brokers.Broker) -> str:
    """Its address, for ``CALLHUB_BROKER_URL``."""
    return broker.url


@pytest.fixture(autouse=True)
def _budgets_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Budgets are full again when the clock's minute or hour is over; theirs begins with each test, and none ends within it."""
    into_the_hour = int(time.time()) % 3600
    monkeypatch.setattr("tenants.budget.time", SimpleNamespace(time=lambda: time.time() - into_the_hour))


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    cache.clear()
    memory.forget()
    arrivals.forget()
    room.empty()  # an answer that the test before left unread still holds its place
    yield
    cache.clear()
