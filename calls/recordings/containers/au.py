"""AU, the audio of Sun and NeXT (audio/basic, RFC 2046 §4.3, is its oldest kind)."""

from __future__ import annotations

import struct

from calls.recordings.containers.base import Sniffed, Source, check_complete, not_audio

_UNKNOWN_LENGTH = 0xFFFFFFFF
_CODECS = frozenset("pcm_mulaw pcm_alaw pcm_s8 pcm_s16be pcm_s24be pcm_s32be pcm_f32be".split())


def looks_like(head: bytes) -> bool:
    """Whether the bytes begin like AU."""
    return head.startswith(b".snd")


def sniff(source: Source) -> Sniffed:
    """Read where the sound begins and how long it says it is."""
    if len(source.head) < 24:
        raise not_audio("its AU header is cut short")
    start, declared = struct.unpack(">II", source.head[4:12])
    if declared != _UNKNOWN_LENGTH:
        check_complete(declared, source.size - start)
    return Sniffed(container="au", demuxer="au", mime="audio/basic", codecs=_CODECS)
