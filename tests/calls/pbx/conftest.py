"""One callhub on one exchange for all tests of a worker that break neither."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.calls.pbx.house import House, open_house


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with open_house() as house:
        yield house
