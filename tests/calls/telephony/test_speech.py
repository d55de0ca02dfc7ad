"""Messages become what a telephone can play."""

from __future__ import annotations

import io
import stat
import wave
from uuid import uuid4

import pytest

from calls.telephony.base import Message, TelephonyError
from calls.telephony.speech import LONGEST_TEXT, Espeak, Sounds, as_telephone_audio
from tests.asterisk import fetching
from tests.asterisk.tones import tone_share, write_tone

pytestmark = pytest.mark.once


def program(tmp_path, script: str) -> str:
    path = tmp_path / "speaker"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def tone_of(hertz: int, rate: int, channels: int, tmp_path) -> bytes:
    write_tone(tmp_path / "tone.wav", hertz)
    with wave.open(str(tmp_path / "tone.wav")) as file:
        frames = file.readframes(file.getnframes())
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels), file.setsampwidth(2), file.setframerate(rate)
        file.writeframes(b"".join(frames[n : n + 2] * channels for n in range(0, len(frames), 2)))
    return out.getvalue()


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 1), (8000, 2), (44100, 2)])
def test_any_audio_becomes_telephone_audio(tmp_path, rate, channels):
    path = tmp_path / "out.wav"
    path.write_bytes(as_telephone_audio(tone_of(440, rate, channels, tmp_path)))
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        assert file.getnframes() / 8000 == pytest.approx(16000 / rate, abs=0.02)
    assert tone_share(path, 440 * rate // 8000 if rate <= 16000 else 2425) > 0.85


@pytest.mark.parametrize("audio", [b"", b"not audio", b"RIFF\x00\x00\x00\x00WAVE"])
def test_refuses_what_is_no_audio(audio):
    with pytest.raises(TelephonyError, match="not audio"):
        as_telephone_audio(audio)


def test_a_message_is_made_once_and_removed_at_the_end(tmp_path):
    sounds, order_id = Sounds(tmp_path / "sounds"), uuid4()
    (tmp_path / "sounds").mkdir()
    (tmp_path / "hello.wav").write_bytes(tone_of(440, 8000, 1, tmp_path))
    message = Message(file=tmp_path / "hello.wav")
    path = sounds.prepare(order_id, message, None)
    (tmp_path / "hello.wav").unlink()
    assert sounds.prepare(order_id, message, None) == path
    assert [file.name for file in (tmp_path / "sounds").iterdir()] == [f"{order_id.hex}.wav"]
    sounds.remove(order_id)
    sounds.remove(order_id)
    assert not path.exists()


def test_text_is_never_taken_for_an_option(tmp_path):
    speaker = Espeak(program(tmp_path, f'echo "$@" > {tmp_path}/options; cat > {tmp_path}/text'))
    speaker.say("--path=/etc; $(id)", "sv")
    assert (tmp_path / "text").read_text() == "--path=/etc; $(id)"
    assert "--path" not in (tmp_path / "options").read_text()


@pytest.mark.parametrize(("language", "voice"), [("sv", "sv"), ("pt-BR", "pt-br"), ("../../etc", "en"), ("--stdin", "en")])
def test_a_language_is_a_language_or_english(tmp_path, language, voice):
    Espeak(program(tmp_path, f'echo "$2" > {tmp_path}/voice; cat > /dev/null')).say("Hi", language)
    assert (tmp_path / "voice").read_text().strip() == voice


@pytest.mark.parametrize("script", ["exit 1", "exec /nonexistent"])
def test_an_engine_that_fails_is_a_passing_trouble(tmp_path, script):
    with pytest.raises(TelephonyError) as trouble:
        Espeak(program(tmp_path, script)).say("Hi", "en")
    assert trouble.value.permanent is False


def test_refuses_a_speech():
    with pytest.raises(TelephonyError, match="characters at most"):
        Espeak("/bin/true").say("x" * (LONGEST_TEXT + 1), "en")


def test_without_an_engine_it_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TelephonyError, match="espeak-ng"):
        Espeak().say("Hi", "en")


@pytest.mark.requires("asterisk")
def test_espeak_speaks():
    audio = as_telephone_audio(Espeak(fetching.tool("espeak-ng")).say("Hi, Jane. This is a reminder.", "en"))
    assert len(audio) > 16_000
    assert max(audio[44:]) > 0
