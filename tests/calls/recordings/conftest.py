"""Storage for these tests: on disk, and in a bucket of a real S3 server process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calls.recordings import storage
from tests import services


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a moto server in a process of its own."""
    port = services.free_port()
    log = tmp_path_factory.mktemp("moto") / "log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, "NO_PROXY": "127.0.0.1"})
    try:
        _wait_for(f"http://127.0.0.1:{port}/moto-api/", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"The S3 server did not start:\n{log.read_text('utf-8', 'replace')}")


def peak_mib(code: str, *arguments: object) -> int:
    """The most memory any child of a small process had that runs ``code``; a large one would be counted as its children's."""
    script = (
        "import os, sys, resource; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; import django; django.setup()\n"
        f"{code}\nprint(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    )
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def s3_options(address: str, bucket: str) -> dict[str, Any]:
    return {
        "bucket_name": bucket,
        "endpoint_url": address,
        "region_name": "us-east-1",
        "access_key": "test",
        "secret_key": "test-secret",
        "addressing_style": "path",
    }


def use_disk(settings: Any, tmp_path: Path) -> None:
    settings.CALLHUB_SPOOL_DIR = tmp_path / "spool"
    settings.CALLHUB_FREE_SPACE_FLOOR = 0
    options = {"location": tmp_path / "recordings", "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
    backend = {"BACKEND": "calls.recordings.storage.disk.DiskKeeper", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "recordings": backend}


def use_s3(settings: Any, tmp_path: Path, address: str) -> None:
    settings.CALLHUB_SPOOL_DIR = tmp_path / "spool"
    settings.CALLHUB_FREE_SPACE_FLOOR = 0
    backend = {"BACKEND": "calls.recordings.storage.bucket.BucketKeeper", "OPTIONS": s3_options(address, uuid.uuid4().hex)}
    settings.STORAGES = {**settings.STORAGES, "recordings": backend}
    kept = storage.keeper()
    kept.client.create_bucket(Bucket=kept.bucket_name)


@pytest.fixture
def on_disk(settings: Any, tmp_path: Path) -> None:
    use_disk(settings, tmp_path)


@pytest.fixture
def on_s3(settings: Any, tmp_path: Path, s3_server: str) -> None:
    use_s3(settings, tmp_path, s3_server)


@pytest.fixture(params=["disk", "s3"])
def kept(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    """Each test that asks for this runs on both storages."""
    if request.param == "disk":
        use_disk(settings, tmp_path)
    else:
        use_s3(settings, tmp_path, request.getfixturevalue("s3_server"))
    return str(request.param)
