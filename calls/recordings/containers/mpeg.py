"""MP3 and AAC in ADTS: frames one after the other, after ID3 tags (ISO/IEC 11172-3, 13818-3, 13818-7; id3.org)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from calls.recordings.containers import flac
from calls.recordings.containers.base import Sniffed, Source, check_complete, empty, not_allowed, not_audio
from calls.recordings.errors import AudioRefused

_MOST_TAGS = 3
_MOST_PADDING = 4096
_LONGEST_FRAME = 2881  # bytes, MPEG-2.5 at 8 kHz and 160 kbit/s
_TEXT = bytes([9, 10, 13, *range(32, 127)])
_NO_FORMAT = "it begins like no audio format"
_FRAMES = 3  # in a row, before bytes that merely look like a frame are believed
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by version: 1, 2, 2.5
_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_END_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3")
_SLOWEST_BYTES_PER_SECOND = 1000  # 8 kbit/s


@dataclass(frozen=True, kw_only=True)
class _Frame:
    length: int
    samples: int
    rate: int
    version: int = 3
    is_mono: bool = False


def looks_like(head: bytes) -> bool:
    """Whether the bytes begin with a tag or a frame."""
    return head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


def sniff_after_junk(source: Source) -> Sniffed:
    """MP3 behind zeros, or behind the rest of a frame whose beginning was cut away."""
    start = len(source.head) - len(source.head.lstrip(b"\0"))
    if looks_like(source.head[start:]):
        return sniff(source, start)
    if not source.head[start : start + 4].translate(None, _TEXT):
        raise not_audio(_NO_FORMAT)
    rest = source.head[start : start + _LONGEST_FRAME]
    for sync in re.finditer(rb"\xff[\xe2-\xff]", rest):
        with contextlib.suppress(AudioRefused):
            return sniff(source, start + sync.start())
    raise not_audio(_NO_FORMAT)


def sniff(source: Source, start: int = 0) -> Sniffed:
    """Skip the tags, then read the first frames."""
    start = _skip_tags(source, start)
    if start >= source.size:
        raise empty()
    head = source.at(start, 16)
    if head.startswith(b"fLaC"):
        return flac.sniff(source, start)
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        _check_frames(source, start, _adts)
        return Sniffed(container="aac", demuxer="aac", mime="audio/aac", codecs=frozenset({"aac"}))
    first = _check_frames(source, start, _mp3)
    declared_ms = _declared_ms(source, start, first)
    return Sniffed(container="mp3", demuxer="mp3", mime="audio/mpeg", codecs=frozenset({"mp3"}), declared_ms=declared_ms)


def _skip_tags(source: Source, start: int) -> int:
    """Where the frames begin: after ID3v2 tags and the zeros some writers pad them with."""
    offset = start
    for _ in range(_MOST_TAGS + 1):
        tag = source.at(offset, 10)
        if not tag.startswith(b"ID3"):
            break
        if len(tag) < 10 or any(byte & 0x80 for byte in tag[6:]):
            raise not_audio("its ID3 tag is broken")
        offset += 10 + (tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]) + (10 if tag[5] & 0x10 else 0)
    else:
        raise not_audio("it has too many ID3 tags")
    if offset > start:
        padding = source.at(offset, _MOST_PADDING)
        offset += len(padding) - len(padding.lstrip(b"\0"))
    return offset


def _check_frames(source: Source, start: int, read: Callable[[bytes], _Frame | None]) -> _Frame:
    """The first of a few frames in a row; a shorter file must end where a frame does."""
    offset, first = start, None
    for _ in range(_FRAMES):
        header = source.at(offset, 16)
        frame = read(header)
        if frame is None:
            if first is None or (header and not header.startswith(_END_TAGS)):
                raise not_audio("it does not go on like MPEG audio")
            break
        first = first or frame
        offset += frame.length
    if first is None or offset > source.size + first.length:
        raise not_audio("it is too short for MPEG audio")
    return first


def _mp3(header: bytes) -> _Frame | None:
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    kbps_index, rate_index = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer == 0 or kbps_index in (0, 15) or rate_index == 3:
        return None
    if layer != 1:
        raise not_allowed("MPEG audio other than MP3")
    kbps = (_KBPS_1 if version == 3 else _KBPS_2)[kbps_index]
    rate, samples = _RATES[version][rate_index], 1152 if version == 3 else 576
    length = samples // 8 * kbps * 1000 // rate + (header[2] >> 1 & 1)
    return _Frame(length=length, samples=samples, rate=rate, version=version, is_mono=header[3] >> 6 == 3)


def _adts(header: bytes) -> _Frame | None:
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return None
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return _Frame(length=length, samples=1024, rate=0) if length > 7 and header[2] >> 2 & 15 < 13 else None


def _declared_ms(source: Source, start: int, first: _Frame) -> int | None:
    """How long a Xing, Info or VBRI header says it is; None without one."""
    side = (17 if first.is_mono else 32) if first.version == 3 else (9 if first.is_mono else 17)
    frame = source.at(start, 200)
    xing, vbri = frame[4 + side :], frame[36:]
    if xing[:4] in (b"Xing", b"Info"):
        flags = int.from_bytes(xing[4:8], "big")
        frames = int.from_bytes(xing[8:12], "big") if flags & 1 else 0
        at = 12 if flags & 1 else 8
        declared = int.from_bytes(xing[at : at + 4], "big") if flags & 2 else 0
    elif vbri[:4] == b"VBRI":
        declared, frames = int.from_bytes(vbri[10:14], "big"), int.from_bytes(vbri[14:18], "big")
    else:
        return None
    there = source.size - start
    check_complete(declared, there)
    declared_ms = frames * first.samples * 1000 // first.rate
    check_complete(declared_ms * _SLOWEST_BYTES_PER_SECOND // 1000, there + first.length)
    return declared_ms or None
