"""A receiver on this machine, and endpoints that lead to it. Nobody rings: tests have things done when they say so."""

from __future__ import annotations

import pytest

from tests.calls.webhooks.receiver import receiver
from tests.make import make_tenant


@pytest.fixture(autouse=True)
def _allowed(settings):
    settings.CALLHUB_OUTBOUND_ALLOW = ["127.0.0.0/8"]
    settings.CALLHUB_OUTBOUND_PORTS = ["1-65535"]


@pytest.fixture(autouse=True)
def _no_bell(monkeypatch):
    """Every message of the broker is lost."""
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)


@pytest.fixture
def hook():
    with receiver() as kept:
        yield kept


@pytest.fixture
def tenant(db):
    return make_tenant()
