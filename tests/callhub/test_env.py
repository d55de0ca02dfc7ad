"""What operators may set is listed for them, and read as the list says."""

from __future__ import annotations

import re

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
