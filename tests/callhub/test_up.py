"""``manage.py up``: one foreground process that keeps its children alive and leaves nothing behind."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from callhub import bootstrap, supervisor
from tests import services

pytestmark = [
    pytest.mark.once,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc"),
]


def environment(var, port):
    ours = ("CALLHUB_", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "CALLHUB_VAR_DIR": str(var), "CALLHUB_PORT": str(port)}


class Up:
    """A running ``manage.py up`` with its files and its port."""

    def __init__(self, var, port):
        self.var, self.port, self.log = var, port, var.parent / "up.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=bootstrap.BASE_DIR, env=environment(var, port), stdout=log, stderr=log,
            )  # fmt: skip
        try:
            wait_until(lambda: "callhub is at" in self.said() or self.process.poll() is not None, 400)
        except AssertionError:
            self.process.kill()
            raise

    def said(self):
        return self.log.read_text("utf-8", "replace")

    def children(self):
        return {pid for pid, parent, _ in processes() if parent == self.process.pid}

    def family(self):
        children = self.children()
        return children | {pid for pid, parent, _ in processes() if parent in children}


def processes():
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            state, parent = (directory / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                yield int(directory.name), int(parent), (directory / "cmdline").read_text().replace("\0", " ")


def alive(pids):
    return {pid for pid, _, _ in processes()} & set(pids)


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def try_up(var, port):
    return subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=bootstrap.BASE_DIR, env=environment(var, port), capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    running = Up(tmp_path_factory.mktemp("up") / "var", services.free_port())
    yield running
    running.process.kill()
    running.process.wait()


def test_serves_web_workers_and_scheduler(up):
    assert up.process.poll() is None, up.said()
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"http://127.0.0.1:{up.port}/no-such-page-at-all/", timeout=60)
    assert error.value.code == 404
    assert len(up.children()) == 4


def test_other_users_of_the_machine_read_none_of_its_files(up):
    files = [up.var, *up.var.rglob("*")]
    assert {"callhub.sqlite3", "broker.sqlite3", "demo.json", "secret-key"} <= {path.name for path in files}
    assert [path for path in files if path.lstat().st_mode & 0o077] == []


def test_what_earlier_versions_let_others_read_is_taken_from_them(tmp_path):
    (tmp_path / "recordings").mkdir(mode=0o755)
    (tmp_path / "callhub.sqlite3").touch(mode=0o644)
    (tmp_path / "elsewhere").symlink_to("/etc/hostname")
    supervisor._make_private(tmp_path)
    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in (tmp_path, *tmp_path.iterdir())}
    assert modes == {tmp_path.name: 0o700, "recordings": 0o700, "callhub.sqlite3": 0o600, "elsewhere": 0o777}
    assert stat.S_IMODE(Path("/etc/hostname").stat().st_mode) & 0o044


def test_a_second_start_on_the_same_files_says_so(up):
    second = try_up(up.var, services.free_port())
    assert second.returncode == 1
    assert f"runs already on these files (process {up.process.pid}" in second.stderr


def test_a_taken_port_is_one_clear_line_before_anything_starts(up, tmp_path):
    other = try_up(tmp_path / "var", up.port)
    assert other.returncode == 1
    assert other.stderr.count("\n") == 1
    assert f"port {up.port}" in other.stderr
    assert "CALLHUB_PORT=" in other.stderr
    assert {path.name for path in (tmp_path / "var").iterdir()} == {"up.lock"}


def test_a_wrong_port_is_refused(tmp_path):
    refused = try_up(tmp_path / "var", "lots")
    assert refused.returncode == 2
    assert "CALLHUB_PORT must be a number" in refused.stderr


def test_a_killed_child_is_started_again(up):
    before = up.family()
    victim = next(pid for pid, parent, words in processes() if parent == up.process.pid and "gunicorn" in words)
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: not alive([victim]) and len(up.children()) == 4 and len(up.family()) == len(before), 90)
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(f"http://127.0.0.1:{up.port}/", timeout=90)
    assert "web was killed by signal 9; starting it again" in up.said()


def test_a_killed_parent_leaves_no_orphan_and_the_next_start_stops_cleanly(up):
    family = up.family()
    assert len(family) >= 5
    up.process.kill()
    up.process.wait()
    wait_until(lambda: not alive(family), 90)
    again = Up(up.var, up.port)
    family = again.family()
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(timeout=120) == 0, again.said()
    assert "Traceback" not in again.said()
    assert not alive(family)


def test_gives_up_on_a_child_that_cannot_start(tmp_path):
    script = (
        "from callhub import supervisor as s\n"
        "s.LONGEST_PAUSE = 0.1\n"
        "s.CHILDREN = (s.Child(name='lame', module='json.tool', arguments=['/no/such/file']),)\n"
        "s._announce = print\n"
        "raise SystemExit(s.Supervisor(s.claim()).run())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=bootstrap.BASE_DIR, env=environment(tmp_path, services.free_port()),
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "lame ended with exit code" in ended.stderr
    assert "5 times right after its start" in ended.stderr
