"""What ``manage.py up`` runs where there is a real exchange."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(300)]


def test_listener_is_one_more_child(house):
    assert set(house.children()) == {"web", "worker", "beat", "listener"}
    assert "starting web, worker, beat, listener" in house.said()


def test_tells_that_it_runs(house):
    assert house.is_listening()
    [row] = house.until(lambda: house.rows("SELECT server FROM calls_telephonylistener"))
    assert row["server"] == "asterisk"
