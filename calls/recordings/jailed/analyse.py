"""Listening: waveform, loudness, silence and who talks, in one pass over the decoded sound and constant memory.

The sound is looked at in frames of 20 ms. A channel talks in a frame whose level is at least -45 dBFS; pauses shorter than
300 ms belong to the talk around them, and noises shorter than 60 ms are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from decoding import Refused, Undecodable, decode, decoder_of, open_audio, warm_up
from numpy.typing import NDArray

FRAME_MS = 20
SILENT_BELOW_DBFS = -45.0
LONGEST_PAUSE_FRAMES = 15
SHORTEST_TALK_FRAMES = 3
POINTS = 1800
_MOST_CHANNELS = 2
_MOST_FRAMES = 24 * 3600 * 1000 // FRAME_MS
_BLOCK_SECONDS = 2
_SCALES = {"u8": 128.0, "u8p": 128.0, "s16": 32768.0, "s16p": 32768.0, "s32": 2147483648.0, "s32p": 2147483648.0}
Sound = NDArray[np.float32]  # one row a channel, full scale 1
Flags = NDArray[np.bool_]


def prepare() -> None:
    """Load what decoding and counting load late."""
    warm_up()
    hearing = Hearing(8000)
    hearing.take(np.ones((2, 8000), np.float32))
    hearing.tell()


def run(file: BinaryIO, options: dict[str, Any]) -> dict[str, Any]:
    """Option ``demuxer``; the answer has the fields of ``calls.recordings.analysis.Analysis``."""
    try:
        container, stream = open_audio(file, options["demuxer"])
        hearing = Hearing(stream.codec_context.sample_rate)
        for block in _blocks(_decoded(container, stream), stream.codec_context.sample_rate * _BLOCK_SECONDS):
            hearing.take(block)
    except Refused as refused:
        return refused.answer
    if not hearing.samples:
        return {"refused": "empty_audio", "message": "There is no sound in the file."}
    return {"answer": hearing.tell()}


def _decoded(container: Any, stream: Any) -> Iterator[Sound]:
    """The sound, frame by frame, where a jump in time is silence; what cannot be decoded is left out."""
    rate, done, decoder = stream.codec_context.sample_rate, 0, decoder_of(stream)
    for packet in container.demux(stream):
        try:
            frames = decode(decoder, packet)
        except Undecodable:
            continue
        for frame in frames:
            if frame.sample_rate != rate:
                raise Refused("not_audio", "The file is not audio: its sample rate changes.")
            sound = _as_sound(frame)
            start = done if frame.pts is None else round(frame.pts * frame.time_base * rate)
            for gap in _gap(start - done, rate, len(sound)):
                done += gap.shape[1]
                yield gap
            done += sound.shape[1]
            yield sound


def _gap(length: int, rate: int, channels: int) -> Iterator[Sound]:
    """Silence where the time stamps jump: a recorder that sent nothing while nobody spoke."""
    if not rate // 25 < length < _MOST_FRAMES * FRAME_MS * rate // 1000:
        return
    while length > 0:
        part = min(length, rate)
        yield np.zeros((channels, part), np.float32)
        length -= part


def _as_sound(frame: Any) -> Sound:
    data, name, channels = frame.to_ndarray(), frame.format.name, frame.layout.nb_channels
    if not frame.format.is_planar:
        data = data.reshape(-1, channels).T
    sound = data[:_MOST_CHANNELS].astype(np.float32)
    if name.startswith("u8"):
        sound -= 128
    return np.nan_to_num(sound / _SCALES[name] if name in _SCALES else sound, posinf=1, neginf=-1)


def _blocks(sounds: Iterator[Sound], length: int) -> Iterator[Sound]:
    """The same sound in larger pieces, which NumPy counts faster."""
    kept: list[Sound] = []
    size = 0
    for sound in sounds:
        if kept and sound.shape[0] != kept[0].shape[0]:
            raise Refused("not_audio", "The file is not audio: its number of channels changes.")
        kept.append(sound)
        size += sound.shape[1]
        if size >= length:
            yield np.concatenate(kept, axis=1)
            kept, size = [], 0
    if kept:
        yield np.concatenate(kept, axis=1)


class Hearing:
    """What was heard so far: per frame and channel its power and extremes, a few bytes each."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.samples = 0
        self._frame = max(1, rate * FRAME_MS // 1000)
        self._rest: Sound | None = None
        self._powers: list[NDArray[np.float32]] = []
        self._extremes: list[NDArray[np.int8]] = []
        self._energy = self._difference = 0.0

    def take(self, sound: Sound) -> None:
        """Hear a piece of any length."""
        self.samples += sound.shape[1]
        if self._rest is not None:
            sound = np.concatenate([self._rest, sound], axis=1)
        whole = sound.shape[1] // self._frame * self._frame
        self._rest = sound[:, whole:]
        if whole:
            self._count(sound[:, :whole])

    def _count(self, sound: Sound) -> None:
        if len(self._powers) * _BLOCK_SECONDS * 1000 > _MOST_FRAMES * FRAME_MS * 2:
            raise Refused("hostile", "The sound lasts longer than a day.")
        channels = sound.shape[0]
        frames = sound.reshape(channels, -1, self._frame)
        self._powers.append(np.square(frames).mean(axis=2))
        low, high = frames.min(axis=2), frames.max(axis=2)
        extreme = np.where(-low > high, low, high)
        self._extremes.append(np.clip(np.rint(extreme * 127), -127, 127).astype(np.int8))
        if channels == 2:
            self._energy += float(np.square(sound).sum())
            self._difference += float(np.square(sound[0] - sound[1]).sum())

    def tell(self) -> dict[str, Any]:
        """Everything there is to say, as JSON."""
        if self._rest is not None and self._rest.shape[1]:
            padding = self._frame - self._rest.shape[1]
            self._count(np.pad(self._rest, ((0, 0), (0, padding))))
            self._rest = None
        powers = np.concatenate(self._powers, axis=1)
        talks = np.stack([_talk(power >= 10 ** (SILENT_BELOW_DBFS / 10)) for power in powers])
        silent: Flags = ~np.logical_or.reduce(talks)
        return {
            "duration_ms": self.samples * 1000 // self.rate,
            "loudness_dbfs": _level(powers[talks]),
            "silence_share": _share(silent),
            "longest_silence_ms": _longest_run(silent) * FRAME_MS,
            **self._two_sides(talks),
            "peaks": _points(np.concatenate(self._extremes, axis=1)),
        }

    def _two_sides(self, talks: Flags) -> dict[str, float | None]:
        """Who talks how much; nothing for mono, nor for stereo that is the same on both sides."""
        if len(talks) < 2 or self._difference <= self._energy * 1e-4:
            return {"talk_share_left": None, "talk_share_right": None, "overtalk_share": None}
        return {
            "talk_share_left": _share(talks[0]),
            "talk_share_right": _share(talks[1]),
            "overtalk_share": _share(talks[0] & talks[1]),
        }


def _share(flags: Flags) -> float:
    return round(float(flags.mean()), 4)


def _level(powers: NDArray[np.float32]) -> float | None:
    """The mean level in dBFS; None of silence."""
    return round(float(10 * np.log10(powers.mean(dtype=np.float64))), 1) if powers.size else None


def _talk(loud: Flags) -> Flags:
    """Loud frames with short pauses filled and short noises dropped."""
    talk = loud.copy()
    for start, end in _runs(~loud):
        if end - start < LONGEST_PAUSE_FRAMES and start > 0 and end < len(loud):
            talk[start:end] = True
    for start, end in _runs(talk):
        if end - start < SHORTEST_TALK_FRAMES:
            talk[start:end] = False
    return talk


def _runs(flags: Flags) -> NDArray[np.int64]:
    """Start and end of each run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2)


def _longest_run(flags: Flags) -> int:
    runs = _runs(flags)
    return int((runs[:, 1] - runs[:, 0]).max()) if len(runs) else 0


def _points(extremes: NDArray[np.int8]) -> list[list[int]]:
    """At most ``POINTS`` a channel: of each stretch the value farthest from zero."""
    count = min(POINTS, extremes.shape[1])
    starts = np.arange(count) * extremes.shape[1] // count
    low = np.minimum.reduceat(extremes, starts, axis=1)
    high = np.maximum.reduceat(extremes, starts, axis=1)
    points: list[list[int]] = np.where(-low.astype(np.int16) > high, low, high).tolist()
    return points
