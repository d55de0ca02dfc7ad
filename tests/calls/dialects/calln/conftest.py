"""Acme in Melbourne, and Ann who works there."""

from __future__ import annotations

import pytest

from tests.calls.dialects.calln.asking import NAME
from tests.calls.recordings.conftest import on_disk
from tests.make import make_tenant, make_user

__all__ = ["on_disk"]


@pytest.fixture(autouse=True)
def _many_requests(settings):
    settings.CALLHUB_CALLS_PER_MINUTE = 100_000


@pytest.fixture
def acme(db, on_disk):
    return make_tenant("acme", country="AU", time_zone="Australia/Melbourne")


@pytest.fixture
def ann(acme):
    return make_user(acme, username=NAME)
