"""Tickets to send audio to, on a disk of their own."""

from __future__ import annotations

import pytest

from tests.calls.recordings.conftest import kept, on_disk, on_s3, s3_server
from tests.make import make_tenant

__all__ = ["kept", "on_disk", "on_s3", "s3_server"]


@pytest.fixture
def tenant(db, on_disk):
    return make_tenant(time_zone="Europe/Stockholm")
