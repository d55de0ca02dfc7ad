"""From a bare Python to a command that runs in ``.venv``; standard library only, for nothing else is installed yet.

``up`` and ``test`` make or refresh ``.venv`` from the hash-locked lists in ``requirements/``. Any other command is run in
``.venv`` too where Django is not at hand. A finished install leaves a stamp: what was installed, for which Python, and which
modules it brought. An environment that its own stamp no longer fits is removed and made from the start.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

BASE_DIR = Path(__file__).resolve().parent.parent
VENV = BASE_DIR / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / "callhub-unfinished"
ENTERED = "CALLHUB_ENTERED"  # the number of the process that has entered .venv
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
    """Whether ``.venv`` holds at least what ``requirements/<name>.txt`` lists now, and can run it."""
    current = [holder for holder in HOLDERS[name] if _read_stamp(_stamp(holder)).get("list") == _fingerprint(holder)]
    return not UNFINISHED.exists() and any(_fits(_stamp(holder)) for holder in current)


def ensure(name: str) -> None:
    """Make ``.venv`` hold ``requirements/<name>.txt``, one process at a time; one that cannot be used is made from the start.

    Exits with 1 where it cannot be used even then.
    """
    if is_ready(name):
        return
    with _alone():
        if is_ready(name):  # the process we waited for has done it
            return
        problem = _problem()
        if problem:
            say(f"  .venv {problem}; making it again.")
        if problem or not os.path.lexists(VENV):
            _make_venv()
        _install(name)
        if not is_ready(name):
            stop(f"{VENV} cannot be used although everything was installed. Remove it, then run the same command again.")


def _problem() -> str:
    """Why the ``.venv`` that is there must be made from the start, to follow its name; empty where it may stay."""
    if not os.path.lexists(VENV):
        return ""
    if UNFINISHED.exists():
        return "was left unfinished"
    if not _works():
        return "has no Python that runs"
    stamps = [stamp for stamp in map(_stamp, HOLDERS) if stamp.exists()]
    if stamps and not any(_fits(stamp) for stamp in stamps):
        return "does not fit its Python or lacks packages"
    return ""  # an older list, or somebody's own environment: to be completed


def _make_venv() -> None:
    uv = shutil.which("uv")
    if uv is None:
        _require_venv_module()
    try:
        _remove_venv()
        VENV.mkdir()
        UNFINISHED.touch()
    except OSError as error:
        stop(f"{VENV} cannot be made again ({error.strerror}). Remove it, then run the same command again.")
    python = _base_python()
    maker = [uv, "venv", "--quiet", "--allow-existing", "--python", python] if uv else [python, "-m", "venv"]
    run("Making .venv", [*maker, str(VENV)])


def _remove_venv() -> None:
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)


def _base_python() -> str:
    """The program ``.venv`` is made with: never that of ``.venv`` itself, which is gone by then."""
    program = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    return str(program) if program.exists() else sys.executable


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
    _ask_venv("stamp", str(_stamp(name)), _fingerprint(name))
    UNFINISHED.unlink()


def _works() -> bool:
    """Whether it is an environment whose Python runs, and is new enough for this file."""
    return _ask_venv("check", str(VENV / "no-stamp"))


def _stamp(name: str) -> Path:
    return VENV / f"callhub-{name}"


def _fingerprint(name: str) -> str:
    return hashlib.sha256((BASE_DIR / "requirements" / f"{name}.txt").read_bytes()).hexdigest()


# The stamp, written and read by the Python of .venv itself


def _fits(stamp: Path) -> bool:
    """Whether the Python in ``.venv`` is the one of the stamp, and finds every module that was installed."""
    if not _read_stamp(stamp):
        return False
    return fits(stamp) if in_venv() else _ask_venv("check", str(stamp))


def fits(stamp: Path) -> bool:
    """``_fits`` for the Python that runs this; where there is no stamp, whether it is that of ``.venv`` and new enough."""
    said = _read_stamp(stamp)
    is_own = Path(sys.prefix).resolve() == stamp.parent.resolve() and sys.version_info >= (3, 11)
    is_same = said.get("python", _interpreter()) == _interpreter()
    return is_own and is_same and all(map(_is_there, said.get("modules", [])))


def write_stamp(stamp: Path, fingerprint: str) -> None:
    """Note what has just been installed where this Python runs.

    What packages say of themselves is not always there: Debian's setuptools names a module ``debian``.
    """
    names = importlib.metadata.packages_distributions()
    modules = [name for name in names if name.isidentifier() and name[0] != "_" and _is_there(name)]
    said = {"list": fingerprint, "python": _interpreter(), "modules": modules}
    stamp.write_text(json.dumps(said), "ascii")


def _read_stamp(stamp: Path) -> dict[str, Any]:
    try:
        text = stamp.read_text("ascii")
    except (OSError, ValueError):
        return {}
    with contextlib.suppress(ValueError):
        said: dict[str, Any] = json.loads(text)
        return said
    return {"list": text, "modules": ["django"]}  # earlier versions wrote no more than that


def _interpreter() -> str:
    """What compiled modules depend on."""
    return f"{sys.implementation.cache_tag} {platform.machine()}"


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _ask_venv(*question: str) -> bool:
    """Run this file in ``.venv``; whether it could be, and agrees."""
    try:
        asked = subprocess.run([PYTHON, "-I", __file__, *question], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    except OSError:
        return False
    return asked.returncode == 0


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
    """Go on as another program, which has this one's process number; once, as a second time would be the first of many."""
    if os.environ.get(ENTERED) == str(os.getpid()):
        stop(f"{VENV} was entered, and callhub's packages are not found there. Remove it, then run the same command again.")
    os.environ[ENTERED] = str(os.getpid())
    sys.stdout.flush()
    os.execv(command[0], command)


if __name__ == "__main__":  # in .venv: see _ask_venv
    if sys.argv[1] == "stamp":
        write_stamp(Path(sys.argv[2]), sys.argv[3])
    elif not fits(Path(sys.argv[2])):
        sys.exit(1)
