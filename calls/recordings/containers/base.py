"""What the readers of containers share: bounded reading, and what they find."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from calls.choices import AudioRefusal
from calls.recordings.errors import AudioRefused

HEAD_BYTES = TAIL_BYTES = 64 * 1024
MOST_CHANNELS = 8
SAMPLE_RATES = range(4_000, 192_001)
MOST_PARTS = 20_000  # chunks or atoms of one file that are looked at


@dataclass(frozen=True, kw_only=True)
class Sniffed:
    """What the bytes say they are, before anything decodes them.

    ``duration_ms`` is exact where the structure alone tells; ``declared_ms`` is what a header promises, to be checked.
    """

    container: str
    demuxer: str
    mime: str
    codecs: frozenset[str]
    duration_ms: int | None = None
    declared_ms: int | None = None


class Source:
    """A file that is read a few bytes at a time, anywhere."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = os.fstat(file.fileno()).st_size
        self.head = self.at(0, HEAD_BYTES)

    def at(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes from ``offset``; none past the end, however far."""
        if offset >= self.size:
            return b""
        self.file.seek(offset)
        return self.file.read(length)

    def tail(self, length: int = TAIL_BYTES) -> bytes:
        """The last bytes."""
        return self.at(max(0, self.size - length), length)


def not_audio(detail: str) -> AudioRefused:
    """The refusal of what is no audio, or broken beyond reading."""
    return AudioRefused(AudioRefusal.NOT_AUDIO, f"The file is not audio: {detail}.")


def empty() -> AudioRefused:
    """The refusal of a file with no sound in it."""
    return AudioRefused(AudioRefusal.EMPTY_AUDIO, "There is no sound in the file.")


def not_allowed(what: str) -> AudioRefused:
    """The refusal of audio or video of a kind that is not taken."""
    return AudioRefused(
        AudioRefusal.TYPE_NOT_ALLOWED,
        f"{what} is not accepted. Send WAV, MP3, Ogg, WebM, FLAC, M4A, 3GP, AAC, AMR, AIFF, AU, CAF or GSM.",
    )


def cut_off(missing_bytes: int) -> AudioRefused:
    """The refusal of a file that ends before its header says."""
    return AudioRefused(
        AudioRefusal.TRUNCATED, f"The file is cut off: {missing_bytes} bytes that its header promises are missing."
    )


def check_complete(declared: int, there: int) -> None:
    """Refuse a part that is shorter than declared by more than 1 % (at most 64 KiB, at least 8 bytes)."""
    if declared - there > max(8, min(declared // 100, 64 * 1024)):
        raise cut_off(declared - there)


def check_sane(channels: int, sample_rate_hz: int) -> None:
    """Refuse headers no recorder writes."""
    if not 1 <= channels <= MOST_CHANNELS:
        raise not_audio(f"its header names {channels} channels")
    if sample_rate_hz not in SAMPLE_RATES:
        raise not_audio(f"its header names a sample rate of {sample_rate_hz} Hz")
