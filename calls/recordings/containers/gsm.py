"""GSM 06.10 without a container, as Asterisk writes it: frames of 33 bytes, 20 ms each (RFC 3551 §4.5.8.1)."""

from __future__ import annotations

from calls.recordings.containers.base import Sniffed, Source

_FRAME_BYTES, _FRAME_MS = 33, 20
_SIGNATURE = 0xD0  # the first four bits of every frame
_FEWEST_FRAMES = 5


def looks_like(head: bytes) -> bool:
    """Whether each frame of the head has the signature."""
    starts = head[::_FRAME_BYTES]
    return len(starts) >= _FEWEST_FRAMES and all(byte & 0xF0 == _SIGNATURE for byte in starts)


def sniff(source: Source) -> Sniffed:
    """Count the frames; a last one that is cut is left out."""
    duration_ms = source.size // _FRAME_BYTES * _FRAME_MS
    codecs = frozenset({"gsm"})
    return Sniffed(container="gsm", demuxer="gsm", mime="audio/gsm", codecs=codecs, duration_ms=duration_ms)
