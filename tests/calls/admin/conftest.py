"""Somebody of a tenant who is signed in, where a test needs nobody in particular."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from tests.make import make_tenant
from tests.tenants.admin_walk import signed_in, staff


@pytest.fixture
def clock():
    """A Monday morning at which time stands still until a test moves it."""
    with time_machine.travel(datetime(2026, 3, 2, 9, 0, tzinfo=UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def tenant():
    return make_tenant(time_zone="Europe/Stockholm")


@pytest.fixture
def user(tenant):
    return staff(tenant, "agent", first_name="Astrid", last_name="Ek")


@pytest.fixture
def client(user):
    return signed_in(user)
