"""Only the outgoing door opens connections to other people's servers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
# What can open a connection. Parts of a package that cannot (urllib.parse, http's status codes) are not named.
OPENERS = (
    "aiohttp asyncio ftplib http.client http.server httplib2 httpx imaplib paramiko poplib pycurl requests requests_hardened "
    "smtplib socket socketserver ssl telnetlib urllib.request urllib3 websocket websockets xmlrpc"
).split()
# Who may, and why. Database, broker, storage and mail connect below Django, Celery, django-storages and boto3.
EXCEPTIONS = {
    "calls/outbound/": "the door itself",
    "calls/telephony/ari.py": "the exchange, whose address the operator sets",
    "calls/api/live.py": "whether the one it streams to has hung up, no connection",
    "calls/dialer/listening.py": "this machine's name, no connection",
}


def opened_in(path: Path) -> set[str]:
    """The openers a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.update({node.module} | {f"{node.module}.{alias.name}" for alias in node.names})
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            names.update(arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str))
    return {opener for opener in OPENERS for name in names if name == opener or name.startswith(f"{opener}.")}


def test_nothing_else_imports_what_opens_connections() -> None:
    found = {}
    for app in ("calls", "contacts", "tenants"):
        for path in (ROOT / app).rglob("*.py"):
            place = path.relative_to(ROOT).as_posix()
            if not place.startswith(tuple(EXCEPTIONS)) and (opened := opened_in(path)):
                found[place] = opened
    assert found == {}


@pytest.mark.parametrize("place", EXCEPTIONS)
def test_every_exception_is_still_needed(place: str) -> None:
    paths = [ROOT / place] if place.endswith(".py") else list((ROOT / place).rglob("*.py"))
    assert any(opened_in(path) for path in paths)


@pytest.mark.parametrize(
    "source",
    [
        "import requests",
        "import urllib.request",
        "from urllib import request",
        "from http.client import HTTPConnection",
        "def late():\n    import socket as s",
        "import importlib\nimportlib.import_module('httpx')",
    ],
)
def test_notices_every_way_to_import(source: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(source, "utf-8")
    assert opened_in(tmp_path / "module.py")


def test_lets_pass_what_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(
        "from urllib.parse import quote\nfrom http import HTTPStatus\nfrom . import requests", "utf-8"
    )
    assert opened_in(tmp_path / "module.py") == set()
