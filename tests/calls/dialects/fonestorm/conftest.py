"""Acme in Florida, Ann who works there, and a clock that only moves when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from calls.models import DialPlan
from tests.calls.dialects.fonestorm.asking import FONENUMBER
from tests.make import make_line, make_tenant, make_token, make_user

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def acme(db):
    acme = make_tenant("acme", country="US", time_zone="America/New_York")
    DialPlan.objects.create(tenant=acme, adopts_lines=True)
    return acme


@pytest.fixture
def ann(acme):
    return make_user(acme, username="ann")


@pytest.fixture
def token(acme, ann):
    return make_token(acme, ann)


@pytest.fixture
def line(acme):
    return make_line(acme, FONENUMBER)
