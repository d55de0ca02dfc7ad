"""The journal that outlives the listener: read on from where it was, whatever became of the file; groups of channels."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from calls.choices import Direction
from calls.telephony.asterisk import Place, Switch, WatchedCall, Watcher
from calls.telephony.asterisk.journal import Journal
from calls.telephony.asterisk.missed import call_of
from calls.telephony.asterisk.sightings import Hold

pytestmark = pytest.mark.once

START = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
GARBAGE = [
    b"garbage\n",
    b'CHAN_START,"\n',  # a quote that is never closed
    b"\xff\xfe\x00\x00,,,,,,,,,,,,\n",
    b'CHAN_START,nan,"x","x","","","","1","PJSIP/x","","",""\n',
    b'CHAN_START,1e400,"x","x","","","","1","PJSIP/x","","",""\n',
    b'HANGUP,1,"x","x","","","","1","PJSIP/x","","","' + b"[" * 100_000 + b'"\n',
    b'CHAN_START,1,"' + b"9" * 200_000 + b'"\n',
    b"\n",
]


def line(
    kind: str, after: float, channel: str, linked: str, *, exten: str = "", name: str = "", app: str = "", extra: str = ""
) -> bytes:
    """A line ``after`` seconds."""
    at = START.timestamp() + after
    quoted = extra.replace('"', '""')
    name = name or f"PJSIP/carrier-{channel}"
    return f'{kind},{at:.3f},"{channel}","{linked}","","Bo","4670{channel}","{exten}","{name}","{app}","","{quoted}"\n'.encode()


def call(number: int, *, after: float = 0) -> list[bytes]:
    """A call from outside that is answered after one second and lasts three."""
    caller, leg = f"{number}.1", f"{number}.2"
    end = '{"hangupcause":16,"dialstatus":"ANSWER"}'
    return [
        line("CHAN_START", after, caller, caller, exten="200"),
        line("CHAN_START", after, leg, caller, exten="s", name="PJSIP/202-1"),
        line("ANSWER", after + 1, leg, caller, app="AppDial", name="PJSIP/202-1"),
        line("ANSWER", after + 1, caller, caller, app="Dial"),
        line("HANGUP", after + 3, caller, caller, extra=end),
        line("CHAN_END", after + 3, caller, caller),
        line("HANGUP", after + 3, leg, caller, app="AppDial", extra='{"hangupcause":16}'),
        line("CHAN_END", after + 3, leg, caller, app="AppDial"),
    ]


class Archive:
    """What a watcher leaves behind, in memory."""

    def __init__(self, place: Place | None = None) -> None:
        self.place, self.reports, self.live = place, [], []

    def report(self, call: WatchedCall) -> None:
        self.reports.append(call)

    def open_calls(self) -> list[WatchedCall]:
        return self.live

    def load_place(self) -> Place | None:
        return self.place

    def keep_place(self, place: Place) -> None:
        self.place = place


class Quiet:
    """An exchange with these channels."""

    def __init__(self, *channels: dict) -> None:
        self.present = list(channels)

    def channels(self) -> list[dict]:
        return self.present


def watcher(path: Path, archive: Archive, *channels: dict) -> Watcher:
    made = Watcher(Switch(url="http://127.0.0.1:1", user="", password="", journal=path), archive)
    made.ari = Quiet(*channels)
    return made


def ids(archive: Archive) -> list[str]:
    return [report.id for report in archive.reports]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cel.csv"


def append(path: Path, *lines: bytes) -> None:
    with path.open("ab") as file:
        file.write(b"".join(lines))


def test_call_that_was_missed_is_told_with_all_that_the_journal_knows(path):
    append(path, *call(7))
    archive = Archive()
    watcher(path, archive).reconcile(None)
    (told,) = archive.reports
    assert (told.id, told.direction, told.caller_number, told.called_number) == ("7.1", Direction.INBOUND, "46707.1", "200")
    assert (told.started_at, told.answered_at - START, told.ended_at - START) == (
        START,
        timedelta(seconds=1),
        timedelta(seconds=3),
    )
    assert (str(told.outcome), told.billable_ms) == ("ANSWERED", 2000)
    assert [(leg.id, leg.number, str(leg.outcome)) for leg in told.legs] == [("7.2", "46707.2", "ANSWERED")]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_spoils_no_other_line(path, garbage):
    lines = call(1)
    append(path, garbage, *lines[:4], garbage, *lines[4:], garbage, *call(2), garbage)
    archive = Archive()
    watcher(path, archive).reconcile(None)
    assert ids(archive) == ["1.1", "2.1"]


def test_lines_that_come_twice_make_no_second_call(path):
    append(path, *[line for line in call(1) for _ in range(2)])
    archive = Archive()
    watcher(path, archive).reconcile(None)
    append(path, *call(1))
    keeps_on = watcher(path, archive)
    keeps_on.reconcile(None)
    keeps_on.reconcile(None)
    assert set(ids(archive)) == {"1.1"}
    assert len({(report.started_at, report.answered_at, report.ended_at) for report in archive.reports}) == 1


def test_next_watcher_reads_on_and_tells_nothing_again(path):
    archive = Archive()
    for number in range(3):
        append(path, *call(number))
        watcher(path, archive).reconcile(None)
    assert ids(archive) == ["0.1", "1.1", "2.1"]
    assert archive.place.offset == path.stat().st_size


def test_place_waits_for_calls_that_go_on(path):
    open_call, archive = call(1), Archive()
    append(path, *call(0), *open_call[:4], *call(2))
    channels = [{"id": f"1.{n}", "name": "PJSIP/carrier-1", "state": "Up", "dialplan": {"app_name": "AppDial"}} for n in (1, 2)]
    watcher(path, archive, *channels).reconcile(None)
    assert ids(archive) == ["0.1", "2.1"]
    assert archive.place.offset == len(b"".join(call(0)))
    append(path, *open_call[4:])
    watcher(path, archive).reconcile(None)
    assert sorted(set(ids(archive))) == ["0.1", "1.1", "2.1"]


def test_file_that_was_put_aside_is_read_to_its_end_by_the_same_reader(path):
    journal = Journal(path, keeps_groups=True)
    append(path, *call(1)[:2])
    journal.refresh()
    path.rename(path.with_name("cel.csv.1"))
    append(path.with_name("cel.csv.1"), *call(1)[2:4])
    append(path, *call(1)[4:], *call(2))
    journal.refresh()
    assert [linked for linked, group in journal.groups() if group.is_over] == ["1.1", "2.1"]
    assert journal.of("1.1").answered_at


def test_file_that_was_put_aside_is_read_to_its_end_by_the_next_watcher(path):
    archive = Archive()
    append(path, *call(1))
    watcher(path, archive).reconcile(None)
    append(path, *call(2))
    path.rename(path.with_name("cel.csv-20261120"))
    append(path, *call(3))
    watcher(path, archive).reconcile(None)
    watcher(path, archive).reconcile(None)
    assert ids(archive) == ["1.1", "2.1", "3.1"]


def test_file_that_was_cut_off_is_read_from_its_beginning(path):
    archive = Archive()
    append(path, *call(1), *call(2))
    keeps_on = watcher(path, archive)
    keeps_on.reconcile(None)
    os.truncate(path, 0)
    append(path, *call(3))
    keeps_on.reconcile(START)
    os.truncate(path, 0)
    append(path, *call(4))
    watcher(path, archive).reconcile(None)
    assert ids(archive) == ["1.1", "2.1", "3.1", "4.1"]


def test_only_the_last_day_of_a_journal_never_read_before_is_taken_in(path):
    append(path, *call(1, after=-2 * 24 * 3600), *call(2))
    archive = Archive()
    watcher(path, archive).reconcile(None)
    assert ids(archive) == ["2.1"]


def test_channels_of_a_killed_exchange_end_with_the_last_that_is_known(path):
    append(path, *call(1)[:4])
    archive = Archive()
    watcher(path, archive).reconcile(None)
    (told,) = archive.reports
    assert (str(told.outcome), told.ended_at) == ("ANSWERED", START + timedelta(seconds=1))
    assert archive.place.offset == path.stat().st_size


def test_what_another_watcher_left_open_ends_by_the_journal(path):
    append(path, *call(1))
    archive = Archive(Place(file_id="", offset=0))
    archive.live = [_seen("1.1")]
    watcher(path, archive).reconcile(None)
    (told,) = archive.reports
    assert (told.billable_ms, str(told.outcome), told.holds) == (2000, "ANSWERED", archive.live[0].holds)


def test_what_another_watcher_left_open_ends_with_it_where_no_journal_tells(path):
    archive, gone_at = Archive(), START + timedelta(seconds=90)
    archive.live = [_seen("1.1")]
    watcher(path, archive).reconcile(gone_at)
    (told,) = archive.reports
    assert (told.ended_at, str(told.outcome)) == (gone_at, "ANSWERED")


def _seen(call_id: str) -> WatchedCall:
    return WatchedCall(
        id=call_id,
        direction=Direction.INBOUND,
        caller_number="1",
        caller_name="",
        called_number="200",
        started_at=START,
        answered_at=START + timedelta(seconds=1),
        holds=(Hold(channel=call_id, at=START + timedelta(seconds=2)),),
    )


@pytest.mark.parametrize(
    ("status", "causes", "outcome"),
    [
        ("BUSY", [17, 17], "BUSY"),
        ("NOANSWER", [21, 21], "REJECTED"),
        ("NOANSWER", [1, 1], "FAILED:404"),
        ("CONGESTION", [34, 34], "FAILED:503"),
        ("NOANSWER", [16, 0], "NO_ANSWER"),
        ("CANCEL", [127, 127], "CANCELLED"),
    ],
)
def test_status_of_the_dial_and_cause_of_the_leg_tell_the_outcome(path, status, causes, outcome):
    lines = [line_ for line_ in call(1) if not line_.startswith((b"ANSWER", b"HANGUP"))]
    caller_end = line("HANGUP", 3, "1.1", "1.1", extra=f'{{"hangupcause":{causes[0]},"dialstatus":"{status}"}}')
    leg_end = line("HANGUP", 3, "1.2", "1.1", app="AppDial", extra=f'{{"hangupcause":{causes[1]}}}')
    append(path, *lines[:2], caller_end, leg_end, *lines[2:])
    archive = Archive()
    watcher(path, archive).reconcile(None)
    (told,) = archive.reports
    assert [str(told.outcome), *(str(leg.outcome) for leg in told.legs)] == [outcome, outcome]


def test_long_journal_is_read_once(path):
    append(path, *[line_ for number in range(12_500) for line_ in call(number)])
    journal = Journal(path, keeps_groups=True)
    journal.refresh()
    assert len(journal.groups()) == 12_500
    size, read = path.stat().st_size, _bytes_read()
    append(path, *call(99_999))
    started = time.monotonic()
    journal.refresh()
    assert journal.of("99999.1").ended_at
    assert _bytes_read() - read < size / 10, f"read again ({time.monotonic() - started:.3f} s)"


def _bytes_read() -> int:
    """By this process, from files."""
    told = Path("/proc/self/io").read_text().split()
    return int(told[told.index("rchar:") + 1])


def test_group_of_our_own_channels_is_no_call_of_the_exchanges(path):
    own = f"ch{'a' * 32}"
    append(path, line("CHAN_START", 0, f"{own}.s0", f"{own}.s0"), line("CHAN_START", 0, f"{own}.d", f"{own}.s0", exten="s"))
    journal = Journal(path, keeps_groups=True)
    journal.refresh()
    ((_, group),) = journal.groups()
    assert call_of(group, ("PJSIP/carrier-",)) is None


def test_journal_that_began_and_was_put_aside_since_the_last_watcher_is_read_whole(path):
    archive = Archive()
    watcher(path, archive).reconcile(None)
    for number in range(3):
        append(path, *call(number))
        os.utime(path, (0, START.timestamp() + number))
        path.rename(path.with_name(f"cel.csv.{9 - number}"))
    append(path, *call(3))
    watcher(path, archive).reconcile(None)
    watcher(path, archive).reconcile(None)
    assert ids(archive) == ["0.1", "1.1", "2.1", "3.1"]
