"""A tenant whose audio is on a disk of its own."""

from __future__ import annotations

import pytest

from tests.make import make_tenant


@pytest.fixture
def on_disk(settings, tmp_path):
    from tests.calls.recordings.conftest import use_disk

    use_disk(settings, tmp_path)


@pytest.fixture
def tenant():
    return make_tenant("lund", time_zone="Europe/Stockholm")
