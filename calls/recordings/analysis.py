"""Listening to a recording: what can be heard without understanding a word. Decoding happens in the jail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from calls.recordings import jail
from calls.recordings.containers import Source, sniff

_LEAST_CPU_SECONDS, _MOST_CPU_SECONDS = 10.0, 45.0  # a task ends after 60 s
_WALL_SECONDS = 48.0
_CPU_SECONDS_PER_MINUTE = 1.0  # of sound; Opus in stereo, the slowest, takes a tenth of that
_MEMORY_BYTES = 160 * 1024 * 1024  # on top of the code of decoder and NumPy


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What was heard, under the names of ``Recording``'s columns. Shares are of the duration, between 0 and 1.

    ``loudness_dbfs`` is the level of what is not silence, None where all is. The talk shares are None for mono and for stereo
    whose sides are the same. ``peaks`` has per channel (two at most) up to 1,800 numbers between -127 and 127.
    """

    duration_ms: int
    loudness_dbfs: float | None
    silence_share: float
    longest_silence_ms: int
    talk_share_left: float | None
    talk_share_right: float | None
    overtalk_share: float | None
    peaks: list[list[int]]


def cpu_seconds_for(duration_ms: int) -> float:
    """How much processor time decoding so much sound may take."""
    return min(_MOST_CPU_SECONDS, _LEAST_CPU_SECONDS + duration_ms / 60_000 * _CPU_SECONDS_PER_MINUTE)


def analyse(path: Path, duration_ms: int, mime: str = "") -> Analysis:
    """Listen to an audio file that was probed; ``duration_ms`` and ``mime`` are what the probe said.

    Raises ``AudioRefused`` (``hostile`` where it takes longer than such a file should; the audio stays playable, without a
    waveform) and ``jail.JailTrouble``, after which the same file may be tried again.
    """
    with open(path, "rb") as file:
        demuxer = sniff(Source(file), mime).demuxer
        told = jail.run(
            "analyse",
            file,
            cpu_seconds=cpu_seconds_for(duration_ms),
            memory_bytes=_MEMORY_BYTES,
            wall_seconds=_WALL_SECONDS,
            demuxer=demuxer,
        )
    return Analysis(**told)
