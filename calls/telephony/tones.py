"""The voices of the simulator: two tones that take turns, the near party on the left, the far one on the right."""

from __future__ import annotations

import wave
from typing import IO

import numpy as np

RATE = 8000
NEAR_HZ, FAR_HZ = 440, 880  # what the lab's telephones say
TURN_S = 1.0
LOUDNESS = 0.3
BLOCK_S = 60


def write_conversation(into: IO[bytes], length_ms: int, *, near_speaks: bool, far_speaks: bool) -> int:
    """Write a stereo WAV (8 kHz, 16 bit) of this length; its size in bytes. A minute at a time is in memory."""
    frames = length_ms * RATE // 1000
    with wave.open(into, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for start in range(0, frames, BLOCK_S * RATE):
            file.writeframes(_block(start, min(BLOCK_S * RATE, frames - start), near_speaks, far_speaks))
    return into.seek(0, 2)


def _block(start: int, frames: int, near_speaks: bool, far_speaks: bool) -> bytes:
    seconds = (start + np.arange(frames)) / RATE
    turn = (seconds // TURN_S).astype(int) % 2
    syllables = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * seconds)  # about as fast as people speak
    near = np.sin(2 * np.pi * NEAR_HZ * seconds) * syllables * (turn == 0) * near_speaks
    far = np.sin(2 * np.pi * FAR_HZ * seconds) * syllables * (turn == 1) * far_speaks
    samples = np.stack([near, far], axis=1) * LOUDNESS * 32767
    return samples.astype("<i2").tobytes()
