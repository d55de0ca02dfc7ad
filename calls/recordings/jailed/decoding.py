"""Opening audio with one forced demuxer: no other format, no second file, no network address is ever tried."""

from __future__ import annotations

import io
import wave
from typing import Any, BinaryIO

import av

_OPENCORE = {"amr_nb": "libopencore_amrnb", "amr_wb": "libopencore_amrwb"}
_OPTIONS = {"probesize": "1000000", "protocol_whitelist": "none"}


class Refused(Exception):
    """The audio is not taken."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = {"refused": code, "message": message}


class Undecodable(Exception):
    """A packet that cannot be decoded; the next one may be."""


def open_audio(file: BinaryIO, demuxer: str) -> tuple[Any, Any]:
    """The container and its one audio stream, to be closed by the caller's end. Raises ``Refused``."""
    try:
        container = av.open(file, format=demuxer, options=_OPTIONS, metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, MemoryError):
            raise
        raise Refused("not_audio", "The file is not audio: its header cannot be read.") from error
    if any(not stream.disposition & av.stream.Disposition.attached_pic for stream in container.streams.video):
        raise Refused("type_not_allowed", "Video is not taken. Send the sound alone.")
    if not container.streams.audio:
        raise Refused("not_audio", "The file is not audio: it has no sound track.")
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise Refused("type_not_allowed", "The sound is in a format that is not taken.")
    stream.codec_context.thread_count = 1
    return container, stream


def decoder_of(stream: Any) -> Any:
    """What decodes the stream.

    AMR's own decoder knows nothing of the frames a telephone sends while its owner is silent;
    OpenCORE's fills them.
    """
    name = _OPENCORE.get(stream.codec_context.codec.canonical_name)
    if name is None:
        return stream.codec_context
    decoder: Any = av.CodecContext.create(name, "r")
    decoder.layout, decoder.sample_rate = "mono", stream.codec_context.sample_rate
    return decoder


def decode(decoder: Any, packet: Any) -> list[Any]:
    """The frames of a packet. Raises ``Undecodable``."""
    try:
        return list(decoder.decode(packet))
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        raise Undecodable from error


def warm_up() -> None:
    """Decode a little of our own, so that everything PyAV loads late is loaded before the jail closes."""
    own = io.BytesIO()
    with wave.open(own, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(1600))
    own.seek(0)
    container, stream = open_audio(own, "wav")
    for packet in container.demux(stream):
        decode(stream.codec_context, packet)
    for name in _OPENCORE.values():
        av.CodecContext.create(name, "r")
    container.close()
