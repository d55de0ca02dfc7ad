"""What every test gets: the parts it requires, a clean cache."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from tests import services


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("requires"):
        for name in marker.args:
            if services.find(name) is None:
                text = f"needs {name}: {services.how_to_get(name)}"
                pytest.fail(text, pytrace=False) if services.all_wanted() else pytest.skip(text)


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()
