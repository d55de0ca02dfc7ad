"""What the exchange recorded of calls of its own: brought home once, whoever tries how often, and nothing else is."""

from __future__ import annotations

from datetime import timedelta
from typing import IO

import pytest
from django.utils import timezone

from calls.choices import RecordingState, Source, State
from calls.dialer import backends, recordings
from calls.models import Call, Recording
from calls.recordings import storage
from calls.telephony.asterisk import names
from calls.telephony.base import TelephonyError, Unanswered
from tests.asterisk.tones import write_tone
from tests.make import make_call, make_line, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)

CALL = "callhub-lab-1795180224.3"
RECORDED = f"callhub-{CALL}"


class Shelf:
    """An exchange that only has recordings."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.keeps, self.is_away = files, False, False

    def own_recordings(self) -> dict[str, str]:
        if self.is_away:
            raise Unanswered("no answer")
        found = {names.read_own_recording(name): name for name in self.files}
        return {call: name for call, name in found.items() if call}

    def fetch_recording(self, name: str, into: IO[bytes]) -> int:
        if self.is_away:
            raise Unanswered("no answer")
        return into.write(self.files[name])

    def delete_recording(self, name: str) -> None:
        if self.keeps:
            raise TelephonyError("not now", permanent=False)
        del self.files[name]


@pytest.fixture
def sound(tmp_path) -> bytes:
    write_tone(tmp_path / "tone.wav", 440)
    return (tmp_path / "tone.wav").read_bytes()


@pytest.fixture
def shelf(settings, sound):
    settings.CALLHUB_ARI_URL = "http://127.0.0.1:1"
    shelf = backends._kept.__dict__["asterisk"] = Shelf({RECORDED: sound})
    yield shelf
    backends._kept.__dict__.clear()


@pytest.fixture
def call(shelf) -> Call:
    tenant = make_tenant()
    make_line(tenant, "201", backend="asterisk", is_proven=True)
    return make_call(tenant, source=Source.PBX, external_id=CALL, facts={"exchange": "asterisk"})


def test_recording_is_kept_with_its_call_and_leaves_the_exchange(call, shelf, sound):
    assert recordings.own_unfetched() == [CALL]
    recordings.fetch_own(CALL)
    row = Recording.objects.get()
    assert (row.call, row.tenant_id, row.state, row.size_bytes) == (call, call.tenant_id, RecordingState.STORED, len(sound))
    with storage.local_copy(row.storage_key) as path:
        assert path.read_bytes() == sound
    assert not shelf.files
    assert recordings.own_unfetched() == []


def test_what_is_here_already_is_only_removed_there(call, shelf):
    shelf.keeps = True
    with pytest.raises(TelephonyError):
        recordings.fetch_own(CALL)
    shelf.keeps = False
    recordings.fetch_own(CALL)
    recordings.fetch_own(CALL)
    assert Recording.objects.count() == 1
    assert not shelf.files


def test_exchange_that_is_away_is_asked_again(call, shelf):
    shelf.is_away = True
    assert recordings.own_unfetched() == []
    with pytest.raises(Unanswered):
        recordings.fetch_own(CALL)
    shelf.is_away = False
    recordings.fetch_own(CALL)
    assert Recording.objects.playable().count() == 1


def test_recording_without_a_sound_is_removed(call, shelf, sound):
    shelf.files[RECORDED] = sound[:44]
    recordings.fetch_own(CALL)
    assert not Recording.objects.exists()
    assert not shelf.files


def test_what_is_no_audio_is_noted_and_stays(call, shelf):
    shelf.files[RECORDED] = b"<html>" * 100
    recordings.fetch_own(CALL)
    assert Recording.objects.get().state == RecordingState.REFUSED
    assert shelf.files
    assert recordings.own_unfetched() == []


@pytest.mark.parametrize("change", [{"state": State.IN_PROGRESS}, {"ended_at": "now"}, {"source": Source.API}, {"facts": {}}])
def test_only_calls_of_the_exchange_that_are_over_have_recordings(call, shelf, change):
    now = timezone.now()
    Call.objects.update(**{name: now if value == "now" else value for name, value in change.items()})
    assert recordings.own_unfetched() == []


def test_calls_of_tenants_without_a_line_there_are_left_alone(call, shelf, settings):
    other = make_tenant()
    Call.objects.update(tenant=other)
    assert recordings.own_unfetched() == []
    settings.CALLHUB_ARI_TENANT = other.slug
    Call.objects.update(ended_at=timezone.now() - timedelta(minutes=1))
    assert recordings.own_unfetched() == [CALL]


def test_without_an_exchange_nobody_is_asked(settings, db):
    settings.CALLHUB_ARI_URL = ""
    assert recordings.own_unfetched() == []


@pytest.mark.parametrize(
    "name",
    ["callhub-", "callhub-../../etc/passwd", "callhub-..", "callhub-a/b", "callhub-/etc/passwd", "callhub-a%2Fb", "callhub-a\\b",
     "callhub-a\n", "xcallhub-a", "CALLHUB-a", f"ch{'a' * 32}", "callhub-" + "9" * 200, "callhub-é"],
)  # fmt: skip
def test_no_other_name_is_read_as_a_recording(name):
    assert names.read_own_recording(name) is None


def test_name_is_read_back():
    assert names.read_own_recording(RECORDED) == CALL
