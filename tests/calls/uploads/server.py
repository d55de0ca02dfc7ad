"""A real web process on the tests' own database and files, that a failpoint may kill."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import override_settings
from django.urls import resolve

_fork = multiprocessing.get_context("fork")


def use_files_of(settings: Any, home: Path) -> None:
    """Let this process, and those it starts, keep their files below ``home``."""
    settings.CALLHUB_SPOOL_DIR = home / "spool"
    settings.CALLHUB_FREE_SPACE_FLOOR = 0
    options = {"location": home / "recordings", "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
    backend = {"BACKEND": "calls.recordings.storage.disk.DiskKeeper", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "recordings": backend}


@contextlib.contextmanager
def server(failpoint: str = "") -> Iterator[str]:
    """The address of our API on a server in a process of its own, which a failpoint may kill."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    resolve("/api/v1/uploads")  # imported here once, not by each server anew
    connection.close()
    process = _fork.Process(target=_serve, args=(listener, failpoint))
    process.start()
    listener.close()
    try:
        yield f"http://127.0.0.1:{port}/api/v1"
    finally:
        process.join(30 if failpoint else 0)
        was_killed = process.exitcode is not None
        process.kill()
        process.join()
    assert was_killed is bool(failpoint), "the failpoint was not reached, or something else killed the server"


def killed_at(failpoint: str, work: Any) -> None:
    """Do ``work`` in a process of its own that dies at ``failpoint``."""
    connection.close()
    process = _fork.Process(target=_work, args=(work, failpoint))
    process.start()
    process.join(60)
    is_over = process.exitcode is not None
    process.kill()
    process.join()
    assert is_over, "it did not come to an end"
    assert process.exitcode == -signal.SIGKILL


class Caller:
    """A client over the network with one token."""

    def __init__(self, address: str, secret: str) -> None:
        self.address = address
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Authorization"] = f"Bearer {secret}"

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """The answer; raises ``requests.ConnectionError`` where the server dies over it."""
        return self.http.request(method, f"{self.address}/{path}", timeout=60, **options)


def _serve(listener: socket.socket, failpoint: str) -> None:
    with override_settings(CALLHUB_FAILPOINT=f"{failpoint}:kill" if failpoint else "", DEBUG=False):
        http = ThreadedWSGIServer(listener.getsockname(), _Quiet, bind_and_activate=False)
        http.socket.close()
        http.socket = listener
        http.server_bind = lambda: None  # type: ignore[method-assign]
        http.server_name, http.server_port = "127.0.0.1", listener.getsockname()[1]
        http.setup_environ()
        http.set_app(get_wsgi_application())
        http.serve_forever()


def _work(work: Any, failpoint: str) -> None:
    with override_settings(CALLHUB_FAILPOINT=f"{failpoint}:kill"):
        work()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass
