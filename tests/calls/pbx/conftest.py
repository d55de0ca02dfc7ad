"""One callhub on one exchange for all tests of a worker that break neither."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.calls.pbx.house import House, open_house


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with open_house() as house:
        yield house


@pytest.fixture(scope="session")
def spare_house() -> Iterator[House]:
    """Another for tests that stop it; it shares no folder of sounds with its exchange."""
    with open_house(CALLHUB_ARI_SOUNDS="") as house:
        yield house
