"""Whether two recordings are of the same speech: by the curve of their loudness."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

STEPS_A_SECOND = 50


def likeness(one: Path, other: Path) -> float:
    """The best correlation of the two curves, over shifts of up to two seconds."""
    first, second = _loudness(one), _loudness(other)
    shifts = range(2 * STEPS_A_SECOND)
    return max(max(_correlation(first[n:], second), _correlation(first, second[n:])) for n in shifts)


def _loudness(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16).astype(float)
        step = file.getframerate() // STEPS_A_SECOND
    parts = samples[: len(samples) // step * step].reshape(-1, step)
    return np.sqrt((parts**2).mean(axis=1))


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    length = min(len(one), len(other))
    return float(np.corrcoef(one[:length], other[:length])[0, 1]) if length > STEPS_A_SECOND else 0.0
