"""What we serve of others' scripts is what was taken in, down to the byte, and says whose it is."""

from __future__ import annotations

import hashlib
import json

import pytest
from django.conf import settings

VENDOR = settings.BASE_DIR / "callhub" / "static" / "callhub" / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
pytestmark = pytest.mark.once


def test_every_vendored_file_has_the_hash_that_was_written_down():
    told = {name: digest for package in MANIFEST.values() for name, digest in package["files"].items()}
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert found == told


@pytest.mark.parametrize("name", MANIFEST)
def test_every_package_tells_version_source_and_licence(name):
    package = MANIFEST[name]
    assert package["version"] in package["source"]
    licence = next(VENDOR / file for file in package["files"] if file.endswith("LICENSE"))
    assert "Redistribution" in licence.read_text("utf-8")
    assert package["licence"] == "BSD-3-Clause"
    assert name in (settings.BASE_DIR / "docs" / "licences.md").read_text("utf-8")


def test_no_page_or_script_of_ours_loads_anything_from_elsewhere():
    ours = [*settings.BASE_DIR.glob("templates/**/*.html"), *settings.BASE_DIR.glob("callhub/static/callhub/*.*")]
    assert len(ours) > 5
    for path in ours:
        text = path.read_text("utf-8")
        assert not any(f'{name}="{scheme}' in text for name in ("src", "href") for scheme in ("http:", "https:", "//")), path
