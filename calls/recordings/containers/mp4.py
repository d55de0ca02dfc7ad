"""MP4, M4A and 3GP with AAC, Opus, ALAC, MP3 or AMR (ISO/IEC 14496-12, 3GPP TS 26.244)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from calls.recordings.containers.base import MOST_PARTS, Sniffed, Source, check_complete, cut_off, not_audio

_CODECS = frozenset({"aac", "opus", "alac", "mp3", "amr_nb", "amr_wb"})


def sniff(source: Source) -> Sniffed:
    """Walk the outermost atoms: are they whole, and is there a table of contents."""
    names = []
    for name, length, there in _atoms(source):
        names.append(name)
        check_complete(length, there)
    if b"moov" not in names:
        if b"mdat" in names:  # a recorder that was killed: without the table nobody can find the sound
            raise cut_off(1)
        raise not_audio("its MP4 has no tracks")
    mime = "audio/3gpp" if source.head[8:10] == b"3g" else "audio/mp4"
    return Sniffed(container="mp4", demuxer="mov", mime=mime, codecs=_CODECS)


def _atoms(source: Source) -> Iterator[tuple[bytes, int, int]]:
    """Each outermost atom: name, length and how much of it is there."""
    offset = 0
    for _ in range(MOST_PARTS):
        header = source.at(offset, 16)
        if len(header) < 8:
            return
        length, name = struct.unpack(">I4s", header[:8])
        if length == 1 and len(header) == 16:
            length = struct.unpack(">Q", header[8:])[0]
        elif length == 0:  # up to the end
            length = source.size - offset
        if length < 8 or not name.isascii():
            raise not_audio("its MP4 structure is broken")
        yield name, length, min(length, source.size - offset)
        offset += length
        if offset >= source.size:
            return
    raise not_audio("its MP4 structure is broken")
