"""Private, throw-away message brokers for tests, one of each kind that callhub can be set up with.

A test that takes the fixture ``broker`` (or ``broker_url``) runs once per kind::

    def test_a_lost_message_is_made_up_for(broker):
        with worker(broker.url, failpoint="…"):        # tests/children.py: a real process on the tests' database
            broker.send("calls.place_call", row.pk)    # as often as one likes
            broker.wipe()                              # every message is lost, and every connection

Nothing needs root, nothing is shared: each has its own ports and files, and ends with the tests, however they end.
"""

from __future__ import annotations

import contextlib
import functools
import os
import runpy
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from kombu import Connection

from callhub.bootstrap import BASE_DIR
from callhub.broker import SCHEME
from tests import services
from tests.asterisk.lab import end_with_parent

STARTS_WITHIN = 180.0  # seconds; RabbitMQ needs about five on a machine that does nothing else


class Broker:
    """A broker at ``url``, for ``CALLHUB_BROKER_URL``."""

    kind: str
    url: str

    def start(self) -> None:
        """Have it listen."""

    def stop(self) -> None:
        """End it, as if the power failed."""

    def wipe(self) -> None:
        """Lose every message, and every worker's connection."""
        self.stop()
        self.start()

    def send(self, task: str, *args: Any) -> None:
        """Publish one message of the task's name, as callhub does."""
        with self._publisher.connection_for_write() as connection:  # of its own: a kept one would be shared with what is forked
            self._publisher.send_task(task, args=[str(value) for value in args], connection=connection)

    def waiting(self, queue: str) -> int:
        """How many messages of a queue no worker has taken."""
        with Connection(self.url) as connection:
            try:
                return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
            except connection.channel_errors:  # there is no such queue yet
                return 0

    @functools.cached_property
    def _publisher(self) -> Celery:
        app = Celery("publisher", set_as_current=False, fixups=[])
        configure(app, self.url)
        return app


class Embedded(Broker):
    """The default: an SQLite file. It has no process; its messages are rows."""

    kind = "embedded"

    def __init__(self, home: Path) -> None:
        self._path = home / "broker.sqlite3"
        self.url = f"{SCHEME}{self._path}"

    def waiting(self, queue: str) -> int:
        text = "SELECT count(*) FROM kombu_message JOIN kombu_queue q ON q.id = queue_id WHERE visible = 1 AND q.name = ?"
        with contextlib.closing(sqlite3.connect(self._path, timeout=10)) as file:
            is_used = file.execute("SELECT 1 FROM sqlite_master WHERE name = 'kombu_message'").fetchone()
            return int(file.execute(text, [queue]).fetchone()[0]) if is_used else 0

    def wipe(self) -> None:
        with contextlib.closing(sqlite3.connect(self._path, timeout=10)) as file, file:
            if file.execute("SELECT 1 FROM sqlite_master WHERE name = 'kombu_message'").fetchone():
                file.execute("DELETE FROM kombu_message")


class Server(Broker):
    """One with processes of its own, in a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, services.free_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    def stop(self) -> None:
        while self._processes:
            process = self._processes.pop()
            process.send_signal(signal.SIGKILL)
            process.wait()

    def launch(self, *command: str, **environment: str) -> None:
        with (self.home / "log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.home,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,  # noqa: PLW1509
            )
        self._processes.append(process)

    def wait(self, port: int, greeting: bytes = b"", answer: bytes = b"") -> None:
        """Until what listens there answers the greeting. Raises ``RuntimeError`` with its last words."""
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline and self._processes[-1].poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
                client.sendall(greeting)
                if not greeting or answer in client.recv(100):
                    return
            time.sleep(0.05)
        raise RuntimeError(f"{self.kind} did not start:\n{(self.home / 'log').read_text('utf-8', 'replace')[-3000:]}")


class Redis(Server):
    """Without persistence: a restart loses everything."""

    kind = "redis"

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = services.find("redis") or ""
        self.launch(program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        self.wait(self.port, b"PING\r\n", b"PONG")


class RabbitMQ(Server):
    """With an ``epmd`` of its own, which Erlang otherwise leaves behind for the whole machine."""

    kind = "rabbitmq"

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._names_port = services.free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        shutil.rmtree(self.home / "mnesia", ignore_errors=True)
        names = {"ERL_EPMD_PORT": str(self._names_port), "ERL_EPMD_ADDRESS": "127.0.0.1"}
        self.launch("epmd", **names)
        self.wait(self._names_port)
        (self.home / "plugins").write_text("[].\n")
        (self.home / "empty.conf").write_text("loopback_users.guest = true\ndisk_free_limit.absolute = 1MB\n")
        (self.home / "environment").write_text("")
        self.launch(
            services.find("rabbitmq") or "",
            **names,
            HOME=str(self.home),
            RUNNING_UNDER_SYSTEMD="1",  # it is the server itself then, not a shell that waits for it
            RABBITMQ_NODENAME=f"callhub{self.port}@localhost",
            RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
            RABBITMQ_NODE_PORT=str(self.port),
            RABBITMQ_DIST_PORT=str(services.free_port()),
            RABBITMQ_CONF_ENV_FILE=str(self.home / "environment"),
            RABBITMQ_CONFIG_FILE=str(self.home / "empty.conf"),
            RABBITMQ_ENABLED_PLUGINS_FILE=str(self.home / "plugins"),
            RABBITMQ_MNESIA_BASE=str(self.home / "mnesia"),
            RABBITMQ_LOG_BASE=str(self.home / "logs"),
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-start_epmd false +S 1:1 -setcookie callhub",
        )
        self.wait(self.port, b"AMQP\x00\x00\x09\x01", b"\x00")


KINDS: dict[str, type[Broker]] = {kind.kind: kind for kind in (Embedded, Redis, RabbitMQ)}
PARAMETERS = [
    pytest.param(name, marks=[pytest.mark.requires(name)] if issubclass(kind, Server) else []) for name, kind in KINDS.items()
]


@contextlib.contextmanager
def running(kind: str) -> Iterator[Broker]:
    """A broker of this kind, empty."""
    home = Path(tempfile.mkdtemp(prefix="callhub-broker-"))
    broker = KINDS[kind](home)  # type: ignore[call-arg]
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
        shutil.rmtree(home, ignore_errors=True)


def configure(app: Celery, url: str) -> None:
    """Set the application up as callhub's settings do where this is the address of the broker."""
    before = os.environ.get("CALLHUB_BROKER_URL")
    os.environ["CALLHUB_BROKER_URL"] = url
    try:
        settings = runpy.run_path(str(BASE_DIR / "callhub" / "settings.py"))
    finally:
        if before is None:
            del os.environ["CALLHUB_BROKER_URL"]
        else:
            os.environ["CALLHUB_BROKER_URL"] = before
    ours = {name: value for name, value in settings.items() if name.startswith("CELERY_")}
    app.config_from_object(SimpleNamespace(**ours), namespace="CELERY", force=True)
    vars(app).pop("amqp", None)  # it keeps queues of the kind that the broker before wanted
