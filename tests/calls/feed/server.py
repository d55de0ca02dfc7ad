"""The web process as users run it, on the tests' own database, and clients that listen to its streams."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.db import connection

from tests import services

PATIENCE_S = 60


@contextlib.contextmanager
def web(**environment: Any) -> Iterator[Server]:
    """gunicorn with its configuration file, as ``manage.py up`` starts it."""
    port = services.free_port()
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        url = urlsplit(os.environ["CALLHUB_TEST_DATABASE_URL"])._replace(path=f"/{database['NAME']}").geturl()
    values = {
        "DJANGO_SETTINGS_MODULE": "callhub.settings",
        "DATABASE_URL": url,
        "CALLHUB_SECRET_KEY": settings.SECRET_KEY,
        "CALLHUB_LOG_LEVEL": "ERROR",
        **environment,
    }
    command = "-m gunicorn callhub.wsgi --workers 1 --no-control-socket --graceful-timeout 50 --log-level warning --bind".split()
    process = subprocess.Popen(
        [sys.executable, *command, f"127.0.0.1:{port}"],
        cwd=Path(settings.BASE_DIR),
        env={**os.environ, **{name: str(value) for name, value in values.items()}},
    )
    server = Server(process, f"http://127.0.0.1:{port}")
    try:
        server.wait_until_it_answers()
        yield server
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        finally:
            process.kill()
            process.wait()


class Server:
    """A running web process."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self.process, self.address = process, address

    def wait_until_it_answers(self) -> None:
        """Raises where it does not within a minute."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.address}/health/live", timeout=20):
                return
            assert time.monotonic() < deadline, "the server does not answer"
            assert self.process.poll() is None, "the server ended"
            time.sleep(0.1)

    def get(self, path: str, secret: str = "", **headers: str) -> requests.Response:
        """One request, answered whole."""
        headers = {name.replace("_", "-"): text for name, text in headers.items()}
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        return requests.get(f"{self.address}/api/v1/{path}", headers=headers, timeout=PATIENCE_S)

    def stop(self) -> float:
        """Ask it to stop; how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE_S)
        return time.monotonic() - began


class Listener:
    """A client of a stream. Events are dicts of what their lines say; ``data`` is read as JSON."""

    def __init__(self, server: Server, path: str = "stream", secret: str = "", **headers: str) -> None:
        headers = {name.replace("_", "-"): text for name, text in headers.items()}
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        self.response = requests.get(f"{server.address}/api/v1/{path}", headers=headers, stream=True, timeout=PATIENCE_S)
        self._lines = self.response.iter_lines(chunk_size=1, decode_unicode=True)
        self.id = ""

    def event(self) -> dict[str, Any] | None:
        """The next block of lines; None at the end of the stream."""
        event: dict[str, Any] = {}
        for line in self._lines:
            if not line:
                return event
            name, _, value = line.partition(":")
            event[name] = json.loads(value) if name == "data" else value.strip()
            self.id = event.get("id", self.id)
        return None

    def changes(self, number: int) -> list[dict[str, Any]]:
        """The documents of the next so many changes."""
        found = []
        while len(found) < number:
            event = self.event()
            assert event is not None, "the stream ended"
            if "data" in event:
                found.append(event["data"])
        return found

    def rest(self) -> list[dict[str, Any]]:
        """Everything up to the end of the stream."""
        return list(iter(self.event, None))

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(Exception):
            self.response.raw._fp.fp.raw._sock.shutdown(socket.SHUT_RDWR)
        self.response.close()
