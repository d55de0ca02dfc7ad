"""One callhub on one exchange for all tests of a worker that break neither; and one of which any part may be broken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.calls.pbx.frail import FrailHouse, open_frail_house
from tests.calls.pbx.house import House, open_house


def pytest_itemcollected(item: pytest.Item) -> None:
    """A whole callhub has a database of its own."""
    item.add_marker("once")


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with open_house() as house:
        yield house


@pytest.fixture(scope="session")
def opened_frail() -> Iterator[FrailHouse]:
    with open_frail_house() as house:
        yield house


@pytest.fixture
def frail(opened_frail: FrailHouse) -> FrailHouse:
    """With every part whole again, whatever the test before has broken."""
    opened_frail.mend()
    return opened_frail
