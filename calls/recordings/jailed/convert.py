"""Converting: the sound as 16-bit PCM on standard output, for browsers that do not play what was stored."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

import av
from decoding import Undecodable, decode, decoder_of, open_audio, warm_up

_LAYOUTS = {1: "mono", 2: "stereo"}


def prepare() -> None:
    """Load what decoding and resampling load late."""
    warm_up()
    resampler = av.AudioResampler(format="s16", layout="mono", rate=8000)
    frame = av.AudioFrame(format="s16", layout="stereo", samples=160)
    frame.sample_rate = 16_000
    for resampled in resampler.resample(frame):
        bytes(resampled.planes[0])


def run(file: BinaryIO, options: dict[str, Any]) -> dict[str, Any] | None:
    """Options ``demuxer``, ``channels`` (1 or 2) and ``rate_hz``. What cannot be decoded is left out."""
    container, stream = open_audio(file, options["demuxer"])
    layout = _LAYOUTS[options["channels"]]
    resampler = av.AudioResampler(format="s16", layout=layout, rate=options["rate_hz"])
    decoder = decoder_of(stream)
    for packet in container.demux(stream):
        try:
            frames = decode(decoder, packet)
        except Undecodable:
            continue
        for frame in frames:
            _write(resampler.resample(frame))
    _write(resampler.resample(None))
    return None


def _write(frames: list[Any]) -> None:
    for frame in frames:
        length = frame.samples * frame.layout.nb_channels * 2
        left = memoryview(bytes(frame.planes[0])[:length])
        while left:
            left = left[os.write(1, left) :]
