"""Lines of the log: no full number, no line that somebody else wrote, and no flood."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from callhub import logs
from callhub.logs import AtMost, Line

pytestmark = pytest.mark.once


@pytest.fixture
def written():
    """A logger with our formatter, and what it wrote."""
    stream, log = io.StringIO(), logging.Logger("test")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Line("{levelname} {message}", style="{"))
    handler.addFilter(AtMost())
    log.addHandler(handler)
    return log, stream


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("/+46701234567/calls", "/+…567/calls"),
        ("/v2/fonenumbers/3215551081", "/v2/fonenumbers/…081"),
        ("/%2B46701234567/x", "/%2B…567/x"),
        ("tel:+46701234567", "tel:+…567"),
        ("call 0199a2b3-1234567-89ab", "call 0199a2b3-1234567-89ab"),
        ("from 192.168.100.200", "from 192.168.100.200"),
        ("12345 calls", "12345 calls"),
    ],
)
def test_a_number_shows_its_last_digits_only(written, said, line):
    log, stream = written
    log.warning("%s", said)
    assert stream.getvalue() == f"WARNING {line}\n"


@pytest.mark.parametrize("mark", ["\n", "\r", "\r\n", "\x1b", "\u2028", "\x85", "\0"])
def test_what_others_sent_begins_no_line(written, mark):
    log, stream = written
    log.warning("path %s", f"/a{mark}ERROR forged")
    assert stream.getvalue().splitlines() == [stream.getvalue().rstrip("\n")]
    assert "\x1b" not in stream.getvalue()


def test_a_traceback_forges_no_line_and_shows_no_number(written):
    log, stream = written
    try:
        raise ValueError("+46701234567\nERROR forged")
    except ValueError:
        log.exception("broke")
    first, *rest = stream.getvalue().splitlines()
    assert first == "ERROR broke"
    assert all(line.startswith("    ") for line in rest)
    assert "46701234567" not in stream.getvalue()


def test_the_same_warning_again_and_again_is_a_few_lines_and_a_count(written, monkeypatch):
    log, stream = written
    now = [0.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])
    for second in (0.0, 61.0):
        now[0] = second
        for _ in range(100):
            log.warning("refused %s", "a")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 20
    assert lines[10] == "WARNING refused a (90 more like it were not logged)"


def test_a_stranger_writes_no_line_by_asking_for_what_is_not_there(client, db):
    assert not logging.getLogger("django.request").isEnabledFor(logging.WARNING)
    assert not logging.getLogger("django.security.csrf").isEnabledFor(logging.WARNING)
    assert "at_most" in sys.modules["callhub.settings"].LOGGING["handlers"]["console"]["filters"]
