"""One foreground process that keeps callhub's children alive; standard library only, so that it stays small.

``main`` claims the port and the directory of files, prepares the database in child processes, starts every child of
``CHILDREN`` and restarts what dies. The same module is what each child starts in (``python -m callhub.supervisor``): there
it ties the child's life to its parent's and becomes the program it is told.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import runpy
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from callhub import bootstrap

BASE_DIR = bootstrap.BASE_DIR
QUICK_DEATH = 10.0  # seconds; a child that dies sooner has not really started
QUICK_DEATHS_ALLOWED = 5
LONGEST_PAUSE = 8.0  # seconds between two starts of the same child
GRACE = 12.0  # seconds a child has to stop by itself
ORPHAN_GRACE = 5.0  # the same when the supervisor is gone


@dataclass(frozen=True, kw_only=True)
class Child:
    """One supervised program: a Python module and its arguments; ``{port_fd}`` and ``{var}`` are filled in."""

    name: str
    module: str
    arguments: Sequence[str]
    serves: bool = False  # it gets the listening socket


# The queues of callhub/settings.py. Threads are made as they are needed: the first worker has more
# than there are long sweeps.
_WORKER = "-A callhub.celery -q worker --pool threads --loglevel WARNING --without-mingle --without-gossip --without-heartbeat"

CHILDREN = (
    Child(
        name="web",
        module="gunicorn",
        arguments="callhub.wsgi --bind fd://{port_fd} --workers 1 --no-control-socket "
        "--graceful-timeout 8 --timeout 60 --keep-alive 5 --log-level warning".split(),
        serves=True,
    ),
    Child(name="dialer", module="celery", arguments=f"{_WORKER} -n dialer@%h -Q dial,sweeps --concurrency 10".split()),
    Child(name="worker", module="celery", arguments=f"{_WORKER} -n worker@%h -Q webhooks,background --concurrency 4".split()),
    Child(
        name="beat",
        module="celery",
        arguments="-A callhub.beat -q beat --loglevel WARNING --pidfile= --schedule {var}/beat-schedule".split(),
    ),
)

LISTENER = Child(name="listener", module="django", arguments=["telephony_listen", "--settings", "callhub.settings"])


def children() -> tuple[Child, ...]:
    """What is to run: with a real exchange, somebody who listens to it, too."""
    has_exchange = bootstrap.read_setting("CALLHUB_TELEPHONY") == "asterisk"
    return (*CHILDREN, LISTENER) if has_exchange else CHILDREN


# The place: one port and one directory of files, for one supervisor at a time


@dataclass
class Claim:
    """The listening socket and the lock on the directory of files."""

    listener: socket.socket
    lock: IO[str]
    address: str
    var: Path

    def release(self) -> None:
        self.listener.close()
        self.lock.close()


def claim() -> Claim:
    """Take port and directory, or leave with one line that says who has them and what to change."""
    var = BASE_DIR / bootstrap.read_setting("CALLHUB_VAR_DIR", "var")
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (var / "up.lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        bootstrap.stop(f"it runs already on these files ({lock.read().strip() or var}).")
    host, port = bootstrap.read_setting("CALLHUB_HOST", "127.0.0.1"), _port()
    listener = _listen(host, port)
    address = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{port}"  # noqa: S104 - compared, not bound
    _make_private(var)
    lock.truncate(0)
    lock.write(f"process {os.getpid()}, {address}\n")
    lock.flush()
    return Claim(listener=listener, lock=lock, address=address, var=var)


def _make_private(var: Path) -> None:
    """Take from the machine's other users what earlier versions let them read; links, and what others own, stay as they are."""
    for path in (var, *var.iterdir()):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            mode = path.lstat().st_mode
            if mode & 0o077 and not stat.S_ISLNK(mode):
                path.chmod(stat.S_IMODE(mode) & 0o700)


def _port() -> int:
    text = bootstrap.read_setting("CALLHUB_PORT", "8000")
    if not (text.isdecimal() and 0 < int(text) < 65536):
        bootstrap.stop(f"CALLHUB_PORT must be a number from 1 to 65535, not {text!r}.", bootstrap.USAGE_ERROR)
    return int(text)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except PermissionError:
        bootstrap.stop(f"port {port} needs more rights; choose a higher one: CALLHUB_PORT=8080 python3 manage.py up")
    except OSError as error:
        bootstrap.stop(f"port {port} on {host} cannot be used ({error.strerror}); "
                       f"choose another: CALLHUB_PORT={port + 1} python3 manage.py up")  # fmt: skip
    return listener


# The supervisor


@dataclass
class Runner:
    """One child's present process and its history of deaths."""

    child: Child
    place: Claim
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_at: float = 0.0
    quick_deaths: int = 0

    def start(self) -> None:
        values = {"port_fd": self.place.listener.fileno(), "var": self.place.var}
        arguments = [argument.format(**values) for argument in self.child.arguments]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "callhub.supervisor", str(os.getpid()), self.child.module, *arguments],
            cwd=BASE_DIR,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            pass_fds=[self.place.listener.fileno()] if self.child.serves else [],
            process_group=0,  # Ctrl-C reaches the supervisor alone, which then stops everyone in order
        )
        self.started = time.monotonic()

    def tend(self) -> float:
        """Start the child where it is due; the answer is in how many seconds to look again."""
        now = time.monotonic()
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return 60.0
            self._mourn(code, now)
        if now >= self.start_at:
            self.start()
            return 60.0
        return self.start_at - now

    def _mourn(self, code: int, now: float) -> None:
        self.signal_group(signal.SIGKILL)  # what it left behind, such as gunicorn's own child
        self.process = None
        self.quick_deaths = self.quick_deaths + 1 if now - self.started < QUICK_DEATH else 0
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if self.quick_deaths >= QUICK_DEATHS_ALLOWED:
            raise GaveUp(f"{self.child.name} {how}, {self.quick_deaths} times right after its start; the reason is above.")
        pause = min(LONGEST_PAUSE, 0.5 * 2**self.quick_deaths) if self.quick_deaths > 1 else 0.0
        self.start_at = now + pause
        bootstrap.say(f"callhub: {self.child.name} {how}; starting it again" + (f" in {pause:.0f} s" if pause else ""))

    def signal_group(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


class GaveUp(Exception):
    """A child cannot be kept alive."""


@dataclass
class Supervisor:
    """Keeps the children of ``place`` alive until it is told to stop."""

    place: Claim
    stopping: bool = False
    runners: list[Runner] = field(default_factory=list)

    def run(self) -> int:
        """Serve until a signal comes; 0 after a clean stop, 1 when a child could not be kept alive."""
        wake_up = self._listen_to_signals()
        self.runners = [Runner(child, self.place) for child in children()]
        threading.Thread(target=_announce, args=(self.place,), daemon=True).start()
        try:
            while not self.stopping:
                pause = min(runner.tend() for runner in self.runners)
                select.select([wake_up], [], [], pause)
                with contextlib.suppress(BlockingIOError):
                    os.read(wake_up, 4096)
        except GaveUp as reason:
            print(f"callhub: {reason}", file=sys.stderr, flush=True)
            return 1
        finally:
            self.stop()
        return 0

    def stop(self) -> None:
        """End every child, gently first."""
        started = time.monotonic()
        for runner in self.runners:
            runner.signal_group(signal.SIGTERM)
        for runner in self.runners:
            if runner.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    runner.process.wait(timeout=max(0.0, started + GRACE - time.monotonic()))
                runner.signal_group(signal.SIGKILL)
                runner.process.wait()
        bootstrap.say(f"Stopped ({time.monotonic() - started:.1f} s).")

    def _listen_to_signals(self) -> int:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        return reader

    def _ask_to_stop(self, *_: Any) -> None:
        if not self.stopping:
            self.stopping = True
            bootstrap.say("\nStopping ...")


def main() -> int:
    """``manage.py up`` inside ``.venv``; the answer is the exit code."""
    os.umask(0o077)  # calls are private: the machine's other users read nothing that is written from here on
    started = time.monotonic()
    try:
        place = claim()
        _prepare(place)
    except KeyboardInterrupt:
        return 0
    names = ", ".join(child.name for child in children())
    bootstrap.say(f"  Prepared in {time.monotonic() - started:.1f} s; starting {names} ...")
    try:
        return Supervisor(place).run()
    finally:
        place.release()


def _prepare(place: Claim) -> None:
    (place.var / "static").mkdir(exist_ok=True)
    manage = [sys.executable, str(BASE_DIR / "manage.py")]
    has_demo = _has_demo(place.var)
    bootstrap.run("Database", [*manage, "migrate", "--no-input", "--verbosity", "0"], _environment())
    if bootstrap.read_setting("CALLHUB_ENV") == "production":
        bootstrap.run("Static files", [*manage, "collectstatic", "--no-input", "--verbosity", "0"], _environment())
    elif not has_demo:
        bootstrap.run("Demo data", [*manage, "demo", "--once"], _environment())


def _has_demo(var: Path) -> bool:
    """Whether the embedded database holds the demo already; saves asking Django, which takes a second or more."""
    own_database = not bootstrap.read_setting("DATABASE_URL")
    return own_database and (var / "callhub.sqlite3").exists() and (var / "demo.json").exists()


def _environment() -> dict[str, str]:
    return {
        "MALLOC_ARENA_MAX": "2",  # glibc keeps one arena per thread otherwise; a fifth of the memory of each child
        "CELERY_SKIP_CHECKS": "1",  # migrate has run them; again they would load every page into worker and scheduler
        **os.environ,
    }


# The words at the end of the start


def _announce(place: Claim) -> None:
    if not _answers(place):
        return
    lines = ["", f"callhub is at {place.address}/admin/ (Ctrl-C stops it)"]
    demo = _demo(place.var)
    if demo:
        operator = demo.get("operator", {})
        lines += ["", f"  {'everything':<28} {operator.get('username')} / {operator.get('password')}"]
        tenants = demo.get("tenants", [])
        lines += [f"  {tenant['name']:<28} {tenant['username']} / {tenant['password']}" for tenant in tenants]
        lines += ["", "Log a first call:", "", *_curl(place.address, tenants[0]["slug"])] if tenants else []
    bootstrap.say("\n".join([*lines, ""]))


def _curl(address: str, slug: str) -> list[str]:
    body = (
        '{"nr": "+4670123456", "userId": "max123", "agentId": "987qwe", "start": "2016-10-17T14:00:00.000Z", '
        '"end": "2016-10-17T14:02:00.000Z", "waiting": 10}'
    )
    return [f"  curl -X POST {address}/{slug}/calls -H 'Content-Type: application/json' \\", f"    -d '{body}'"]


def _demo(var: Path) -> dict[str, Any]:
    try:
        found = json.loads((var / "demo.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _answers(place: Claim) -> bool:
    """Whether the web child serves within a minute; the socket listens already, so the first request waits for it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(place.listener.getsockname()[:2], timeout=20) as client:
            client.sendall(b"GET /health/live HTTP/1.0\r\nHost: localhost\r\n\r\n")
            if client.recv(16).startswith(b"HTTP/"):
                return True
        time.sleep(0.1)
    return False


# Inside a child


def become(parent: int, module: str, arguments: list[str]) -> None:
    """Run ``module`` as a program in this process, which ends when ``parent`` does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHAN_GRACE)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
