"""From a bare Python to ``.venv``, also after an interruption."""

import re
import shutil
import subprocess
import sys

import pytest

from callhub import bootstrap

pytestmark = pytest.mark.once


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A tree with empty lists of requirements."""
    (tmp_path / "requirements").mkdir()
    for name in bootstrap.HOLDERS:
        (tmp_path / "requirements" / f"{name}.txt").write_text("# nothing\n")
    monkeypatch.setattr(bootstrap, "BASE_DIR", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / ".venv/bin/python")
    monkeypatch.setattr(bootstrap, "UNFINISHED", tmp_path / ".venv/callhub-unfinished")
    return tmp_path


@pytest.fixture
def without_uv(monkeypatch):
    find = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "uv" else find(name))


@pytest.mark.slow
@pytest.mark.usefixtures("without_uv")
def test_makes_the_environment_and_makes_a_half_made_one_anew(place, capfd):
    bootstrap.ensure("base")
    assert bootstrap.is_ready("base")
    (place / ".venv/bin/python").unlink()
    bootstrap.UNFINISHED.touch()
    assert not bootstrap.is_ready("base")
    bootstrap.ensure("base")
    assert subprocess.run([bootstrap.PYTHON, "-m", "pip", "--version"], check=False).returncode == 0
    assert re.search(r"Making \.venv: \d+\.\d s", capfd.readouterr().out)


def test_a_changed_list_is_installed_again(place):
    bootstrap.VENV.mkdir()
    bootstrap.PYTHON.parent.mkdir()
    bootstrap.PYTHON.symlink_to(sys.executable)
    bootstrap._stamp("base").write_text(bootstrap._fingerprint("base"))
    assert bootstrap.is_ready("base")
    (place / "requirements/base.txt").write_text("# something\n")
    assert not bootstrap.is_ready("base")


def test_a_longer_list_holds_the_shorter(place):
    bootstrap.PYTHON.parent.mkdir(parents=True)
    bootstrap.PYTHON.symlink_to(sys.executable)
    bootstrap._stamp("dev").write_text(bootstrap._fingerprint("dev"))
    assert bootstrap.is_ready("base")
    assert bootstrap.is_ready("production")


@pytest.mark.usefixtures("place", "without_uv")
def test_without_ensurepip_it_names_the_package(monkeypatch, capfd):
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        bootstrap.ensure("base")
    assert ended.value.code == 2
    assert re.search(r"Install the package python3(\.\d+)?-venv ", capfd.readouterr().err)


def test_an_old_python_is_told_so():
    script = "import sys; sys.version_info = (3, 9, 2); sys.argv = ['manage.py', 'up']; import manage; manage.main()"
    ended = subprocess.run([sys.executable, "-c", script], cwd=bootstrap.BASE_DIR, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (2, "callhub needs Python 3.11 or newer; this is Python 3.9.\n")


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({}, "base"),
        ({"CALLHUB_ENV": "production"}, "production"),
        ({"DATABASE_URL": "postgres://callhub@db/callhub"}, "production"),
        ({"CALLHUB_BROKER_URL": "redis://broker/0"}, "production"),
        ({"CALLHUB_S3_BUCKET": "recordings"}, "production"),
        ({"DATABASE_URL_FILE": "database"}, "production"),
        ({"DATABASE_URL_FILE": "nowhere"}, "base"),
        ({"DATABASE_URL": "sqlite:///callhub.sqlite3"}, "base"),
    ],
)
def test_outside_services_bring_their_drivers(place, monkeypatch, variables, name):
    for variable in ("CALLHUB_ENV", "DATABASE_URL", "CALLHUB_BROKER_URL", "CALLHUB_CACHE_URL", "CALLHUB_S3_BUCKET"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(f"{variable}_FILE", raising=False)
    (place / "database").write_text("postgres://callhub@db/callhub\n")
    lines = [f"export {key}='{value}' # said here\n" for key, value in variables.items()]
    (place / ".env").write_text("# words\n" + "".join(lines))
    assert bootstrap.wanted() == name
