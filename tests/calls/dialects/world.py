"""What the tests of all vendors together share: one tenant, Ann who works there, her telephones, and a clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from calls import dialer
from calls.dialer.samples import make_sample_lines
from calls.models import Origination
from tests.calls.recordings.conftest import on_disk
from tests.make import make_line, make_tenant, make_token, make_user

__all__ = ["on_disk"]

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
THEIRS, EXTENSION, FONENUMBER = "+46701234567", "0003*210", "+13215551081"
JSON = {"content_type": "application/json"}


@dataclass
class World:
    """One tenant, one person, one client."""

    client: Any
    acme: Any
    ann: Any
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def agent(self) -> Any:
        return self.ann.agents.get()

    def post(self, path: str, body: Any, **more: Any) -> Any:
        response = self.client.post(path, body, **JSON, **{"headers": self.bearer, **more})
        assert response.status_code < 300, response.content
        return response


@pytest.fixture
def world(client, on_disk):
    with time_machine.travel(START, tick=False) as clock:
        acme = make_tenant("acme", time_zone="Europe/Stockholm")
        ann = make_user(acme, username="ann", first_name="Ann", last_name="Lee")
        make_sample_lines(acme, ann)
        make_line(acme, FONENUMBER, agent=ann.agents.get())
        world = World(client, acme, ann, make_token(acme, ann))
        world.clock = clock
        yield world


def end_of_order(world):
    """Let the simulator play the call to its end."""
    world.clock.shift(60)
    dialer.refresh_all(Origination.objects.all())
