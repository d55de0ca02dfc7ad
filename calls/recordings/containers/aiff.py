"""AIFF and AIFF-C, as Macs write them (Apple, Audio Interchange File Format 1.3)."""

from __future__ import annotations

from calls.recordings.containers.base import Sniffed, Source, check_complete

_CODECS = frozenset("pcm_s8 pcm_u8 pcm_s16be pcm_s16le pcm_s24be pcm_s32be pcm_mulaw pcm_alaw".split())


def looks_like(head: bytes) -> bool:
    """Whether the bytes begin like AIFF."""
    return head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")


def sniff(source: Source) -> Sniffed:
    """Read how long the form says it is; 0 is what a recorder leaves that was killed."""
    declared = int.from_bytes(source.head[4:8], "big")
    if declared:
        check_complete(declared, source.size - 8)
    return Sniffed(container="aiff", demuxer="aiff", mime="audio/aiff", codecs=_CODECS)
