"""``python3 -m bench.audio [--mebibytes 2048] [--rounds 3]``: send and fetch one large recording; memory, and speed beside nginx.

One web process and one worker as ``manage.py up`` runs them, on files below a temporary directory; nginx takes the same file by
WebDAV PUT and gives it back. Rounds take turns; speeds are medians. Ours also hashes twice, syncs to the disk, and probes.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MIB = 1024 * 1024
MOST_GROWTH_MIB = 48
LEAST_RATIO = 0.5
_NGINX = """
daemon off; worker_processes 1; pid {home}/nginx.pid; error_log stderr error; {user}
events {{ worker_connections 64; }}
http {{
  access_log off; sendfile on; client_max_body_size 0; client_body_temp_path {home}/nginx-temp;
  proxy_temp_path {home}/p; fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  server {{ listen 127.0.0.1:{port}; root {home}/nginx-files; location / {{ dav_methods PUT; }} }}
}}
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m bench.audio", description=__doc__)
    parser.add_argument("--mebibytes", type=int, default=2047, help="size of the recording; the limit of one is 2048")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--home", help="a directory on the disk to measure")
    options = parser.parse_args()
    if shutil.which("nginx") is None:
        parser.exit(1, "nginx is not here: apt-get install nginx\n")
    with contextlib.ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="callhub-bench-", dir=options.home))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        audio = _recording(home / "recording.wav", options.mebibytes)
        ours = stack.enter_context(_callhub(home))
        nginx = stack.enter_context(_nginx(home))
        return _report(ours, nginx, audio, options.rounds)


class Callhub:
    """Our web process and worker, with a token."""

    def __init__(self, port: int, token: str, processes: dict[str, list[int]]) -> None:
        self.port = port
        self.processes = processes
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, audio: Path) -> tuple[float, str]:
        """Seconds of the PUT, and the recording it became."""
        ticket = json.loads(self.ask("POST", "/uploads", b'{"started_at": "2026-03-02T09:00:00Z"}'))
        seconds, answer = put(self.port, f"/api/v1/uploads/{ticket['id']}/audio", audio, self.headers)
        return seconds, json.loads(answer)["recording"]

    def fetch(self, recording: str, size: int) -> float:
        """Seconds of the GET."""
        return get(self.port, f"/api/v1/recordings/{recording}/audio", size, self.headers)

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The answer to a small request."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1{path}", body, self.headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return bytes(answer.read())


def put(port: int, path: str, audio: Path, headers: dict[str, str]) -> tuple[float, bytes]:
    """Seconds a PUT of the file takes, until its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, blocksize=MIB, timeout=600)
    with contextlib.closing(connection), open(audio, "rb") as file:
        began = time.perf_counter()
        connection.request("PUT", path, file, {**headers, "Content-Length": str(audio.stat().st_size)})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status in (201, 204), (answer.status, body[:500])
        return time.perf_counter() - began, body


def get(port: int, path: str, size: int, headers: dict[str, str]) -> float:
    """Seconds until the last of ``size`` bytes has come."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    buffer = memoryview(bytearray(MIB))
    with contextlib.closing(connection):
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        came = 0
        while count := answer.readinto(buffer):
            came += count
        assert (answer.status, came) == (200, size), (answer.status, came)
        return time.perf_counter() - began


def _report(ours: Callhub, nginx: int, audio: Path, rounds: int) -> int:
    size = audio.stat().st_size
    _warm_up(ours, audio)
    before = {name: _resident(pids) for name, pids in ours.processes.items()}
    _forget_peaks(ours)
    seconds: dict[str, list[float]] = {"our PUT": [], "nginx PUT": [], "our GET": [], "nginx GET": []}
    for number in range(rounds):
        took, recording = ours.send(audio)
        seconds["our PUT"].append(took)
        seconds["nginx PUT"].append(put(nginx, f"/{number}.wav", audio, {})[0])
        seconds["our GET"].append(ours.fetch(recording, size))
        seconds["nginx GET"].append(get(nginx, f"/{number}.wav", size, {}))
        _wait_until_heard(ours, recording)
        ours.ask("DELETE", f"/recordings/{recording}")
        (audio.parent / "nginx-files" / f"{number}.wav").unlink()
    growth = {name: _peak(pids) - before[name] for name, pids in ours.processes.items()}
    speed = {name: size / MIB / statistics.median(took) for name, took in seconds.items()}
    print(f"{size / MIB:.0f} MiB, {os.cpu_count()} cores, {rounds} rounds")
    for name, mib_per_second in speed.items():
        print(f"{name:12}{mib_per_second:8.0f} MiB/s")
    ratios = {way: speed[f"our {way}"] / speed[f"nginx {way}"] for way in ("PUT", "GET")}
    for way, ratio in ratios.items():
        print(f"{way} beside nginx: {ratio:.2f} (goal: {LEAST_RATIO} or more)")
    for name, mib in growth.items():
        print(f"{name} grew by {mib:.1f} MiB at most (goal: {MOST_GROWTH_MIB} or less)")
    good = all(mib <= MOST_GROWTH_MIB for mib in growth.values()) and all(ratio >= LEAST_RATIO for ratio in ratios.values())
    return 0 if good else 1


def _warm_up(ours: Callhub, audio: Path) -> None:
    """Load what the first request loads, with a small file."""
    small = _recording(audio.with_name("small.wav"), 4)
    for _ in range(3):
        recording = ours.send(small)[1]
        ours.fetch(recording, small.stat().st_size)
        _wait_until_heard(ours, recording)


def _wait_until_heard(ours: Callhub, recording: str) -> None:
    """Wait until the worker has listened to it, so that its memory counts and its work disturbs no round.

    On a busy machine it gives up after a minute and tries again later: then so do we.
    """
    deadline = time.monotonic() + 70
    while time.monotonic() < deadline:
        if json.loads(ours.ask("GET", f"/recordings/{recording}?fields=analysed_at"))["analysed_at"]:
            return
        time.sleep(0.5)


def _recording(path: Path, mebibytes: int) -> Path:
    """A WAV of noise, 48 kHz in stereo, of so many MiB."""
    size = mebibytes * MIB - 44
    noise = os.urandom(MIB)
    with open(path, "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", size + 36) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, 48000, 192000, 4, 16))
        file.write(b"data" + struct.pack("<I", size))
        left = size
        while left:
            left -= file.write(noise[: min(left, MIB)])
    return path


# Processes


@contextlib.contextmanager
def _callhub(home: Path) -> Iterator[Callhub]:
    from tests import services

    port = services.free_port()
    environment = {
        **os.environ,
        "CALLHUB_VAR_DIR": str(home),
        "CALLHUB_LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "callhub.settings",
    }
    environment |= {
        "DATABASE_URL": f"sqlite:///{home}/bench.sqlite3",
        "CALLHUB_BROKER_URL": f"embedded+sqlite:///{home}/broker.sqlite3",
    }
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "migrate", "-v0"], env=environment, check=True)
    make = [*manage, "create_tenant", "bench", "--name", "Bench", "--format", "json"]
    tenant = json.loads(subprocess.run(make, env=environment, check=True, capture_output=True).stdout)
    commands = {
        "web": f"-m gunicorn callhub.wsgi --bind 127.0.0.1:{port} --workers 1 --threads 8 --worker-class gthread "
        "--no-control-socket --log-level error",
        "worker": "-A callhub.celery -q worker --pool threads --concurrency 4 --loglevel ERROR "
        "--without-mingle --without-gossip --without-heartbeat",
    }
    commands["worker"] = f"-m celery {commands['worker']}"
    with contextlib.ExitStack() as stack:
        running = {
            name: stack.enter_context(_running([sys.executable, *command.split()], environment))
            for name, command in commands.items()
        }
        _wait_for(port)
        yield Callhub(port, tenant["token"], {name: [process.pid, *_children(process.pid)] for name, process in running.items()})


@contextlib.contextmanager
def _nginx(home: Path) -> Iterator[int]:
    from tests import services

    port = services.free_port()
    (home / "nginx-files").mkdir()
    user = "user root;" if os.geteuid() == 0 else ""
    (home / "nginx.conf").write_text(_NGINX.format(home=home, port=port, user=user))
    with _running(["nginx", "-p", str(home), "-c", str(home / "nginx.conf")], dict(os.environ)):
        _wait_for(port)
        yield port


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[Any]:
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/health/live")
            connection.getresponse()
            return
        time.sleep(0.1)
    raise RuntimeError("A server did not start.")


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _resident(pids: list[int]) -> float:
    return sum(_status(pid, "VmRSS") for pid in pids)


def _peak(pids: list[int]) -> float:
    return sum(_status(pid, "VmHWM") for pid in pids)


def _forget_peaks(ours: Callhub) -> None:
    """Let the kernel count the peaks of resident memory from here (proc(5), clear_refs)."""
    for pid in (pid for pids in ours.processes.values() for pid in pids):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status(pid: int, name: str) -> float:
    """A figure of a process's status in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


if __name__ == "__main__":
    sys.exit(main())
