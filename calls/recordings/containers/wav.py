"""WAV: RIFF and RF64 with PCM, G.711, GSM 6.10, ADPCM, G.722, G.726 or MP3.

Microsoft's Multimedia Programming Interface 1.0 and its registered formats (RFC 2361); EBU Tech
3306.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from calls.recordings.containers.base import (
    MOST_PARTS,
    Sniffed,
    Source,
    check_complete,
    check_sane,
    empty,
    not_allowed,
    not_audio,
)

_PCM, _FLOAT, _ALAW, _MULAW, _GSM, _EXTENSIBLE = 1, 3, 6, 7, 0x31, 0xFFFE
_BITS = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64)}
_G711 = (_ALAW, _MULAW)
# Their length is counted by the decoder: MS and IMA ADPCM, G.726, MP3, G.722.
_COUNTED = (0x02, 0x11, 0x45, 0x55, 0x028F)
HEAD_BYTES = 20  # of a RIFF header and one chunk's
_GSM_BLOCK, _GSM_SAMPLES = 65, 320
_LONG = 1 << 32  # from here on a length is one of RF64, and meant
# Lengths that mean "I was writing to a pipe" or "I was killed": 0, and whatever a recorder takes
# for the most there is, such as 0x7FFFF000, 0x7FFFFFFF or 0xFFFFFFFF, with or without the header.
# No recording that is taken is as long.
_SHORTEST_PLACEHOLDER = 0x7FFF_0000
_CODECS = frozenset(
    "pcm_u8 pcm_s16le pcm_s24le pcm_s32le pcm_f32le pcm_f64le pcm_mulaw pcm_alaw gsm_ms"
    " adpcm_ms adpcm_ima_wav adpcm_g722 adpcm_g726 mp3".split()
)


@dataclass(frozen=True, kw_only=True)
class _Format:
    tag: int
    channels: int
    sample_rate_hz: int
    block_bytes: int

    def duration_ms(self, length: int) -> int | None:
        """How long so many bytes of sound last; None where only decoding tells."""
        if self.tag in _COUNTED:
            return None
        samples = length // self.block_bytes * (_GSM_SAMPLES if self.tag == _GSM else 1)
        return samples * 1000 // self.sample_rate_hz


def sniff(source: Source) -> Sniffed:
    """Read the chunks up to the sound, and how much of that is really there."""
    layout, long_length, offset = None, None, 12
    for _ in range(MOST_PARTS):
        header = source.at(offset, 8)
        if len(header) < 8:
            break
        name, length = struct.unpack("<4sI", header)
        start = offset + 8
        if name == b"fmt ":
            layout = _read_format(source.at(start, min(length, 40)))
        elif name == b"ds64":
            long_length = _long_length(source.at(start, 24))
        elif name == b"data":
            return _measured(layout, long_length if length == 0xFFFFFFFF and long_length else length, source.size - start)
        offset = start + length + length % 2
    if layout is None:
        raise not_audio("it has a WAV header without a format")
    raise empty()


def _measured(layout: _Format | None, declared: int, there: int) -> Sniffed:
    if layout is None:
        raise not_audio("it has a WAV header without a format")
    if there <= 0:
        raise empty()
    if declared == 0 or there < _SHORTEST_PLACEHOLDER <= declared < _LONG:
        declared = there
    check_complete(declared, there)
    duration_ms = layout.duration_ms(min(declared, there))
    return Sniffed(container="wav", demuxer="wav", mime="audio/wav", codecs=_CODECS, duration_ms=duration_ms)


def _read_format(chunk: bytes) -> _Format:
    if len(chunk) < 16:
        raise not_audio("its format chunk is cut short")
    tag, channels, rate, _byte_rate, block, bits = struct.unpack("<HHIIHH", chunk[:16])
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        tag = struct.unpack("<H", chunk[24:26])[0]
    check_sane(channels, rate)
    if tag in _G711:  # one byte a sample, whatever the header says: copied writers keep the fields of 16-bit PCM
        block = channels
    elif tag in _BITS:
        _check_block(block == channels * bits // 8 and bits in _BITS[tag])
    elif tag == _GSM:
        _check_block(block == _GSM_BLOCK)
    elif tag not in _COUNTED:
        raise not_allowed(f"WAV with the codec 0x{tag:04x}")
    return _Format(tag=tag, channels=channels, sample_rate_hz=rate, block_bytes=block)


def _check_block(is_sound: bool) -> None:
    if not is_sound:
        raise not_audio("its format chunk contradicts itself")


def _long_length(chunk: bytes) -> int | None:
    return int(struct.unpack("<Q", chunk[8:16])[0]) if len(chunk) >= 16 else None
