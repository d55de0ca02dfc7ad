"""FLAC (RFC 9639)."""

from __future__ import annotations

from calls.recordings.containers.base import Sniffed, Source, check_sane, cut_off, empty, not_audio

_MOST_BLOCKS = 128
_STREAMINFO_BYTES = 34


def sniff(source: Source, start: int = 0) -> Sniffed:
    """Read the stream's facts and walk its metadata to the first frame."""
    info = source.at(start + 8, _STREAMINFO_BYTES)
    header = source.at(start + 4, 4)
    if len(info) < _STREAMINFO_BYTES or header[0] & 0x7F or int.from_bytes(header[1:], "big") != _STREAMINFO_BYTES:
        raise not_audio("its FLAC header is broken")
    packed = int.from_bytes(info[10:18], "big")
    rate, channels, samples = packed >> 44, (packed >> 41 & 7) + 1, packed & (1 << 36) - 1
    check_sane(channels, rate)
    frames = _skip_metadata(source, start + 4)
    if frames >= source.size:
        raise empty()
    declared_ms = samples * 1000 // rate if samples else None
    return Sniffed(container="flac", demuxer="flac", mime="audio/flac", codecs=frozenset({"flac"}), declared_ms=declared_ms)


def _skip_metadata(source: Source, offset: int) -> int:
    """Where the frames begin."""
    for _ in range(_MOST_BLOCKS):
        header = source.at(offset, 4)
        if len(header) < 4:
            raise empty()
        length = int.from_bytes(header[1:], "big")
        offset += 4 + length
        if offset > source.size:
            raise cut_off(offset - source.size)
        if header[0] & 0x80:
            return offset
    raise not_audio("its FLAC header never ends")
