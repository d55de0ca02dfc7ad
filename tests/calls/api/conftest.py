"""Two tenants, and a client of each."""

from __future__ import annotations

import pytest

from tests.calls.api.client import ApiClient
from tests.make import make_tenant


@pytest.fixture
def tenant(db):
    return make_tenant(time_zone="Europe/Stockholm")


@pytest.fixture
def api(tenant):
    return ApiClient(tenant)


@pytest.fixture
def stranger(db):
    """A client of another tenant."""
    return ApiClient(make_tenant())
