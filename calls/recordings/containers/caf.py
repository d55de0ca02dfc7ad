"""CAF, as iPhones and Macs record (Apple Core Audio Format Specification 1.0)."""

from __future__ import annotations

import struct

from calls.recordings.containers.base import MOST_PARTS, Sniffed, Source, check_complete, empty

_TO_THE_END = -1
_CODECS = frozenset(
    "pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_f32le pcm_f32be pcm_mulaw pcm_alaw alac aac opus adpcm_ima_qt".split()
)


def looks_like(head: bytes) -> bool:
    """Whether the bytes begin like CAF."""
    return head.startswith(b"caff")


def sniff(source: Source) -> Sniffed:
    """Walk the chunks up to the sound, and whether all of it is there."""
    offset = 8
    for _ in range(MOST_PARTS):
        header = source.at(offset, 12)
        if len(header) < 12:
            break
        name, length = struct.unpack(">4sq", header)
        if name == b"data":
            if length != _TO_THE_END:
                check_complete(length, source.size - offset - 12)
            return Sniffed(container="caf", demuxer="caf", mime="audio/x-caf", codecs=_CODECS)
        if length < 0:
            break
        offset += 12 + length
    raise empty()
