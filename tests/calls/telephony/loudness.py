"""What is heard in recordings: whether two are of the same speech, by the curve of their loudness; which tones, and when."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from tests.asterisk.tones import tone_share

STEPS_A_SECOND = 50


def likeness(one: Path, other: Path) -> float:
    """The best correlation of the two curves, over shifts of up to two seconds."""
    first, second = _loudness(one), _loudness(other)
    shifts = range(2 * STEPS_A_SECOND)
    return max(max(_correlation(first[n:], second), _correlation(first, second[n:])) for n in shifts)


def tones(path: Path, wanted: list[int]) -> list[int]:
    """The tones of ``wanted`` in the order they are heard, each as long as nothing else is."""
    heard, at = [], 0.0
    while at < 30:
        loudest = max(set(wanted), key=lambda hertz: tone_share(path, hertz, after=at, until=at + 0.4))
        if tone_share(path, loudest, after=at, until=at + 0.4) > 0.8 and heard[-1:] != [loudest]:
            heard.append(loudest)
        at += 0.2
    return heard


def _loudness(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16).astype(float)
        step = file.getframerate() // STEPS_A_SECOND
    parts = samples[: len(samples) // step * step].reshape(-1, step)
    return np.sqrt((parts**2).mean(axis=1))


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    length = min(len(one), len(other))
    return float(np.corrcoef(one[:length], other[:length])[0, 1]) if length > STEPS_A_SECOND else 0.0
