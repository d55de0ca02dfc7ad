"""Ogg with Opus or Vorbis (RFC 3533, RFC 7845)."""

from __future__ import annotations

from calls.recordings.containers.base import Sniffed, Source, cut_off, not_allowed, not_audio

_HEADER = 27
_LONGEST_PAGE = _HEADER + 255 + 255 * 255
_BEGINS = 2
_FIRST_PACKETS = {b"OpusHead": "opus", b"\x01vorbis": "vorbis"}


def sniff(source: Source) -> Sniffed:
    """Read the first page, and whether the last one is whole."""
    page = source.head[:_LONGEST_PAGE]
    if len(page) < _HEADER + 1 or page[4] != 0 or not page[5] & _BEGINS:
        raise not_audio("its first Ogg page is broken")
    packet = page[_HEADER + page[26] :]
    codec = next((codec for magic, codec in _FIRST_PACKETS.items() if packet.startswith(magic)), None)
    if codec is None:
        raise not_allowed("Ogg with anything but Opus or Vorbis")
    _check_last_page(source)
    return Sniffed(container="ogg", demuxer="ogg", mime="audio/ogg", codecs=frozenset({codec}))


def _check_last_page(source: Source) -> None:
    tail = source.tail(_LONGEST_PAGE)
    at = tail.rfind(b"OggS")
    while at >= 0 and len(tail) > at + 4 and tail[at + 4] != 0:
        at = tail.rfind(b"OggS", 0, at)
    if at < 0:
        raise not_audio("its last Ogg page is broken")
    page = tail[at:]
    lacing = page[_HEADER : _HEADER + page[26]] if len(page) > 26 else b""
    length = _HEADER + (page[26] if len(page) > 26 else 0) + sum(lacing)
    if length > len(page):
        raise cut_off(length - len(page))
