"""Acme with the telephones of the vendor's examples, which are Ann's, and programs of every level."""

from __future__ import annotations

import pytest
import time_machine

from calls.dialer.samples import make_sample_lines
from tenants.choices import AppLevel
from tests.calls.dialects.voipnow.asking import NOW, Client, token_of
from tests.make import make_tenant, make_user


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def acme(db):
    return make_tenant("acme", time_zone="Europe/Stockholm")


@pytest.fixture
def ann(acme):
    ann = make_user(acme, username="ann", first_name="Ann", last_name="Lee")
    make_sample_lines(acme, ann)
    return ann


@pytest.fixture
def api(client, acme, ann):
    """A program of Ann's."""
    return Client(client, token_of(acme, AppLevel.USER, ann))


@pytest.fixture
def org(client, acme, ann):
    """A program of Acme's."""
    return Client(client, token_of(acme, AppLevel.ORGANIZATION))


@pytest.fixture
def admin(client, acme, ann):
    """A program of an administrator's."""
    return Client(client, token_of(acme, AppLevel.ADMINISTRATOR))
