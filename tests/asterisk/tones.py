"""Tones: what each telephone says, so that a recording proves who was in it."""

from __future__ import annotations

import array
import math
import wave
from pathlib import Path

RATE = 8000


def write_tone(path: Path, hertz: int, seconds: int = 2) -> None:
    """A WAV file with one tone, as Asterisk reads it: 8 kHz, 16 bit, mono."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(array.array("h", _second(hertz)).tobytes() * seconds)


def write_alaw(path: Path, hertz: int) -> None:
    """One second of the same as raw A-law (G.711), as sipp plays it."""
    path.write_bytes(bytes(_alaw(sample) for sample in _second(hertz)))


def tone_share(path: Path, hertz: int, *, after: float = 0.0, until: float | None = None) -> float:
    """The share of the recording's energy at ``hertz`` (Goertzel), between two seconds of it.

    Taken from windows of a tenth of a second: late packets make a tone jump, which a long window takes for other tones.
    """
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        samples = array.array("h", file.readframes(file.getnframes()))
    samples = samples[int(after * rate) : None if until is None else int(until * rate)]
    turn, width = 2 * math.cos(2 * math.pi * hertz / rate), rate // 10
    found = total = 0.0
    for start in range(0, len(samples) - width + 1, width):
        last = before = 0.0
        for sample in samples[start : start + width]:
            last, before = sample + turn * last - before, last
            total += sample * sample
        found += (last * last + before * before - turn * last * before) / (width / 2)
    return found / total if total else 0.0


def _second(hertz: int) -> list[int]:
    return [round(9000 * math.sin(2 * math.pi * hertz * i / RATE)) for i in range(RATE)]


def _alaw(sample: int) -> int:
    sign = 0x80 if sample >= 0 else 0
    sample = min(abs(sample), 32635)
    exponent = max(0, sample.bit_length() - 8)
    mantissa = (sample >> (exponent + 3 if exponent else 4)) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55
