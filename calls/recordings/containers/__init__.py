"""What a file is, by its bytes and never by its name: each module reads one container, bounded, without decoding.

A new container is one module with ``sniff`` and one line in ``sniff`` below.
"""

from __future__ import annotations

import filetype

from calls.recordings.containers import amr, flac, mp4, mpeg, ogg, wav
from calls.recordings.containers.base import Sniffed, Source, empty, not_allowed, not_audio

__all__ = ["Sniffed", "Source", "sniff"]


def sniff(source: Source) -> Sniffed:
    """The container of a file that begins, goes on and ends like one. Raises ``AudioRefused``."""
    head = source.head
    if not source.size:
        raise empty()
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return wav.sniff(source)
    if head.startswith(b"OggS"):
        return ogg.sniff(source)
    if head.startswith(b"fLaC"):
        return flac.sniff(source)
    if head[4:8] == b"ftyp":
        return mp4.sniff(source)
    if amr.looks_like(head):
        return amr.sniff(source)
    if mpeg.looks_like(head):
        return mpeg.sniff(source)
    kind = filetype.guess(head)
    if kind is None:
        raise not_audio("it begins like nothing known")
    if kind.mime.startswith(("audio/", "video/")):
        raise not_allowed(kind.mime)
    raise not_audio(f"it begins like {kind.mime}")
