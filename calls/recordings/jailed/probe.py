"""Probing: what the audio is and how long it lasts, decoding no more than its beginning."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, BinaryIO

from decoding import Refused, Undecodable, decode, decoder_of, open_audio, warm_up

_DECODE_UNTIL_SECONDS = 0.4  # of processor time: minutes of any kind of speech
_COUNT_UNTIL_SECONDS = 0.6  # enough for an hour of AMR and its 180,000 packets
_MOST_BAD_PACKETS = 100  # before the first sound
_DENSE = ("aac", "matroska")  # next to nothing but sound is in them, and they look for it in anything
_INDEXED = ("mov", "ogg", "caf", "aiff", "au")  # all others: only counting tells how much is there


prepare = warm_up


def run(file: BinaryIO, options: dict[str, Any]) -> dict[str, Any]:
    """Options ``demuxer``, ``codecs`` and ``declared_ms``.

    The answer has codec, channels, sample_rate_hz and duration_ms.
    """
    try:
        return {"answer": _probe(file, options)}
    except Refused as refused:
        return refused.answer
    except OSError:  # a length or a place in the file that no file can have
        return Refused("not_audio", "The file is not audio: its structure is broken.").answer


def _probe(file: BinaryIO, options: dict[str, Any]) -> dict[str, Any]:
    container, stream = open_audio(file, options["demuxer"])
    codec = stream.codec_context.codec.canonical_name
    if codec not in options["codecs"]:
        raise Refused("type_not_allowed", f"The codec {codec} is not accepted in this kind of file.")
    read = _read(stream, container.demux(stream), is_counted=options["demuxer"] not in _INDEXED)
    _check_sound(read)
    if read.is_all and options["demuxer"] in _DENSE and read.size < container.size // 2:
        raise Refused("not_audio", "The file is not audio: most of it is something else.")
    return {
        "codec": codec,
        "channels": stream.codec_context.channels,
        "sample_rate_hz": stream.codec_context.sample_rate,
        "duration_ms": _duration_ms(container, stream, read, options["declared_ms"]),
    }


@dataclass
class _Read:
    """What reading came to: bytes in packets, packets that decoded and that did not, how long all lasted.

    ``duration`` is in the stream's time base.

    ``is_all`` says whether the end was reached.
    """

    size: int = 0
    good: int = 0
    bad: int = 0
    duration: int = 0
    is_counted: bool = False
    is_all: bool = False


def _read(stream: Any, packets: Any, *, is_counted: bool) -> _Read:
    """Decode as long as there is time for it, then count; stop early where counting tells nothing."""
    read, decoder = _Read(is_counted=is_counted), decoder_of(stream)
    for packet in packets:
        used = time.process_time()
        read.size += packet.size
        read.duration += packet.duration or 0
        if used < _DECODE_UNTIL_SECONDS or not read.good:
            _decode(decoder, packet, read)
        elif not is_counted or used > _COUNT_UNTIL_SECONDS:
            return read
        if not read.good and read.bad >= _MOST_BAD_PACKETS:
            return read
    read.is_all = True
    return read


def _decode(decoder: Any, packet: Any, read: _Read) -> None:
    """A packet without sound is neither good nor bad: decoders run behind, and the last packet is empty."""
    try:
        frames = decode(decoder, packet)
    except Undecodable:
        read.bad += 1
        return
    read.good += any(frame.samples for frame in frames)


def _check_sound(read: _Read) -> None:
    if not read.good and not read.bad:
        raise Refused("empty_audio", "There is no sound in the file.")
    if read.bad > read.good:
        raise Refused("not_audio", "The file is not audio: most of it cannot be decoded.")


def _duration_ms(container: Any, stream: Any, read: _Read, declared_ms: int | None) -> int:
    estimated_ms = declared_ms or (container.duration or 0) // 1000
    if not read.is_counted or not read.is_all:
        return int(estimated_ms)
    counted_ms = int(read.duration * stream.time_base * 1000)
    if declared_ms and counted_ms < declared_ms * 0.99 - 100:
        raise Refused("truncated", f"The file is cut off: it holds {counted_ms} of {declared_ms} milliseconds.")
    if declared_ms and counted_ms < declared_ms * 1.01 + 100:
        return declared_ms
    return counted_ms
