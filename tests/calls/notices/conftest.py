"""A tenant in Stockholm, at noon of UTC."""

from __future__ import annotations

import pytest
import time_machine

from tests.calls.notices.telling import NOON
from tests.make import make_tenant


@pytest.fixture
def tenant():
    return make_tenant(name="Berg AB", time_zone="Europe/Stockholm")


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as travelled:
        yield travelled
