"""What browsers do not play is played from a converted copy, which goes when it is not played and with its recording."""

from __future__ import annotations

import io
import wave
from contextlib import closing
from datetime import timedelta

import pytest
from django.utils import timezone

from calls import ledger
from calls.models import PlayableCopy, Recording
from calls.recordings import playback, storage
from calls.recordings.errors import ObjectMissing, StorageTrouble
from calls.recordings.probing import probe
from tests.calls.recordings.audio import encoded, gsm_wav
from tests.make import make_call, make_recording, make_tenant

pytestmark = pytest.mark.django_db
CONVERTED = {
    "amr": 8000, "amr.3gp": 8000, "mulaw.wav": 8000, "alaw.wav": 8000, "ima.wav": 8000, "ms.wav": 8000,
    "g722.wav": 16_000, "g722": 16_000, "alac.m4a": 16_000, "pcm.aiff": 8000, "mulaw.au": 8000, "pcm.caf": 8000,
}  # fmt: skip


@pytest.fixture
def record(tmp_path, kept):
    def make(name: str, data: bytes | None = None) -> Recording:
        path = tmp_path / "audio"
        path.write_bytes(encoded(name) if data is None else data)
        mime = "audio/g722" if name == "g722" else ""
        return make_recording(make_call(make_tenant()), path.read_bytes(), **vars(probe(path, None, mime)))

    return make


def sound_of(copy: PlayableCopy) -> wave.Wave_read:
    with closing(storage.open_range(copy.storage_key)) as chunks:
        return wave.open(io.BytesIO(b"".join(chunks)))


@pytest.mark.parametrize("name", CONVERTED)
def test_converts_what_browsers_do_not_play(record, name):
    copy = playback.playable(record(name))
    sound = sound_of(copy)
    assert isinstance(copy, PlayableCopy)
    assert (sound.getsampwidth(), sound.getframerate()) == (2, CONVERTED[name])
    assert sound.getnframes() / sound.getframerate() == pytest.approx(3, abs=0.1)


def test_plays_gsm(record):
    assert sound_of(playback.playable(record("gsm", gsm_wav(50)))).getnframes() == 16_000


@pytest.mark.parametrize("name", ["pcm.wav", "mp3", "opus.ogg", "opus.webm", "flac", "m4a"])
def test_what_browsers_play_is_not_copied(record, name):
    recording = record(name)
    assert playback.playable(recording) == recording
    assert not PlayableCopy.objects.exists()


def test_a_copy_is_made_once(record):
    recording = record("amr")
    first, second = playback.playable(recording), playback.playable(recording)
    assert first.storage_key == second.storage_key


def test_the_second_of_two_first_plays_uses_the_copy_of_the_first(record, monkeypatch):
    recording = record("amr")
    put = storage.put

    def outpaced(*args):
        monkeypatch.setattr(storage, "put", put)
        playback.playable(Recording.objects.get(pk=recording.pk))
        late.append(put(*args))
        return late[0]

    late: list[storage.StoredObject] = []
    monkeypatch.setattr(playback, "_converting", playback.threading.BoundedSemaphore(2))
    monkeypatch.setattr(storage, "put", outpaced)
    copy = playback.playable(recording)
    assert storage.exists(copy.storage_key)
    assert not storage.exists(late[0].key)


def test_the_copy_goes_with_the_audio(record, django_capture_on_commit_callbacks):
    recording = record("amr")
    key = playback.playable(recording).storage_key
    with django_capture_on_commit_callbacks(execute=True):
        ledger.remove_audio(recording)
    assert not PlayableCopy.objects.exists()
    assert not storage.exists(key)


def test_audio_removed_while_it_is_converted_leaves_no_copy(record, monkeypatch):
    recording = record("amr")
    put = storage.put

    def removed_meanwhile(*args):
        made.append(put(*args))
        ledger.remove_audio(recording)
        return made[0]

    made: list[storage.StoredObject] = []
    monkeypatch.setattr(storage, "put", removed_meanwhile)
    with pytest.raises(ObjectMissing):
        playback.playable(recording)
    assert not storage.exists(made[0].key)


def test_a_copy_not_played_for_thirty_days_goes_and_the_audio_stays(record):
    recording = record("amr")
    key = playback.playable(recording).storage_key
    assert playback.drop_unplayed(timezone.now() + timedelta(days=29)) == 0
    assert playback.drop_unplayed(timezone.now() + timedelta(days=31)) == 1
    assert not storage.exists(key)
    assert storage.exists(recording.storage_key)


def test_a_play_keeps_the_copy(record):
    recording = record("amr")
    playback.playable(recording)
    PlayableCopy.objects.update(played_at=timezone.now() - timedelta(days=29))
    playback.playable(recording)
    assert playback.drop_unplayed(timezone.now() + timedelta(days=2)) == 0


def test_what_cannot_be_converted_is_trouble_and_leaves_nothing(record, monkeypatch):
    recording = record("amr")
    Recording.objects.update(channels=3)
    monkeypatch.setattr(playback, "_MOST_BYTES", 1000)
    with pytest.raises(StorageTrouble, match="too long"):
        playback.playable(recording)
    assert not PlayableCopy.objects.exists()
