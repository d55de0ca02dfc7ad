"""The real parts some tests need, how to get them, and a private PostgreSQL; standard library only, as the runner uses it too."""

from __future__ import annotations

import contextlib
import ctypes
import glob
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.asterisk import fetching


@dataclass(frozen=True, kw_only=True)
class Service:
    """A part that may be missing: ``find`` answers where it is, ``package`` is what Debian calls it.

    ``command`` is what gets it, where that is not the package alone.
    """

    name: str
    package: str
    find: Callable[[], str | None]
    command: str = ""


def _program(*names: str) -> Callable[[], str | None]:
    return lambda: next(filter(None, map(shutil.which, names)), None)


def _postgresql() -> str | None:
    """The directory of the newest PostgreSQL's programs."""
    paths = [os.path.dirname(os.path.realpath(path)) for path in filter(None, [shutil.which("initdb")])]
    paths += sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: -int(path.split("/")[-2]))
    paths += glob.glob("/opt/homebrew/opt/postgresql@*/bin") + glob.glob("/usr/local/opt/postgresql@*/bin")
    return next((path for path in paths if all(os.access(f"{path}/{name}", os.X_OK) for name in ("initdb", "postgres"))), None)


def _rabbitmq() -> str | None:
    """The server's own start script: Debian's in the path is for the machine's one broker, under a user of its own."""
    program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
    return program if os.access(program, os.X_OK) else None


def _npm_packages() -> str | None:
    """The folder of the programs that make and check TypeScript clients."""
    folder = Path(__file__).parent / "clients" / "node_modules" / ".bin"
    return str(folder) if os.access(folder / "openapi-typescript", os.X_OK) else None


SERVICES = {
    service.name: service
    for service in (
        Service(name="postgresql", package="postgresql", find=_postgresql),
        Service(name="chromium", package="chromium", find=_program("chromium", "chromium-browser", "google-chrome")),
        Service(name="redis", package="redis-server", find=_program("redis-server", "valkey-server")),
        Service(name="rabbitmq", package="rabbitmq-server", find=_rabbitmq),
        Service(name="debootstrap", package="debootstrap", find=_program("debootstrap", "/usr/sbin/debootstrap")),
        Service(name="asterisk", package="asterisk", find=lambda: fetching.tool("asterisk"), command="make asterisk-setup"),
        Service(name="npm-packages", package="npm", find=_npm_packages, command="npm ci --prefix tests/clients"),
        Service(name="root", package="sudo", find=lambda: "yes" if os.geteuid() == 0 else None, command="run the tests as root"),
    )
}


def find(name: str) -> str | None:
    """Where the part is (its program, for PostgreSQL the directory of its programs), or None."""
    return SERVICES[name].find()


def how_to_get(name: str) -> str:
    """What a person types to have the part."""
    return SERVICES[name].command or f"apt-get install {SERVICES[name].package}"


def missing() -> list[str]:
    """The names of the parts that are not here."""
    return [name for name in SERVICES if find(name) is None]


def all_wanted() -> bool:
    """Whether a missing part is a failure (``CALLHUB_TEST_ALL=1``) and not a skip."""
    return os.environ.get("CALLHUB_TEST_ALL", "") not in ("", "0")


def free_port() -> int:
    """A port of the loopback interface nobody listens on.

    Above those that Linux gives to whoever connects somewhere (``ip_local_port_range``): a server that is stopped and started
    again finds its own still free.
    """
    while True:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", 61_000 + secrets.randbelow(4_500)))
            return int(probe.getsockname()[1])


@contextlib.contextmanager
def private_postgresql(*, durable: bool = False) -> Iterator[str]:
    """A throw-away PostgreSQL cluster on a Unix socket; gives the address of its database for ``DATABASE_URL``.

    With ``durable`` its commits reach the disk, as they do in earnest.
    """
    programs = find("postgresql")
    if programs is None:
        raise LookupError(f"no PostgreSQL here: {how_to_get('postgresql')}")
    home = Path(tempfile.mkdtemp(prefix="callhub-pg-"))
    owner = _ordinary_user() if os.geteuid() == 0 else None
    if owner:
        os.chown(home, owner.pw_uid, owner.pw_gid)

    libc = ctypes.CDLL(None)

    def lower_rights() -> None:
        if owner:  # PostgreSQL refuses to run as root
            os.setgroups([])
            os.setgid(owner.pw_gid)
            os.setuid(owner.pw_uid)
        if sys.platform == "linux":
            libc.prctl(1, signal.SIGQUIT)  # ends with the tests, however they end

    data = home / "data"
    initdb = [f"{programs}/initdb", "-D", data, "-U", "callhub", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(initdb, cwd=home, preexec_fn=lower_rights, check=True, stdout=subprocess.DEVNULL)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(home),
        "max_connections": "200",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = [f"{programs}/postgres", "-D", data]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=home, preexec_fn=lower_rights, stdout=log, stderr=log)  # noqa: PLW1509
    try:
        _wait_for(home / ".s.PGSQL.5432", server, home / "log")
        yield f"postgres://callhub@/postgres?host={home}"
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait()
        shutil.rmtree(home, ignore_errors=True)


def _ordinary_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise LookupError("no ordinary user to run PostgreSQL as")


def _wait_for(path: Path, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text('utf-8', 'replace')}")
