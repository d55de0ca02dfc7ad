"""What Asterisk leaves on disk: recordings cut short by a kill, the journal of channels."""

from __future__ import annotations

import io
import os
import struct
import wave
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from calls.telephony.asterisk import names
from calls.telephony.asterisk.journal import Journal
from calls.telephony.asterisk.wav import complete_header

pytestmark = pytest.mark.once


def wav_file(frames: int = 8000) -> io.BytesIO:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(8000)
        file.writeframes(b"\1\2" * frames)
    return out


@pytest.mark.parametrize("told", [0, 0x7FFFFFFF])
def test_wrong_length_in_the_header_is_mended(told):
    file = wav_file()
    file.getbuffer()[40:44] = struct.pack("<I", told)
    assert complete_header(file, 16044)
    file.seek(0)
    with wave.open(file) as mended:
        assert mended.getnframes() == 8000


@pytest.mark.parametrize("content", [wav_file().getvalue(), wav_file(0).getvalue(), b"", b"RIFF", b"ID3" + b"\0" * 100])
def test_what_is_right_or_no_wav_is_left_alone(content):
    file = io.BytesIO(content)
    assert not complete_header(file, len(content))
    assert file.getvalue() == content


def line(kind: str, at: float, channel: str, extra: str = "") -> str:
    quoted = extra.replace('"', '""')
    return f'{kind},{at},"{channel}","{channel}","callhub","","","s","PJSIP/x","","","{quoted}"\n'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cel.csv"


def append(path, *lines: str) -> None:
    with path.open("a") as file:
        file.write("".join(lines))


def test_journal_tells_answer_end_and_cause(path):
    append(path, line("CHAN_START", 1.5, "a"), line("ANSWER", 2.25, "a"), line("HANGUP", 9, "a", '{"hangupcause":17}'))
    journal = Journal(path)
    journal.refresh()
    entry = journal.of("a")
    assert (entry.started_at, entry.answered_at, entry.ended_at) == tuple(datetime.fromtimestamp(t, UTC) for t in (1.5, 2.25, 9))
    assert entry.cause == 17


def test_journal_reads_on_and_waits_for_the_end_of_a_line(path):
    half = line("ANSWER", 2, "a")
    append(path, line("CHAN_START", 1, "a"), half[:10])
    journal = Journal(path)
    journal.refresh()
    assert journal.of("a").answered_at is None
    append(path, half[10:])
    journal.refresh()
    assert journal.of("a").answered_at


def test_journal_that_was_replaced_is_read_from_its_beginning(path):
    append(path, line("CHAN_START", 1, "a"))
    journal = Journal(path)
    journal.refresh()
    os.replace(path, path.with_suffix(".1"))
    append(path, line("CHAN_START", 5, "b"), line("CHAN_END", 6, "b"))
    journal.refresh()
    assert journal.of("a")
    assert journal.of("b").ended_at


def test_reading_the_journal_again_changes_nothing(path):
    append(path, line("CHAN_START", 1, "a"), line("ANSWER", 2, "a"))
    journal = Journal(path)
    journal.refresh()
    first = (journal.of("a").started_at, journal.of("a").answered_at)
    journal.refresh()
    assert first == (journal.of("a").started_at, journal.of("a").answered_at)


@pytest.mark.parametrize("extra", ["", "{}", "nonsense", '{"hangupcause":null}', "[]"])
def test_journal_without_a_cause_has_none(path, extra):
    append(path, line("HANGUP", 3, "a", extra), "garbage\n", "HANGUP\n")
    journal = Journal(path)
    journal.refresh()
    assert journal.of("a").cause is None


def test_journal_knows_which_orders_were_dialled(path):
    order_id = uuid4()
    append(path, line("CHAN_START", 1, names.channel_of(order_id, "s0")))
    assert Journal(path).knows(order_id)
    assert not Journal(path).knows(uuid4())
    assert not Journal(path.with_name("none.csv")).knows(order_id)


@pytest.mark.parametrize("leg", ["s0", "s10", "d", "t2"])
def test_names_are_read_back(leg):
    order_id = uuid4()
    assert names.read_channel(names.channel_of(order_id, leg)) == (order_id, leg)
    assert names.read_bridge(names.bridge_of(order_id)) == order_id
    assert names.read_playback(names.playback_of(order_id)) == order_id


@pytest.mark.parametrize("name", ["", "1795166946.2", "ch123.s0", f"ch{'a' * 32}", f"ch{'g' * 32}.s0", f"xch{'a' * 32}.s0"])
def test_other_peoples_names_are_not_ours(name):
    assert names.read_channel(name) is None
