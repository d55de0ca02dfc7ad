"""Made-up voices: vowels and hisses strung together, so that a conversation can be heard where nobody ever spoke.

Everything comes out of NumPy in well under a second; µ-law at 8 kHz is what telephone exchanges record.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 8000
Samples = NDArray[np.float32]

# The first three formants of vowels (Hz), after Peterson and Barney 1952.
_VOWELS = [(730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240), (660, 1720, 2410)]
_WIDTHS = (90.0, 110.0, 170.0)
_LOUDNESS = (1.0, 0.5, 0.25)


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A person's: pitch in Hz, and how much longer or shorter their throat is than most."""

    pitch: float
    throat: float
    level: float = 0.34


AGENT = Voice(pitch=118.0, throat=1.0)
CALLER = Voice(pitch=196.0, throat=1.14, level=0.28)
OTHER = Voice(pitch=150.0, throat=1.07, level=0.4)


class Speaker:
    """Says sentences that mean nothing, by putting together syllables it has practised."""

    def __init__(self, voice: Voice, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._syllables = [self._syllable(voice, number) for number in range(24)]
        self._level = voice.level

    def say(self, seconds: float) -> Samples:
        """A sentence of about so many seconds: words of one to four syllables, quieter towards its end."""
        parts: list[Samples] = []
        length = 0
        while length < seconds * RATE:
            stress = np.float32(self._random.uniform(0.55, 1.0))
            for _ in range(self._random.integers(1, 5)):
                parts.append(self._syllables[self._random.integers(len(self._syllables))] * stress)
                length += len(parts[-1])
            parts.append(np.zeros(int(RATE * self._random.uniform(0.03, 0.12)), np.float32))
            length += len(parts[-1])
        spoken = np.concatenate(parts)
        return spoken * np.linspace(1.0, 0.6, len(spoken), dtype=np.float32) * np.float32(self._level)

    def _syllable(self, voice: Voice, number: int) -> Samples:
        """A consonant's hiss and a vowel that glides into another, with the pitch falling or rising a little."""
        count = int(RATE * self._random.uniform(0.11, 0.24))
        along = np.linspace(0.0, 1.0, count)
        pitch = voice.pitch * (1 + self._random.uniform(-0.12, 0.16) + self._random.uniform(-0.12, 0.06) * along)
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        begin, end = _VOWELS[number % len(_VOWELS)], _VOWELS[(number * 5 + 1) % len(_VOWELS)]
        formants = [voice.throat * (a + (b - a) * along * 0.5) for a, b in zip(begin, end, strict=True)]
        sound = np.zeros(count)
        for harmonic in range(1, int(3400 / voice.pitch)):
            tone = pitch * harmonic
            weight = sum(
                loud / (1 + ((tone - formant) / width) ** 2)
                for formant, width, loud in zip(formants, _WIDTHS, _LOUDNESS, strict=True)
            )
            sound += weight * np.sin(harmonic * phase) / harmonic**0.25
        sound *= np.minimum(1, np.minimum(along * 9, (1 - along) * 5)) / max(1e-9, np.abs(sound).max())
        hiss = np.diff(self._random.normal(0, 0.05, int(RATE * self._random.uniform(0.015, 0.06)) + 1))
        return np.concatenate([hiss, sound]).astype(np.float32)


def conversation(seconds: int, seed: int, *, pauses: bool = True) -> Samples:
    """Two people taking turns, one row each: sometimes one speaks into the other's sentence, once somebody looks something up."""
    random = np.random.default_rng(seed)
    speakers = [Speaker(AGENT, seed), Speaker(CALLER if seed % 2 else OTHER, seed + 1)]
    sound = np.zeros((2, seconds * RATE), np.float32)
    at, turn, search_at = int(0.4 * RATE), 0, seconds * RATE // 2
    while at < sound.shape[1] - RATE:
        spoken = speakers[turn].say(random.uniform(1.2, 5.5))[: sound.shape[1] - at]
        sound[turn, at : at + len(spoken)] += spoken
        at = max(0, at + len(spoken) + int(RATE * random.uniform(-0.9, 0.8)))
        turn = 1 - turn
        if pauses and at > search_at:
            at, pauses = at + int(RATE * min(9, seconds / 6)), False
    return sound


def hum(seconds: int) -> Samples:
    """A line on which nobody speaks."""
    quiet = np.random.default_rng(50).normal(0, 0.0006, seconds * RATE)
    return quiet.astype(np.float32)[np.newaxis]


def mulaw(sound: Samples) -> bytes:
    """The samples of all channels, interleaved, in the logarithmic code of telephony (ITU-T G.711 µ-law)."""
    linear = np.clip(sound.T * 32124, -32124, 32124).astype(np.int32).reshape(-1)
    magnitude = np.abs(linear) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(linear < 0, 0x80, 0)
    return (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8).tobytes()


def wav(parts: Sequence[bytes], channels: int) -> Iterator[bytes]:
    """A WAV of µ-law samples, piece by piece: an hour of a few minutes that come again and again costs no memory."""
    length = sum(map(len, parts))
    layout = struct.pack("<HHIIHHH", 7, channels, RATE, RATE * channels, channels, 8, 0)
    head = b"WAVEfmt " + struct.pack("<I", len(layout)) + layout + b"fact" + struct.pack("<II", 4, length // channels)
    head += b"data" + struct.pack("<I", length)
    yield b"RIFF" + struct.pack("<I", len(head) + length) + head
    yield from parts
