"""A tenant with a telephone, and a clock that only moves when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from tests.make import make_agent, make_line, make_tenant

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def tenant(db):
    return make_tenant()


@pytest.fixture
def line(tenant):
    return make_line(tenant, "210", agent=make_agent(tenant, name="Ann"), is_phone_terminal=True, is_proven=True)
