"""On a Debian that has nothing but python3 and python3-venv, one command leads to a logged call."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from callhub import bootstrap
from tests import services

pytestmark = [
    pytest.mark.once,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.requires("debootstrap", "root"),
]

MIRROR = os.environ.get("CALLHUB_TEST_DEBIAN_MIRROR", "http://deb.debian.org/debian")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "callhub"
EXAMPLE = {
    "nr": "+4670123456",
    "userId": "max123",
    "agentId": "987qwe",
    "start": "2016-10-17T14:00:00.000Z",
    "end": "2016-10-17T14:02:00.000Z",
    "waiting": 10,
}
VENV_PACKAGES = ["python3-venv", "python3.11-venv", "python3-pip-whl", "python3-setuptools-whl"]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A packed minimal Debian, made once and kept."""
    kept = CACHE / "bookworm-python3-venv.tar"
    if not kept.exists():
        root = tmp_path_factory.mktemp("debootstrap")
        (CACHE / "debs").mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [services.find("debootstrap"), "--variant=minbase", "--include=python3,python3-venv",
             f"--cache-dir={CACHE / 'debs'}", "bookworm", root, MIRROR],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        part = kept.with_suffix(f".{os.getpid()}")
        subprocess.run(["tar", "-C", root, "--exclude=./var/cache/apt/archives/*.deb", "-cf", part, "."], check=True)
        part.rename(kept)
        shutil.rmtree(root)
    return kept


@pytest.fixture
def machine(image, tmp_path):
    """A fresh machine with callhub's tree in /callhub and the host's way to the package index; nothing is mounted in it."""
    root = tmp_path / "machine"
    root.mkdir()
    subprocess.run(["tar", "-C", root, "-xf", image], check=True)
    copy_tree(root / "callhub")
    for path in (Path("/etc/resolv.conf"), Path("/etc/hosts"), Path("/etc/pip.conf"), Path("/etc/ssl/certs/ca-certificates.crt")):
        if path.exists():
            shutil.copy(path, root / path.relative_to("/"))
    own = Path("~/.config/pip/pip.conf").expanduser()
    if own.exists():
        (root / "root/.config/pip").mkdir(parents=True)
        shutil.copy(own, root / "root/.config/pip/pip.conf")
    yield root
    shutil.rmtree(root)


def copy_tree(target):
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=bootstrap.BASE_DIR, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        source = bootstrap.BASE_DIR / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)


def start(root, port, log):
    index = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.lower().endswith("_proxy")}
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "CALLHUB_PORT": str(port),
        **index,
    }
    command = ["chroot", str(root), "/bin/sh", "-c", "cd /callhub && exec python3 manage.py up"]
    return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def processes_in(root):
    links = (path for path in Path("/proc").glob("[0-9]*/root") if path.exists())
    return [path.parent.name for path in links if os.path.realpath(path) == str(root.resolve())]


def log_a_call(root, port):
    slug = json.loads((root / "callhub/var/demo.json").read_text("utf-8"))["tenants"][0]["slug"]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/{slug}/calls", json.dumps(EXAMPLE).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=90) as answer:
        return answer.status, json.load(answer)


def test_one_command_leads_to_a_logged_call(machine, tmp_path, capsys):
    port, log = services.free_port(), tmp_path / "log"
    started = time.monotonic()
    with log.open("wb") as file:
        up = start(machine, port, file)
    try:
        while f"http://localhost:{port}/" not in log.read_text("utf-8", "replace"):
            assert up.poll() is None, log.read_text("utf-8", "replace")
            time.sleep(0.1)
        serving = time.monotonic() - started
        status, answer = log_a_call(machine, port)
        seconds = time.monotonic() - started
        assert status == 200
        assert answer["_id"]
        up.send_signal(signal.SIGINT)
        assert up.wait(timeout=200) == 0, log.read_text("utf-8", "replace")
    finally:
        up.kill()
        up.wait()
        with capsys.disabled():
            print(f"\n{log.read_text('utf-8', 'replace')}")
    assert processes_in(machine) == []
    with capsys.disabled():
        print(f"Fresh machine: {serving:.1f} s to the first page, {seconds:.1f} s to the first logged call")


def test_without_venv_it_names_the_package(machine, tmp_path):
    subprocess.run(["chroot", machine, "dpkg", "--purge", *VENV_PACKAGES], check=True, stdout=subprocess.DEVNULL)
    with (tmp_path / "log").open("wb") as file:
        code = start(machine, services.free_port(), file).wait(timeout=200)
    said = (tmp_path / "log").read_text("utf-8")
    assert code == 2
    assert said.count("\n") == 1
    assert "Install the package python3-venv (" in said
    assert not (machine / "callhub/.venv").exists()
