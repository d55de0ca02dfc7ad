"""What is heard agrees with what was put in: within 40 ms at each edge, 0.2 dB, and one step of the waveform."""

from __future__ import annotations

import resource

import numpy as np
import pytest

from calls.models import Recording
from calls.recordings.analysis import Analysis, analyse
from calls.recordings.errors import AudioRefused
from tests.calls.recordings.audio import ENCODED, encode, encoded, silence, tone, wav, wav_header
from tests.calls.recordings.conftest import peak_mib

pytestmark = pytest.mark.once
EDGE = 0.04  # seconds: two frames


@pytest.fixture
def hear(tmp_path):
    def listen(data: bytes) -> Analysis:
        path = tmp_path / "sound"
        path.write_bytes(data)
        return analyse(path, 60_000)

    return listen


def about(share: float, seconds: float) -> object:
    return pytest.approx(share, abs=2 * EDGE / seconds)


def test_hears_silence_and_its_longest_stretch(hear):
    heard = hear(wav(np.concatenate([tone(2), silence(1), tone(3), silence(4)])))
    assert heard.duration_ms == 10_000
    assert heard.silence_share == about(0.5, 10)
    assert heard.longest_silence_ms == pytest.approx(4000, abs=40)
    assert (heard.talk_share_left, heard.talk_share_right, heard.overtalk_share) == (None, None, None)


def test_hears_who_talks_and_who_interrupts(hear):
    left = np.concatenate([tone(4), silence(6)])
    right = np.concatenate([silence(3), tone(5), silence(2)])
    heard = hear(wav(left, right))
    assert heard.talk_share_left == about(0.4, 10)
    assert heard.talk_share_right == about(0.5, 10)
    assert heard.overtalk_share == about(0.1, 10)
    assert heard.silence_share == about(0.2, 10)


@pytest.mark.parametrize(("level", "dbfs"), [(1.0, -3.0), (0.5, -9.0), (0.1, -23.0), (0.01, -43.0)])
def test_hears_how_loud_it_is_whatever_is_silent(hear, level, dbfs):
    heard = hear(wav(np.concatenate([tone(2, level=level), silence(3)])))
    assert heard.loudness_dbfs == pytest.approx(dbfs, abs=0.2)


def test_pure_silence_has_no_loudness(hear):
    heard = hear(wav(silence(2)))
    assert (heard.loudness_dbfs, heard.silence_share, heard.longest_silence_ms) == (None, 1.0, 2000)


def test_noise_below_the_threshold_is_silence(hear):
    hiss = np.random.default_rng(1).normal(0, 0.002, 16_000)  # -54 dBFS
    assert hear(wav(hiss)).silence_share == 1.0


def test_a_breath_is_no_silence_and_a_click_no_talk(hear):
    breath = hear(wav(np.concatenate([tone(1), silence(0.2), tone(1)])))
    assert (breath.silence_share, breath.longest_silence_ms) == (0.0, 0)
    click = hear(wav(np.concatenate([silence(1), tone(0.02), silence(1)])))
    assert click.silence_share == 1.0


def test_the_same_sound_on_both_sides_is_nobodys_over_talk(hear):
    heard = hear(wav(tone(2), tone(2)))
    assert (heard.talk_share_left, heard.overtalk_share) == (None, None)
    assert len(heard.peaks) == 2


def test_the_waveform_shows_each_channel(hear):
    heard = hear(wav(tone(60, level=0.5), np.concatenate([silence(30), tone(30, level=1.0)])))
    left, right = (np.abs(points) for points in heard.peaks)
    assert len(left) == len(right) == 1800
    assert set(left) <= {63, 64}
    assert set(right[:895]) == {0}
    assert set(right[905:]) == {127}
    assert all(type(point) is int and -127 <= point <= 127 for channel in heard.peaks for point in channel)


def test_a_short_sound_has_a_point_for_each_20_ms(hear):
    assert [len(points) for points in hear(wav(tone(1))).peaks] == [50]


def test_samples_that_fill_no_frame_count_as_well(hear):
    heard = hear(wav(tone(0.035)))
    assert heard.duration_ms == 35
    assert len(heard.peaks[0]) == 2


@pytest.mark.parametrize("name", ENCODED)
def test_hears_every_format(hear, name):
    heard = hear(encoded(name))
    assert heard.duration_ms == pytest.approx(3000, abs=100)
    assert heard.loudness_dbfs == pytest.approx(-9, abs=2 if name == "amr" else 0.6)  # AMR is made for voices
    assert heard.silence_share < 0.03
    assert max(np.abs(heard.peaks[0])) == pytest.approx(64, abs=9)


@pytest.mark.parametrize("name", ["mp3", "opus.ogg", "vorbis.ogg", "m4a"])
def test_hears_both_sides_of_compressed_stereo(hear, name):
    rate = {"mp3": 16_000, "opus.ogg": 48_000}.get(name, 44_100)
    left = np.concatenate([tone(5, rate=rate), silence(5, rate=rate)])
    right = np.concatenate([silence(4, rate=rate), tone(6, rate=rate)])
    heard = hear(encode(name, [left, right]))
    assert heard.talk_share_left == pytest.approx(0.5, abs=0.03)
    assert heard.talk_share_right == pytest.approx(0.6, abs=0.03)
    assert heard.overtalk_share == pytest.approx(0.1, abs=0.03)


def test_eight_bits_and_many_channels(hear):
    heard = hear(wav_header(8000, bits=8) + bytes([128]) * 8000)
    assert heard.silence_share == 1.0
    assert len(hear(wav(*[tone(1)] * 4)).peaks) == 2


def test_the_names_are_those_of_the_columns(hear):
    columns = {field.name for field in Recording._meta.get_fields()}
    assert set(Analysis.__dataclass_fields__) <= columns


def test_an_hour_takes_little_memory_and_a_few_seconds(tmp_path):
    path = tmp_path / "hour.wav"
    minute = wav(np.concatenate([tone(30), silence(30)]), silence(60))[44:]
    with path.open("wb") as file:
        file.write(wav_header(len(minute) * 60, channels=2))
        for _ in range(60):
            file.write(minute)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    heard = analyse(path, 3_600_000)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert heard.duration_ms == 3_600_000
    assert heard.talk_share_left == pytest.approx(0.5, abs=0.002)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10
    code = "from pathlib import Path; from calls.recordings.analysis import analyse; analyse(Path(sys.argv[1]), 3_600_000)"
    assert 40 < peak_mib(code, path) < 200


def test_what_decodes_to_nothing_is_empty(tmp_path):
    path = tmp_path / "sound"
    path.write_bytes(wav_header(0) + b"")
    with pytest.raises(AudioRefused) as refused:
        analyse(path, 1000)
    assert refused.value.code == "empty_audio"


def test_damage_in_the_middle_is_left_out(hear):
    data = bytearray(encoded("mp3"))
    data[len(data) // 2 : len(data) // 2 + 500] = bytes(500)
    assert hear(bytes(data)).duration_ms == pytest.approx(3000, abs=300)
