"""From a bare Python to a command that runs in ``.venv``; standard library only, for nothing else is installed yet.

``up`` and ``test`` make or refresh ``.venv`` from the hash-locked lists in ``requirements/``. Any other command is run in
``.venv`` too where Django is not at hand. An install that was interrupted leaves a mark and is made anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

BASE_DIR = Path(__file__).resolve().parent.parent
VENV = BASE_DIR / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / "callhub-unfinished"
USAGE_ERROR = 2
HOLDERS = {
    "base": ("base", "production", "dev"),
    "production": ("production", "dev"),
    "dev": ("dev",),
}  # longer lists hold shorter
HELP_WORDS = {"-h", "--help"}


def enter(argv: list[str]) -> None:
    """Run the command of ``argv`` where its packages are; returns when this process can run it itself as a Django command.

    Exits with 2 where Python lacks a part that is needed, with 1 where installing fails.
    """
    command = argv[1] if len(argv) > 1 else "help"
    if command == "up" and not HELP_WORDS & set(argv[2:]):
        _up()
    if command == "test" and argv[2:] not in (["-h"], ["--help"]):
        ensure("dev")
        _become([str(PYTHON), "-m", "tests", *argv[2:]])
    if importlib.util.find_spec("django") is None:
        ensure("base")
        _become([str(PYTHON), *argv])


def _up() -> NoReturn:
    from callhub import supervisor

    if in_venv() and is_ready(wanted()):
        sys.exit(supervisor.main())
    claim = supervisor.claim()  # a taken port is said before anything is installed
    ensure(wanted())
    claim.release()
    _become([str(PYTHON), str(BASE_DIR / "manage.py"), "up"])


def wanted() -> str:
    """Which list ``up`` needs: ``production`` has the drivers of PostgreSQL, Redis and S3 in addition to ``base``."""
    addresses = [read_setting(name) for name in ("DATABASE_URL", "CALLHUB_BROKER_URL", "CALLHUB_CACHE_URL")]
    outside = any(address.startswith(("postgres", "pgsql", "redis", "valkey")) for address in addresses)
    is_production = read_setting("CALLHUB_ENV") == "production"
    return "production" if outside or is_production or read_setting("CALLHUB_S3_BUCKET") else "base"


def read_setting(name: str, default: str = "") -> str:
    """A variable of the environment or else of ``.env``, or what its ``NAME_FILE`` holds, as ``callhub.env`` would read it."""
    file = _said(f"{name}_FILE")
    if not file:
        return _said(name, default)
    try:
        return (BASE_DIR / file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError:  # Django's checks say so
        return default


def _said(name: str, default: str = "") -> str:
    if name in os.environ:
        return os.environ[name]
    try:
        lines = (BASE_DIR / ".env").read_text(encoding="utf-8").splitlines()
    except OSError:
        return default
    found = default
    for line in lines:
        key, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and key.strip() == name:
            found = "".join(shlex.split(value, comments=True))
    return found


# The environment in .venv


def in_venv() -> bool:
    """Whether this very process runs in ``.venv``."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def is_ready(name: str) -> bool:
    """Whether ``.venv`` holds at least what ``requirements/<name>.txt`` lists now."""
    try:
        stamps = {holder: _stamp(holder) for holder in HOLDERS[name]}
        current = any(stamp.exists() and stamp.read_text("ascii") == _fingerprint(holder) for holder, stamp in stamps.items())
        return current and PYTHON.exists() and not UNFINISHED.exists()
    except OSError:
        return False


def ensure(name: str) -> None:
    """Make ``.venv`` hold ``requirements/<name>.txt``; one process at a time, and a half-made one is made anew."""
    if is_ready(name):
        return
    with _alone():
        if is_ready(name):  # the process we waited for has done it
            return
        if UNFINISHED.exists() or not _works():
            _make_venv()
        _install(name)


def _make_venv() -> None:
    uv = shutil.which("uv")
    if uv is None:
        _require_venv_module()
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir()
    UNFINISHED.touch()
    maker = [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
    run("Making .venv", [*maker, str(VENV)])


def _install(name: str) -> None:
    requirements = BASE_DIR / "requirements" / f"{name}.txt"
    count = sum(1 for line in requirements.read_text("utf-8").splitlines() if line[:1].isalnum())
    uv = shutil.which("uv")
    if uv:
        installer = [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    else:
        if subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
            _require_venv_module()
            run("Adding pip", [str(PYTHON), "-m", "ensurepip"])  # uv makes environments without it
        installer = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]
    UNFINISHED.touch()
    run(f"Installing {count} packages", [*installer, "--no-deps", "--require-hashes", "-r", str(requirements)])
    _stamp(name).write_text(_fingerprint(name), "ascii")
    UNFINISHED.unlink()


def _works() -> bool:
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], capture_output=True, check=False).returncode == 0


def _stamp(name: str) -> Path:
    return VENV / f"callhub-{name}"


def _fingerprint(name: str) -> str:
    return hashlib.sha256((BASE_DIR / "requirements" / f"{name}.txt").read_bytes()).hexdigest()


def _require_venv_module() -> None:
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return
    own = f"python3.{sys.version_info.minor}-venv"
    is_default = os.path.realpath(sys.executable) == os.path.realpath("/usr/bin/python3")
    package = "python3-venv" if is_default else own
    stop(f"This Python cannot make virtual environments. Install the package {package} (as root: apt-get install {package}), "
         "then run the same command again.", USAGE_ERROR)  # fmt: skip


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    directory = os.open(BASE_DIR, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


# Words and processes


def say(text: str) -> None:
    """One line for the person at the terminal."""
    print(text, flush=True)


def stop(text: str, code: int = 1) -> NoReturn:
    """Leave with one line that says why."""
    print(f"callhub: {text}", file=sys.stderr, flush=True)
    sys.exit(code)


def run(step: str, command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run one step to its end, showing its name and how long it takes; leaves with 1, after its output, where it fails."""
    started = time.monotonic()
    live = sys.stdout.isatty()
    if not live:
        say(f"  {step} ...")
    with subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdin=subprocess.DEVNULL) as process:
        while True:
            seconds = time.monotonic() - started
            if live:
                print(f"\r  {step} ... {seconds:.0f} s", end="", flush=True)
            try:
                code = process.wait(timeout=1)
                break
            except subprocess.TimeoutExpired:
                continue
    say(f"{chr(13) if live else ''}  {step}: {time.monotonic() - started:.1f} s")
    if code:
        stop(f"{step} failed (exit code {code}); the reason is above.")


def _become(command: list[str]) -> NoReturn:
    sys.stdout.flush()
    os.execv(command[0], command)
