"""Spoken messages: text becomes the audio an exchange plays (WAV, 8 kHz, 16 bit, mono)."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import threading
import wave
from pathlib import Path
from typing import Protocol
from uuid import UUID

from calls.telephony.base import Message, TelephonyError

RATE = 8000
LONGEST_TEXT = 4000
LONGEST_RUN_S = 30
WORDS_A_MINUTE = 150
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,2}")


class Speech(Protocol):
    """An engine that speaks."""

    def say(self, text: str, language: str) -> bytes:
        """The text as audio of any kind that PyAV reads. Raises ``TelephonyError``."""


class Espeak:
    """espeak-ng, free and everywhere; ``command`` is the program, found on PATH when not given."""

    def __init__(self, command: str = "") -> None:
        self._command = command or shutil.which("espeak-ng") or shutil.which("espeak") or ""

    @property
    def is_here(self) -> bool:
        """Whether there is a program to run."""
        return bool(self._command)

    def say(self, text: str, language: str) -> bytes:
        if not self.is_here:
            raise TelephonyError("no speech engine is installed (espeak-ng)")
        if len(text) > LONGEST_TEXT:
            raise TelephonyError(f"a message has {LONGEST_TEXT} characters at most")
        voice = language.lower() if _LANGUAGE.fullmatch(language.lower()) else "en"
        command = [self._command, "-v", voice, "-s", str(WORDS_A_MINUTE), "--stdin", "--stdout"]
        try:  # by standard input, so that no text is taken for an option
            spoken = subprocess.run(command, input=text.encode(), capture_output=True, timeout=LONGEST_RUN_S, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise TelephonyError("the speech engine failed", permanent=False) from error
        return spoken.stdout


class Sounds:
    """A folder that the exchange reads as ``sound:callhub/``; one file per order, named by its id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def media(order_id: UUID) -> str:
        """What the exchange calls the order's message."""
        return f"sound:callhub/{order_id.hex}"

    def prepare(self, order_id: UUID, message: Message, speech: Speech | None) -> Path:
        """Make sure of the order's message. Raises ``TelephonyError`` when it cannot be spoken or read."""
        path = self._path(order_id)
        if path.exists():
            return path
        if message.file:
            audio = message.file.read_bytes()
        elif speech:
            audio = speech.say(message.text, message.language)
        else:
            raise TelephonyError("no speech engine is chosen")
        new = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.new")
        new.write_bytes(as_telephone_audio(audio))
        new.chmod(0o644)  # the exchange is another user
        new.replace(path)  # never half a message
        return path

    def remove(self, order_id: UUID) -> None:
        """The call is over; gone already is as good."""
        self._path(order_id).unlink(missing_ok=True)

    def _path(self, order_id: UUID) -> Path:
        return self._folder / f"{order_id.hex}.wav"


def as_telephone_audio(audio: bytes) -> bytes:
    """Any audio as WAV, 8 kHz, 16 bit, mono. Raises ``TelephonyError`` when it is none."""
    import av  # late: large, and only who speaks needs it

    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    samples = bytearray()
    try:
        with av.open(io.BytesIO(audio), mode="r") as source:
            for frame in source.decode(audio=0):
                samples += b"".join(part.to_ndarray().tobytes() for part in resampler.resample(frame))
            samples += b"".join(part.to_ndarray().tobytes() for part in resampler.resample(None))
    except (av.FFmpegError, IndexError) as error:
        raise TelephonyError("the message is not audio") from error
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(samples))
    return out.getvalue()
