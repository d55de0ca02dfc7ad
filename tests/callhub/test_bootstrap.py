"""From a bare Python to ``.venv``, also after an interruption."""

import json
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


@pytest.fixture
def made(place):
    """A tree whose ``.venv`` is finished, without packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place / ".venv"], check=True)
    assert bootstrap._ask_venv("stamp", str(bootstrap._stamp("base")), bootstrap._fingerprint("base"))
    return place


def change_stamp(name="base", **facts):
    stamp = bootstrap._stamp(name)
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | facts))


def test_a_changed_list_is_installed_again(made):
    assert bootstrap.is_ready("base")
    (made / "requirements/base.txt").write_text("# something\n")
    assert not bootstrap.is_ready("base")
    assert bootstrap._problem() == ""


def test_a_longer_list_holds_the_shorter(made):
    bootstrap._ask_venv("stamp", str(bootstrap._stamp("dev")), bootstrap._fingerprint("dev"))
    bootstrap._stamp("base").unlink()
    assert bootstrap.is_ready("base")
    assert bootstrap.is_ready("production")


def another_python(made):
    change_stamp(python="cpython-310 elsewhere")


def a_package_removed(made):
    change_stamp(modules=["json", "package_that_was_removed"])


def a_program_that_is_gone(made):
    bootstrap.PYTHON.unlink()
    bootstrap.PYTHON.symlink_to("/usr/bin/python3.gone")


def a_program_that_fails(made):
    bootstrap.PYTHON.unlink()
    bootstrap.PYTHON.symlink_to("/bin/false")


def a_python_from_outside(made):
    (bootstrap.VENV / "pyvenv.cfg").unlink()


def a_stamp_of_an_earlier_version_without_django(made):
    bootstrap._stamp("base").write_text(bootstrap._fingerprint("base"))


def an_install_that_was_stopped(made):
    bootstrap.UNFINISHED.touch()


def a_link_to_nowhere(made):
    shutil.rmtree(bootstrap.VENV)
    bootstrap.VENV.symlink_to(made / "nowhere")


@pytest.mark.parametrize(
    "broken",
    [
        another_python,
        a_package_removed,
        a_program_that_is_gone,
        a_program_that_fails,
        a_python_from_outside,
        a_stamp_of_an_earlier_version_without_django,
        an_install_that_was_stopped,
    ],
)
def test_an_environment_that_cannot_be_used_is_never_called_ready(made, broken):
    broken(made)
    assert not bootstrap.is_ready("base")
    assert bootstrap._problem()


@pytest.mark.slow
@pytest.mark.usefixtures("without_uv")
@pytest.mark.parametrize("broken", [another_python, a_link_to_nowhere])
def test_an_environment_that_cannot_be_used_is_made_again_with_a_sentence(made, capfd, broken):
    broken(made)
    bootstrap.ensure("base")
    assert bootstrap.is_ready("base")
    assert re.search(r"^  \.venv [a-zA-Z ]+; making it again\.$", capfd.readouterr().out, re.MULTILINE)


def test_a_moved_folder_is_ready(made):
    made.rename(made.with_name("moved"))
    moved = made.with_name("moved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "BASE_DIR", moved)
        patch.setattr(bootstrap, "VENV", moved / ".venv")
        patch.setattr(bootstrap, "PYTHON", moved / ".venv/bin/python")
        assert bootstrap.is_ready("base")


def test_an_update_of_callhub_alone_does_not_remake_the_environment(made):
    bootstrap._stamp("base").write_text(bootstrap._fingerprint("base"))
    (next(bootstrap.VENV.glob("lib/python*/site-packages")) / "django.py").touch()
    assert bootstrap.is_ready("base")
    assert bootstrap._problem() == ""


def test_an_environment_of_ones_own_is_completed_not_removed(made):
    bootstrap._stamp("base").unlink()
    assert not bootstrap.is_ready("base")
    assert bootstrap._problem() == ""


def test_where_it_cannot_be_used_even_then_it_says_so(made, monkeypatch, capfd):
    another_python(made)
    monkeypatch.setattr(bootstrap, "_make_venv", lambda: None)
    monkeypatch.setattr(bootstrap, "_install", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        bootstrap.ensure("base")
    assert ended.value.code == 1
    assert "cannot be used although everything was installed. Remove it" in capfd.readouterr().err


def test_a_program_that_ends_where_it_began_is_not_started_for_ever(tmp_path):
    """Whatever ``.venv`` pretends: a command is handed over once."""
    tree = tmp_path / "tree"
    (tree / "callhub").mkdir(parents=True)
    for name in ("manage.py", "callhub/__init__.py", "callhub/bootstrap.py"):
        shutil.copy(bootstrap.BASE_DIR / name, tree / name)
    script = (
        "import sys, manage\n"
        "from callhub import bootstrap\n"
        "bootstrap.importlib.util.find_spec = lambda name: None\n"
        "bootstrap.is_ready = lambda name: True\n"
        "bootstrap.PYTHON = sys.executable\n"
        "sys.argv = [__file__, 'migrate']\n"
        "manage.main()\n"
    )
    (tree / "again.py").write_text(script)
    ended = subprocess.run([sys.executable, "again.py"], cwd=tree, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "callhub's packages are not found there. Remove it" in ended.stderr


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


def test_a_module_that_a_package_names_and_does_not_have_is_not_waited_for(tmp_path, monkeypatch):
    """As Debian's setuptools does: ``.venv`` would never be ready."""
    named = {"json": ["one"], "no_such_module_here": ["setuptools"]}
    monkeypatch.setattr(bootstrap.importlib.metadata, "packages_distributions", lambda: named)
    bootstrap.write_stamp(tmp_path / "stamp", "a")
    assert json.loads((tmp_path / "stamp").read_text())["modules"] == ["json"]
