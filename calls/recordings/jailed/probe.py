"""Probing: what the audio is and how long it lasts, decoding no more than its beginning."""

from __future__ import annotations

import time
from typing import Any, BinaryIO

import av
from decoding import Refused, open_audio, warm_up

_COUNT_UNTIL_SECONDS = 0.6  # of processor time; enough for an hour of AMR and its 180,000 packets
_MOST_BAD_PACKETS = 100
_UNINDEXED = ("aac", "amr", "flac", "mp3")  # only counting tells how much is there


prepare = warm_up


def run(file: BinaryIO, options: dict[str, Any]) -> dict[str, Any]:
    """Options ``demuxer``, ``codecs`` and ``declared_ms``; the answer has codec, channels, sample_rate_hz and duration_ms."""
    try:
        return {"answer": _probe(file, options)}
    except Refused as refused:
        return refused.answer


def _probe(file: BinaryIO, options: dict[str, Any]) -> dict[str, Any]:
    container, stream = open_audio(file, options["demuxer"])
    codec = stream.codec_context.codec.canonical_name
    if codec not in options["codecs"]:
        raise Refused("type_not_allowed", f"The codec {codec} is not taken in this kind of file.")
    packets = container.demux(stream)
    before = _until_sound(stream, packets)
    return {
        "codec": codec,
        "channels": stream.codec_context.channels,
        "sample_rate_hz": stream.codec_context.sample_rate,
        "duration_ms": _duration_ms(container, stream, packets, before, options),
    }


def _until_sound(stream: Any, packets: Any) -> int:
    """Decode until a first frame comes out; how long the packets last that took."""
    count = duration = 0
    for packet in packets:
        count, duration = count + 1, duration + (packet.duration or 0)
        try:
            frames = stream.decode(packet)
        except av.error.InvalidDataError:
            frames = []
        if any(frame.samples for frame in frames):
            return duration
        if not packet.size or count >= _MOST_BAD_PACKETS:
            break
    if count <= 1:
        raise Refused("empty_audio", "There is no sound in the file.")
    raise Refused("not_audio", "The file is not audio: nothing in it can be decoded.")


def _duration_ms(container: Any, stream: Any, packets: Any, duration: int, options: dict[str, Any]) -> int:
    declared_ms = options["declared_ms"]
    estimated_ms = declared_ms or (container.duration or 0) // 1000
    if options["demuxer"] not in _UNINDEXED:
        return int(estimated_ms)
    for packet in packets:
        duration += packet.duration or 0
        if time.process_time() > _COUNT_UNTIL_SECONDS:
            return int(estimated_ms)
    counted_ms = int(duration * stream.time_base * 1000)
    if declared_ms and counted_ms < declared_ms * 0.99 - 100:
        raise Refused("truncated", f"The file is cut off: it holds {counted_ms} of {declared_ms} milliseconds.")
    is_believable = declared_ms and counted_ms < declared_ms * 1.01 + 100
    return int(declared_ms if is_believable else counted_ms)
