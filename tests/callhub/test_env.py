"""What operators may set is listed for them, and read as the list says."""

from __future__ import annotations

import re
import sqlite3
import stat

import pytest

from callhub import bootstrap, env
from callhub.bootstrap import BASE_DIR

pytestmark = pytest.mark.once

READ = re.compile(r'\b(?:env\.(?:text|flag|number|words|database)|read_setting)\(\s*"(\w+)"')
LISTED = re.compile(r"^#(\w+)=", re.MULTILINE)
FOR_TESTS = {"CALLHUB_FAILPOINT"}


def test_every_setting_is_listed_and_every_listed_one_is_read():
    sources = [*(BASE_DIR / "callhub").glob("*.py"), BASE_DIR / "gunicorn.conf.py"]
    read = {name for path in sources for name in READ.findall(path.read_text("utf-8"))}
    listed = LISTED.findall((BASE_DIR / ".env.example").read_text("utf-8"))
    assert sorted(listed) == sorted(read - FOR_TESTS)


def test_no_other_code_reads_the_environment_for_itself():
    for app in ("calls", "contacts", "tenants"):
        for path in (BASE_DIR / app).rglob("*.py"):
            assert not re.search(r"\bos\.(environ|getenv)\b", path.read_text("utf-8")), path


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_is_read_from_a_file_whether_its_line_ends_or_not(monkeypatch, tmp_path, ending):
    file = tmp_path / "secret"
    file.write_bytes(f"hunter 2{ending}".encode())
    monkeypatch.setenv("CALLHUB_MADE_UP_FILE", str(file))
    monkeypatch.setattr(env._env.ENVIRON, "files_cache", {})
    assert env.text("CALLHUB_MADE_UP") == "hunter 2"
    assert bootstrap.read_setting("CALLHUB_MADE_UP") == "hunter 2"


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
def test_a_database_that_others_could_read_is_mended(tmp_path, ending):
    path = tmp_path / f"callhub.sqlite3{ending}"
    path.touch(mode=0o644)
    env.private_file(tmp_path / "callhub.sqlite3")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_database_is_private_from_its_first_moment(tmp_path):
    env.private_file(tmp_path / "callhub.sqlite3")
    with sqlite3.connect(tmp_path / "callhub.sqlite3") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE calls (id)")
        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o600}


@pytest.mark.parametrize("name", [":memory:", "file:calls?mode=memory", "no/such/folder/callhub.sqlite3"])
def test_what_is_no_file_of_ours_is_left_alone(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    env.private_file(name)
    assert not list(tmp_path.iterdir())
