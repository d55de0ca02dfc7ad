"""The scheduler outlives its broker, and its pulse says so only after a message went out."""

import os
import subprocess
import sys

import pytest

from callhub import bootstrap
from tests import brokers
from tests.asterisk.lab import end_with_parent
from tests.children import until

pytestmark = [pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(400)]
QUEUE = "dial"  # of what is due every second


@pytest.fixture(params=[kind for kind in brokers.PARAMETERS if kind.values[0] != "embedded"])
def server(request):
    with brokers.running(request.param) as broker:
        yield broker


@pytest.fixture
def var(server, tmp_path):
    """The files of a scheduler that runs on the broker, as ``manage.py up`` has it."""
    environment = {**os.environ, "CALLHUB_BROKER_URL": server.url, "CALLHUB_VAR_DIR": str(tmp_path)}
    environment["DJANGO_SETTINGS_MODULE"] = "callhub.settings"
    command = "-m celery -A callhub.beat -q beat --loglevel WARNING --pidfile= --schedule".split()
    with (tmp_path / "log").open("wb") as log:
        beat = subprocess.Popen(
            [sys.executable, *command, tmp_path / "beat-schedule"],
            cwd=bootstrap.BASE_DIR, env=environment, stdout=log, stderr=log, preexec_fn=end_with_parent,  # noqa: PLW1509
        )  # fmt: skip
    yield tmp_path
    beat.kill()
    beat.wait()


def pulse(var):
    return (var / "beat-pulse").stat().st_mtime_ns if (var / "beat-pulse").exists() else 0


def failures(var):
    return (var / "log").read_text("utf-8", "replace").count("Message Error")


def test_publishes_again_after_its_broker_was_away_and_leaves_no_pulse_meanwhile(server, var):
    until(lambda: server.waiting(QUEUE) and pulse(var))
    server.stop()
    until(lambda: failures(var) >= 1)
    last = pulse(var)
    until(lambda: failures(var) >= 3)
    assert pulse(var) == last
    server.start()
    until(lambda: server.waiting(QUEUE) and pulse(var) > last)
