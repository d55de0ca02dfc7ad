"""What ``manage.py up`` runs where there is a real exchange."""

from __future__ import annotations

import subprocess
import sys

import pytest

from callhub.bootstrap import BASE_DIR

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(400)]


def test_listener_is_one_more_child(house):
    assert set(house.children()) == {"web", "worker", "beat", "listener"}
    assert "starting web, dialer, worker, beat, listener" in house.said()


def test_tells_that_it_runs(house):
    assert house.is_listening()
    [row] = house.until(lambda: house.rows("SELECT server FROM calls_telephonylistener"))
    assert row["server"] == "asterisk"


def test_what_a_person_copies_from_the_laboratory_are_settings_of_ours():
    printed = subprocess.run(
        [sys.executable, "-m", "tests.asterisk", "env"], cwd=BASE_DIR, capture_output=True, text=True, check=True
    ).stdout
    known = (BASE_DIR / "callhub/settings.py").read_text("utf-8")
    for line in printed.splitlines():
        assert f'"{line.partition("=")[0]}"' in known
