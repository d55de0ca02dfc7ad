"""The demo can be heard: stored, probed and listened to as any sender's audio is."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from calls import demo
from calls.choices import EventKind, RecordingState, UploadState
from calls.demo import recordings, voices
from calls.models import Call, CallEvent, Recording, RetentionRule, Upload
from calls.recordings import storage
from calls.recordings.errors import NoRoom
from tenants.models import Tenant
from tests.calls.recordings.conftest import use_disk

NOW = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def place(tmp_path: Path, settings: Any) -> Path:
    use_disk(settings, tmp_path)
    return tmp_path / "demo.json"


def make_demo(place: Path, calls: int = 400) -> list[str]:
    said: list[str] = []
    demo.make(seed=1, calls=calls, now=NOW, keep_in=place, say=said.append)
    return said


def test_the_latest_calls_have_recordings_with_waveforms(place: Path) -> None:
    said = make_demo(place)
    assert "Björkdalens Vårdcentral: 20 recordings" in said
    for tenant in Tenant.objects.all():
        own = Recording.objects.for_tenant(tenant)
        kept = own.playable()
        assert kept.count() >= 15
        assert not kept.filter(analysed_at=None).exists()
        assert kept.filter(channels=2, talk_share_left__gt=0.2, talk_share_right__gt=0.2, overtalk_share__gt=0).exists()
        assert kept.filter(channels=1, talk_share_left=None, silence_share__lt=0.5).exists()
        assert own.too_short_to_be_speech().count() == 1
        assert own.refused().count() == 1
        assert own.without_audio().filter(call=None).count() == 1
        assert all(row.peaks and max(map(abs, row.peaks[0])) <= 127 for row in kept)
        assert all(storage.size(row.storage_key) == row.size_bytes for row in kept)
    assert Upload.objects.filter(state=UploadState.OPEN).count() == 2
    assert not Call.objects.filter(ended_at__gt=NOW).exists()


def test_a_call_lasts_as_long_as_its_recording(place: Path) -> None:
    make_demo(place)
    for row in Recording.objects.playable().select_related("call"):
        assert row.call.talk_ms == row.duration_ms
        assert row.call.has_audio
        hung_up = CallEvent.objects.filter(call=row.call_id, summary="Hung up").first()
        assert hung_up is None or hung_up.happened_at == row.call.ended_at


def test_one_recording_lasts_an_hour_and_costs_thirty_megabytes_at_most(place: Path) -> None:
    make_demo(place)
    [hour] = Recording.objects.filter(duration_ms=3_600_000)
    assert hour.size_bytes < 30_000_000
    assert 0.02 < hour.silence_share < 0.5
    assert len(hour.peaks[0]) == 1800


def test_audio_is_kept_as_long_as_the_demos_rule_says(place: Path) -> None:
    make_demo(place)
    assert RetentionRule.objects.get().days == 90
    row = Recording.objects.for_tenant(Tenant.objects.get(slug="demo")).playable().select_related("call").first()
    assert timedelta(days=90) < row.retain_until - row.call.started_at <= timedelta(days=91, hours=1)


def test_a_full_disk_is_no_reason_to_have_no_demo(place: Path, monkeypatch: Any) -> None:
    def full(*args: Any) -> None:
        raise NoRoom("The disk is full.")

    monkeypatch.setattr(recordings.storage, "put", full)
    assert "Björkdalens Vårdcentral: no more recordings. The disk is full." in make_demo(place)
    assert Call.objects.count() == 400
    assert not Recording.objects.filter(state=RecordingState.STORED).exists()
    assert not CallEvent.objects.filter(kind=EventKind.RECORDING_STORED).exists()


def test_telephones_code_loses_little() -> None:
    sound = voices.conversation(4, 3)
    file = io.BytesIO(b"".join(voices.wav([voices.mulaw(sound)], 2)))
    with av.open(file) as audio:  # a decoder of another hand
        frames = [frame.to_ndarray() for frame in audio.decode(audio=0)]
    heard = np.concatenate(frames, axis=1).reshape(-1, 2).T / 32768
    assert heard.shape == sound.shape
    assert np.abs(heard - sound * 32124 / 32768).max() < 0.03


def test_the_same_seed_says_the_same() -> None:
    assert voices.mulaw(voices.conversation(3, 7)) == voices.mulaw(voices.conversation(3, 7))
    assert voices.mulaw(voices.conversation(3, 7)) != voices.mulaw(voices.conversation(3, 8))
    assert abs(voices.conversation(20, 2)).max() < 0.9
