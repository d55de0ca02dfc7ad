"""Nothing that a dialect needs outside of its own package is forgotten when one is added."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

from calls import dialects
from calls.choices import Source
from calls.dialects.urls import DIALECTS
from tenants.models.tenant import RESERVED_SLUGS
from tests.calls.dialects.contract import DialectContract
from tests.calls.dialects.test_paths import DOCUMENTED

pytestmark = pytest.mark.once

HERE = Path(dialects.__file__).parent
BY_NAME = {module.DIALECT.name: module for module in DIALECTS}
each = pytest.mark.parametrize("name", sorted(BY_NAME))


def test_every_package_beside_the_others_is_served():
    assert {path.parent.name for path in HERE.glob("*/__init__.py")} == set(BY_NAME)


@each
def test_its_calls_can_name_it_as_their_source(name):
    assert name in Source.values


@each
def test_no_tenant_can_take_its_addresses(name):
    firsts = {path.split("/")[1] for path in BY_NAME[name].DIALECT.owns}
    assert {name, *firsts} <= RESERVED_SLUGS


@each
def test_it_is_kept_from_knowing_its_siblings(name):
    contracts = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (independent,) = [contract for contract in contracts if contract["type"] == "independence"]
    assert f"calls.dialects.{name}" in independent["modules"]


@each
def test_it_keeps_what_all_promise(name):
    tests = importlib.import_module(f"tests.calls.dialects.{name}.test_contract")
    contracts = [thing for thing in vars(tests).values() if isinstance(thing, type) and issubclass(thing, DialectContract)]
    assert BY_NAME[name].DIALECT in [getattr(contract, "dialect", None) for contract in contracts]


@each
def test_its_documented_addresses_are_tried(name):
    assert DOCUMENTED[name]


@each
def test_people_are_told_of_it(name):
    page = (HERE / "README.md").read_text("utf-8")
    assert f"| `{name}/` | {BY_NAME[name].GUIDE.vendor} |" in page
    assert BY_NAME[name].GUIDE.vendor in (settings.BASE_DIR / "README.md").read_text("utf-8")
