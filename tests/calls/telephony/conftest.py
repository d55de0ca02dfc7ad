"""One real exchange for the whole run of a worker, and our listener on it for the tests that do not break it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.asterisk.lab import Lab
from tests.calls.telephony.exchange import Exchange, running_lab


def pytest_itemcollected(item: pytest.Item) -> None:
    """It waits for the exchange more than it works."""
    item.add_marker("exchange")


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with running_lab() as lab:
        yield lab


@pytest.fixture(scope="module")
def exchange(lab: Lab) -> Iterator[Exchange]:
    exchange = Exchange(lab)
    with exchange.listening():
        yield exchange


@pytest.fixture
def own_exchange(lab: Lab) -> Exchange:
    """With a book of its own, and nobody listening yet."""
    return Exchange(lab)
