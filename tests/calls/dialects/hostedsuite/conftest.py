"""Acme in Stockholm, Ann who works there, and five calls."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.make import (
    STARTED_AT,
    make_call,
    make_tenant,
    make_user,
)


@pytest.fixture
def acme():
    return make_tenant("acme", name="Acme Reception AB", time_zone="Europe/Stockholm")


@pytest.fixture
def ann(acme):
    return make_user(acme, username="ann")


@pytest.fixture
def five(acme, ann):
    """Five calls, an hour apart, each a minute longer than the one before."""
    return [make_call(acme, seconds=60 * (n + 1), started_at=STARTED_AT + timedelta(hours=n)) for n in range(5)]
