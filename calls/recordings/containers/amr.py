"""AMR, narrow and wide band (RFC 4867 §5)."""

from __future__ import annotations

from calls.recordings.containers.base import Sniffed, Source, cut_off, empty, not_allowed, not_audio

_TEXT = bytes([9, 10, 13, *range(32, 127)])
_NARROW, _WIDE = b"#!AMR\n", b"#!AMR-WB\n"
_FRAME_BYTES = {  # of each frame type, its header included; types that are missing may not occur
    _NARROW: dict(enumerate((13, 14, 16, 18, 20, 21, 27, 32, 6))) | {15: 1},
    _WIDE: dict(enumerate((18, 24, 33, 37, 41, 47, 51, 59, 61, 6))) | {14: 1, 15: 1},
}


def looks_like(head: bytes) -> bool:
    """Whether the bytes begin like AMR."""
    return head.startswith(b"#!AMR")


def sniff(source: Source) -> Sniffed:
    """Read the frames of the head one after the other."""
    magic = next((magic for magic in (_WIDE, _NARROW) if source.head.startswith(magic)), None)
    if magic is None:
        raise not_allowed("AMR of several channels")
    if source.size == len(magic):
        raise empty()
    if not source.head[len(magic) : 512].translate(None, _TEXT):
        raise not_audio("it begins like AMR and goes on as text")
    offset, sizes = len(magic), _FRAME_BYTES[magic]
    while offset < len(source.head):
        header = source.head[offset]
        if header & 0x83 or header >> 3 not in sizes:
            raise not_audio("its AMR frames are broken")
        offset += sizes[header >> 3]
    if offset > source.size:
        raise cut_off(offset - source.size)
    is_wide = magic == _WIDE
    return Sniffed(
        container="amr",
        demuxer="amr",
        mime="audio/amr-wb" if is_wide else "audio/amr",
        codecs=frozenset({"amr_wb" if is_wide else "amr_nb"}),
    )
