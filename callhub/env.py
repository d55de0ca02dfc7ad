"""Where settings come from: the process environment, a ``.env`` file beside ``manage.py``, and ``NAME_FILE`` secrets.

Every variable that cannot be read is collected, so that an operator sees all mistakes at once (``problems``).
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

_env = environ.FileAwareEnv()
_env.read_env(str(BASE_DIR / ".env"))

problems: list[str] = []


def _read(kind: str, name: str, default: Any) -> Any:
    try:
        return getattr(_env, kind)(name, default=default)
    except (ValueError, environ.ImproperlyConfigured, OSError) as error:
        problems.append(f"{name}: {error}")
        return default


def text(name: str, default: str = "") -> str:
    """The variable as text; ``NAME_FILE`` names a file that holds it instead, whose last line may end or not."""
    return str(_read("str", name, default)).rstrip("\r\n")


def flag(name: str, *, default: bool) -> bool:
    """The variable as a truth value: ``1 true yes on`` are true, any other text is false."""
    return bool(_read("bool", name, default))


def number(name: str, default: int) -> int:
    """The variable as a whole number."""
    return int(_read("int", name, default))


def words(name: str, default: list[str]) -> list[str]:
    """The variable as comma-separated words."""
    return [word.strip() for word in _read("list", name, default) if word.strip()]


def database(name: str, default: str) -> dict[str, Any]:
    """The variable as a database URL, in the form ``DATABASES`` wants."""
    return dict(_read("db", name, default))


def private_file(path: str | Path) -> None:
    """Let only the owner read an SQLite file and what SQLite puts beside it; it is created where it is not there.

    Where that cannot be, because the folder is not there or the file is another user's, opening it
    says so.
    """
    if str(path).startswith((":memory:", "file:")):
        return
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT, 0o600))
    for name in (path, f"{path}-wal", f"{path}-shm"):
        with contextlib.suppress(OSError):
            if os.stat(name).st_mode & 0o077:
                os.chmod(name, 0o600)


def kept_secret(path: Path) -> str:
    """A random secret that is made once and kept in ``path``, readable by its owner only."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another process was quicker
            return path.read_text(encoding="ascii").strip()
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
        return path.read_text(encoding="ascii").strip()
