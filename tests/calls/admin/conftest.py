"""Somebody of a tenant who is signed in, where a test needs nobody in particular."""

from __future__ import annotations

import pytest

from tests.make import make_tenant
from tests.tenants.admin_walk import signed_in, staff


@pytest.fixture
def tenant():
    return make_tenant(time_zone="Europe/Stockholm")


@pytest.fixture
def user(tenant):
    return staff(tenant, "agent", first_name="Astrid", last_name="Ek")


@pytest.fixture
def client(user):
    return signed_in(user)
