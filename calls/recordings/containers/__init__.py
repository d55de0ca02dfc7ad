"""What a file is, by its bytes and never by its name: each module reads one container, bounded, without decoding.

A new container is one module with ``sniff`` and one line in ``sniff`` below.
"""

from __future__ import annotations

import filetype

from calls.recordings.containers import aiff, amr, au, caf, flac, g722, gsm, mp4, mpeg, ogg, wav, webm
from calls.recordings.containers.base import Sniffed, Source, empty, not_allowed, not_audio
from calls.recordings.types import RAW_G722

__all__ = ["Sniffed", "Source", "sniff"]


def sniff(source: Source, declared_mime: str = "") -> Sniffed:
    """The container of a file that begins, goes on and ends like one. Raises ``AudioRefused``.

    ``declared_mime`` is what the sender calls it, asked only where the bytes have no mark of their
    own.
    """
    head = source.head
    if not source.size:
        raise empty()
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return wav.sniff(source)
    if head[:4] == b"RIFF" and head[8:12] == b"RMP3":
        return mpeg.sniff(source, wav.HEAD_BYTES)
    if head.startswith(b"OggS"):
        return ogg.sniff(source)
    if head.startswith(b"fLaC"):
        return flac.sniff(source)
    if head[4:8] == b"ftyp":
        return mp4.sniff(source)
    if amr.looks_like(head):
        return amr.sniff(source)
    for container in (aiff, au, caf, webm):
        if container.looks_like(head):
            return container.sniff(source)
    if mpeg.looks_like(head):
        return mpeg.sniff(source)
    kind = filetype.guess(head)
    if kind is None and declared_mime == RAW_G722:
        return g722.sniff(source)
    if kind is None and gsm.looks_like(head):
        return gsm.sniff(source)
    if kind is None:
        return mpeg.sniff_after_junk(source)
    if kind.mime.startswith(("audio/", "video/")):
        raise not_allowed(kind.mime)
    raise not_audio(f"it begins like {kind.mime}")
