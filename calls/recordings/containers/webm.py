"""WebM and Matroska with Opus or Vorbis, as browsers record (RFC 9559).

A live recording has no length: it lasts as long as its packets.
"""

from __future__ import annotations

from calls.recordings.containers.base import Sniffed, Source

_CODECS = frozenset({"opus", "vorbis"})


def looks_like(head: bytes) -> bool:
    """Whether the bytes begin like EBML (RFC 8794 §11.2.1)."""
    return head.startswith(b"\x1a\x45\xdf\xa3")


def sniff(source: Source) -> Sniffed:
    """Leave it to the demuxer: sizes of live recordings are unknown by design."""
    del source
    return Sniffed(container="webm", demuxer="matroska", mime="audio/webm", codecs=_CODECS)
