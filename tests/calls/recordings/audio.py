"""Sound for tests: made when needed, of known lengths, levels and shares; files that are broken on purpose as well."""

from __future__ import annotations

import functools
import io
import random
import struct
from collections.abc import Iterator

import av
import numpy as np
from numpy.typing import NDArray

RATE = 8000
Samples = NDArray[np.float64]


def tone(seconds: float, *, level: float = 0.5, rate: int = RATE, hertz: float = 440.0) -> Samples:
    """A sine with its peak at ``level`` of full scale; its RMS is 3.01 dB below that."""
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def silence(seconds: float, *, rate: int = RATE) -> Samples:
    return np.zeros(round(seconds * rate))


def wav(*channels: Samples, rate: int = RATE) -> bytes:
    """A 16-bit PCM WAV of one or more channels."""
    samples = (np.stack(channels, axis=1) * 32767).round().astype("<i2").tobytes()
    return wav_header(len(samples), channels=len(channels), rate=rate) + samples


def wav_header(
    length: int,
    *,
    channels: int = 1,
    rate: int = RATE,
    tag: int = 1,
    bits: int = 16,
    block: int | None = None,
    riff: bytes = b"RIFF",
    before: bytes = b"",
) -> bytes:
    """The 44 bytes before the samples, truthful or not."""
    block = channels * bits // 8 if block is None else block
    layout = struct.pack("<HHIIHH", tag, channels, rate, rate * block % 2**32, block, bits)
    head = b"WAVEfmt " + struct.pack("<I", 16) + layout + before + b"data" + struct.pack("<I", length)
    return riff + struct.pack("<I", (len(head) + length) % 2**32) + head


def gsm_wav(blocks: int) -> bytes:
    """GSM 6.10 as Asterisk and Windows write it: blocks of 65 bytes, 40 ms each."""
    data = bytes.fromhex("d20a5a1e3b8c00e0924924") + bytes(54)
    layout = struct.pack("<HHIIHHHH", 0x31, 1, RATE, 1625, 65, 0, 2, 320)
    head = b"WAVEfmt " + struct.pack("<I", 20) + layout + b"data" + struct.pack("<I", 65 * blocks)
    return b"RIFF" + struct.pack("<I", len(head) + 65 * blocks) + head + data * blocks


def amr_wideband(frames: int) -> bytes:
    """Wide-band AMR of 6.6 kbit/s; 20 ms a frame."""
    return b"#!AMR-WB\n" + (b"\x04" + bytes(17)) * frames


_RECIPES = {
    "mulaw.wav": ("wav", "pcm_mulaw", 8000, "mono"),
    "alaw.wav": ("wav", "pcm_alaw", 8000, "mono"),
    "pcm24.wav": ("wav", "pcm_s24le", 44100, "stereo"),
    "float.wav": ("wav", "pcm_f32le", 48000, "stereo"),
    "pcm.wav": ("wav", "pcm_s16le", 8000, "stereo"),
    "mp3": ("mp3", "libmp3lame", 16000, "stereo"),
    "opus.ogg": ("ogg", "libopus", 48000, "stereo"),
    "vorbis.ogg": ("ogg", "vorbis", 44100, "stereo"),
    "flac": ("flac", "flac", 8000, "mono"),
    "m4a": ("ipod", "aac", 44100, "stereo"),
    "aac": ("adts", "aac", 44100, "mono"),
    "amr": ("amr", "libopencore_amrnb", 8000, "mono"),
    "ima.wav": ("wav", "adpcm_ima_wav", 8000, "mono"),
    "ms.wav": ("wav", "adpcm_ms", 8000, "mono"),
    "g722.wav": ("wav", "g722", 16000, "mono"),
    "g726.wav": ("wav", "g726", 8000, "mono"),
    "mp3.wav": ("wav", "libmp3lame", 16000, "mono"),
    "pcm.aiff": ("aiff", "pcm_s16be", 8000, "stereo"),
    "mulaw.au": ("au", "pcm_mulaw", 8000, "mono"),
    "pcm.caf": ("caf", "pcm_s16le", 8000, "mono"),
    "alac.caf": ("caf", "alac", 44100, "stereo"),
    "opus.webm": ("webm", "libopus", 48000, "stereo"),
    "vorbis.mka": ("matroska", "vorbis", 44100, "stereo"),
    "amr.3gp": ("3gp", "libopencore_amrnb", 8000, "mono"),
    "aac.3gp": ("3gp", "aac", 44100, "mono"),
    "opus.mp4": ("mp4", "libopus", 48000, "stereo"),
    "alac.m4a": ("ipod", "alac", 44100, "stereo"),
    "g722": ("g722", "g722", 16000, "mono"),
}
ENCODED = tuple(name for name in _RECIPES if name != "g722")  # which only its sender can name


@functools.cache
def encoded(name: str, seconds: int = 3) -> bytes:
    """A tone in one of the accepted formats."""
    return encode(name, [tone(seconds, rate=_RECIPES[name][2])] * 2)


def encode(name: str, channels: list[Samples]) -> bytes:
    """Samples in one of the accepted formats; of a mono one the first channel."""
    container, codec, rate, layout = _RECIPES[name]
    output = io.BytesIO()
    with av.open(output, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, options={"strict": "-2"})
        stream.layout = layout
        if codec == "libopencore_amrnb":
            stream.bit_rate = 12200
        samples = np.stack(channels[: 1 if layout == "mono" else 2], axis=1)
        data = np.ascontiguousarray((samples * 32767).astype(np.int16).reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(data, format="s16", layout=layout)
        frame.sample_rate, frame.pts = rate, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            file.mux(packet)
    return output.getvalue()


def film() -> bytes:
    """A short MP4 with pictures."""
    output = io.BytesIO()
    with av.open(output, "w", format="mp4") as file:
        stream = file.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), number, np.uint8), format="rgb24")
            for packet in stream.encode(frame):
                file.mux(packet)
        for packet in stream.encode(None):
            file.mux(packet)
    return output.getvalue()


# Broken on purpose: name, bytes, the codes that are right


def atom(name: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I", 8 + len(body) if size is None else size) + name + body


def ogg_page(
    body: bytes, *, kind: int = 0, granule: int = 0, number: int = 0, version: int = 0, lacing: bytes | None = None
) -> bytes:
    lacing = bytes([255] * (len(body) // 255) + [len(body) % 255]) if lacing is None else lacing
    return b"OggS" + struct.pack("<BBqIIIB", version, kind, granule, 7, number, 0, len(lacing)) + lacing + body


def id3(body: bytes = b"", size: int | None = None) -> bytes:
    size = len(body) if size is None else size
    return b"ID3\x04\0\0" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127]) + body


def flac_head(*, samples: int = 0, rate: int = 8000, last: bool = True, block: int = 4096) -> bytes:
    packed = rate << 44 | 15 << 36 | samples
    info = struct.pack(">HH", block, block) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    return b"fLaC" + bytes([0x80 if last else 0]) + (34).to_bytes(3, "big") + info


HTML = b"<!DOCTYPE html><html><script>alert(document.domain)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
SCRIPT = b"#!/bin/sh\ncurl http://127.0.0.1:9/ | sh\n"
PDF = b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF"
ZIP = b"PK\x03\x04\x14\0\0\0\0\0" + bytes(20) + b"PK\x05\x06" + bytes(18)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n"
CONCAT = b"ffconcat version 1.0\nfile '/etc/passwd'\nfile 'http://127.0.0.1:9/x'\n"
PAYLOADS = {
    "html": HTML, "svg": SVG, "js": b"/*\n*/alert(1)//" + bytes(20), "sh": SCRIPT, "pdf": PDF, "zip": ZIP, "png": PNG,
    "m3u8": PLAYLIST, "concat": CONCAT,
}  # fmt: skip
MAGICS = {
    "riff": b"RIFF\xff\xff\0\0WAVE", "wav": wav_header(0x00FFFFF0), "ogg": b"OggS", "flac": b"fLaC", "id3": id3(b"x" * 20),
    "mp3": b"\xff\xfb\x90\x64", "adts": b"\xff\xf1\x50\x80", "ftyp": atom(b"ftyp", b"M4A \0\0\0\0"), "amr": b"#!AMR\n",
}  # fmt: skip
NOT_AUDIO, EMPTY, TYPE, CUT, HOSTILE = {"not_audio"}, {"empty_audio"}, {"type_not_allowed"}, {"truncated"}, {"hostile"}


def hostile() -> Iterator[tuple[str, bytes, set[str]]]:
    """Each broken or hostile file: name, bytes, and the refusals that would be right."""
    yield from _nothing()
    yield from _disguises()
    yield from _wavs()
    yield from _mpegs()
    yield from _oggs()
    yield from _flacs()
    yield from _mp4s()
    yield from _amrs()
    yield from _cuts()


def _nothing() -> Iterator[tuple[str, bytes, set[str]]]:
    dice = random.Random(7)
    yield "nothing", b"", EMPTY
    for size in (1, 3, 11, 100, 70_000):
        yield f"zeros-{size}", bytes(size), NOT_AUDIO
        yield f"noise-{size}", b"\x01" + dice.randbytes(size - 1), NOT_AUDIO | TYPE
    yield "text", b"This is not an mp3.\n" * 500, NOT_AUDIO
    yield "json", b'{"audio": true}', NOT_AUDIO
    yield "elf", b"\x7fELF\x02\x01\x01" + bytes(100), NOT_AUDIO
    yield "asx", b"<asx version='3.0'><entry><ref href='file:///etc/passwd'/></entry></asx>", NOT_AUDIO
    yield "pls", b"[playlist]\nFile1=http://127.0.0.1:9/\n", NOT_AUDIO
    yield "sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=audio 9 RTP/AVP 0\n", NOT_AUDIO
    yield "film", film(), TYPE
    yield (
        "webm",
        b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm" + bytes(100),
        TYPE | NOT_AUDIO,
    )
    yield "avi", b"RIFF\x00\x01\0\0AVI LIST" + bytes(300), TYPE
    yield "aiff", b"FORM\0\0\1\0AIFFCOMM" + bytes(100), CUT | NOT_AUDIO
    yield "midi", b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk" + bytes(50), TYPE


def _disguises() -> Iterator[tuple[str, bytes, set[str]]]:
    for name, payload in PAYLOADS.items():
        yield name, payload, NOT_AUDIO
        for disguise, magic in MAGICS.items():
            yield f"{disguise}+{name}", magic + payload * 3, NOT_AUDIO | EMPTY | CUT | TYPE
        yield f"{name}+wav", payload + wav(tone(0.1)), NOT_AUDIO
        yield f"{name}+mp3", payload + encoded("mp3"), NOT_AUDIO


def _wavs() -> Iterator[tuple[str, bytes, set[str]]]:
    sound = bytes(1600)
    yield "wav-44-bytes", wav_header(0), EMPTY
    yield "wav-60-bytes-16-mib", wav_header(0x00FFFFF0) + bytes(16), CUT
    yield "wav-60-bytes-unknown", wav_header(0xFFFFFFFF) + bytes(16), EMPTY
    yield (
        "wav-rf64-lies",
        wav_header(0xFFFFFFFF, riff=b"RF64", before=b"ds64" + struct.pack("<IQQQI", 28, 1 << 60, 1 << 59, 0, 0)) + sound,
        CUT,
    )
    for channels in (0, 9, 65535):
        yield f"wav-{channels}-channels", wav_header(1600, channels=channels, block=2) + sound, NOT_AUDIO
    for rate in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"wav-rate-{rate}", wav_header(1600, rate=rate) + sound, NOT_AUDIO
    for block in (0, 1, 3, 65535):
        yield f"wav-block-{block}", wav_header(1600, block=block) + sound, NOT_AUDIO
    for bits in (0, 1, 13, 64, 65528):
        yield f"wav-bits-{bits}", wav_header(1600, bits=bits, block=bits // 8 % 65536) + sound, NOT_AUDIO
    for tag in (0, 0x161, 0x1234):
        yield f"wav-codec-{tag:x}", wav_header(1600, tag=tag) + sound, TYPE
    for tag in (0x02, 0x11, 0x55):
        yield f"wav-codec-{tag:x}-broken", wav_header(1600, tag=tag, bits=0, block=0) + sound, NOT_AUDIO | EMPTY | TYPE
    yield "wav-no-format", b"RIFF\0\1\0\0WAVEdata" + struct.pack("<I", 1600) + sound, NOT_AUDIO
    yield "wav-no-data", wav_header(0)[:36], EMPTY
    yield "wav-short-format", b"RIFF\0\1\0\0WAVEfmt \4\0\0\0\1\0\1\0", NOT_AUDIO
    yield "wav-endless-chunk", wav_header(0)[:36] + b"LIST\xff\xff\xff\xff" + sound, EMPTY
    yield "wav-many-chunks", b"RIFF\0\1\0\0WAVE" + b"JUNK\0\0\0\0" * 50_000, NOT_AUDIO


def _mpegs() -> Iterator[tuple[str, bytes, set[str]]]:
    frame = b"\xff\xfb\x90\x64" + bytes(413)  # 128 kbit/s, 44.1 kHz
    yield "mp3-sync-only", b"\xff\xfb" * 5000, NOT_AUDIO
    yield "mp3-all-ones", b"\xff" * 5000, NOT_AUDIO
    yield "mp3-one-header", frame[:4], NOT_AUDIO
    yield "mp3-free-format", (b"\xff\xfb\x00\x64" + bytes(413)) * 5, NOT_AUDIO
    yield "mpeg-layer-2", (b"\xff\xfd\x90\x64" + bytes(413)) * 5, TYPE
    yield "id3-only", id3(bytes(100)), EMPTY
    yield "id3-256-mib", id3(bytes(100), size=(1 << 28) - 1), EMPTY
    yield "id3-loop", id3() * 10_000, NOT_AUDIO
    yield "id3-nested", id3(id3(id3(id3()))) + HTML, NOT_AUDIO
    yield "id3-broken-size", b"ID3\x04\0\0\xff\xff\xff\xff" + frame * 5, NOT_AUDIO
    for name, count, length in (("frames", 0xFFFFFFFF, 417 * 6), ("bytes", 6, 0xFFFFFFFF), ("hour", 137_813, 417 * 6)):
        head = frame[:36] + b"Xing" + struct.pack(">III", 3, count, length)
        yield f"xing-{name}", head.ljust(417, b"\0") + frame * 5, CUT
    head = frame[:36] + b"VBRI" + struct.pack(">HHHII", 1, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF)
    yield "vbri", head.ljust(417, b"\0") + frame * 5, CUT
    yield "adts-loop", b"\xff\xf1\x50\x80\0\0\0" * 1000, NOT_AUDIO


def _oggs() -> Iterator[tuple[str, bytes, set[str]]]:
    opus = b"OpusHead\1\2\x38\1\x80\xbb\0\0\0\0\0"
    tags = b"OpusTags" + struct.pack("<I", 0) + struct.pack("<I", 0)
    head = ogg_page(opus, kind=2) + ogg_page(tags, number=1)
    yield "ogg-head-only", head, EMPTY | NOT_AUDIO
    yield "ogg-first-page-only", ogg_page(opus, kind=2), EMPTY | NOT_AUDIO
    yield "ogg-version", ogg_page(opus, kind=2, version=9), NOT_AUDIO
    yield "ogg-no-begin", ogg_page(opus), NOT_AUDIO
    yield "ogg-speex", ogg_page(b"Speex   " + bytes(72), kind=2), TYPE
    yield "ogg-theora", ogg_page(b"\x80theora" + bytes(40), kind=2), TYPE
    yield "ogg-page-loop", head + ogg_page(b"", lacing=b"", number=2) * 200_000, EMPTY | NOT_AUDIO | HOSTILE
    yield "ogg-begin-loop", ogg_page(opus, kind=2) * 50_000, EMPTY | NOT_AUDIO | HOSTILE
    yield "ogg-granule", head + ogg_page(b"\xfc\xff\xfe", granule=2**62, number=2, kind=4), EMPTY | NOT_AUDIO | HOSTILE
    yield "ogg-255-channels", ogg_page(opus[:9] + b"\xff" + opus[10:], kind=2) + ogg_page(tags, number=1), NOT_AUDIO | EMPTY
    yield "ogg-comment-bomb", ogg_page(opus, kind=2) + ogg_page(b"OpusTags" + b"\xff" * 8, number=1), NOT_AUDIO | EMPTY
    yield "ogg-vorbis-head", ogg_page(b"\x01vorbis" + bytes(23), kind=2), NOT_AUDIO | EMPTY
    yield "ogg-page-cut", encoded("opus.ogg")[:-20], CUT


def _flacs() -> Iterator[tuple[str, bytes, set[str]]]:
    whole = encoded("flac")
    frames = whole[whole.index(b"\xff\xf8") :]
    yield "flac-head-only", flac_head(samples=24_000), EMPTY
    yield "flac-rate-0", flac_head(rate=0) + frames, NOT_AUDIO
    yield "flac-short-head", b"fLaC\x80\0\0\x22" + bytes(10), NOT_AUDIO
    yield "flac-metadata-loop", flac_head(last=False) + b"\x04\0\0\0" * 100_000, NOT_AUDIO
    yield "flac-endless-picture", flac_head(last=False) + b"\x06\xff\xff\xff" + bytes(100), CUT
    yield "flac-bomb", flac_head(samples=(1 << 36) - 1) + frames, CUT | HOSTILE
    yield "flac-junk-frames", flac_head(samples=24_000) + bytes(50_000), NOT_AUDIO | EMPTY | CUT


def _mp4s() -> Iterator[tuple[str, bytes, set[str]]]:
    ftyp, nested = atom(b"ftyp", b"M4A \0\0\0\0"), b""
    for _ in range(5000):
        nested = atom(b"trak", nested)
    table = atom(b"stbl", atom(b"stts", b"\0\0\0\0\xff\xff\xff\xff") + atom(b"stsz", b"\0\0\0\0\0\0\0\0\xff\xff\xff\xff"))
    dref = atom(b"dref", b"\0\0\0\0\0\0\0\1" + atom(b"url ", b"\0\0\0\0file:///etc/passwd\0"))
    yield "mp4-ftyp-only", ftyp, NOT_AUDIO
    yield "mp4-no-tracks", ftyp + atom(b"moov", atom(b"mvhd", bytes(100))), NOT_AUDIO
    yield "mp4-nested", ftyp + atom(b"moov", nested), NOT_AUDIO | HOSTILE
    yield "mp4-tables", ftyp + atom(b"moov", atom(b"trak", atom(b"mdia", atom(b"minf", table)))), NOT_AUDIO | HOSTILE
    yield "mp4-references", ftyp + atom(b"moov", atom(b"trak", atom(b"mdia", atom(b"minf", atom(b"dinf", dref))))), NOT_AUDIO
    yield "mp4-killed-recorder", ftyp + atom(b"mdat", bytes(5000)), CUT
    yield "mp4-size-0-first", ftyp + atom(b"free", size=0) + bytes(100), NOT_AUDIO
    yield "mp4-size-4", ftyp + atom(b"moov", size=4), NOT_AUDIO
    yield "mp4-size-2-63", ftyp + atom(b"mdat", struct.pack(">Q", 1 << 63), size=1) + bytes(100), CUT
    yield "mp4-atom-loop", ftyp + atom(b"free") * 50_000, NOT_AUDIO
    yield "heic", atom(b"ftyp", b"heic\0\0\0\0mif1heic") + atom(b"meta", bytes(100)), NOT_AUDIO


def _amrs() -> Iterator[tuple[str, bytes, set[str]]]:
    yield "amr-head-only", b"#!AMR\n", EMPTY
    yield "amr-wb-head-only", b"#!AMR-WB\n", EMPTY
    yield "amr-channels", b"#!AMR_MC1.0\n\0\0\0\2" + bytes(100), TYPE
    yield "amr-bad-frame", b"#!AMR\n" + b"\x4c" + bytes(100), NOT_AUDIO
    yield "amr-padding-bits", b"#!AMR\n" + b"\x83" * 100, NOT_AUDIO


def _cuts() -> Iterator[tuple[str, bytes, set[str]]]:
    for name in ("pcm.wav", "mulaw.wav", "alaw.wav", "pcm24.wav", "float.wav", "mp3", "flac", "m4a"):
        whole = encoded(name)
        for share in (50, 90):
            yield f"{name}-{share}-percent", whole[: len(whole) * share // 100], CUT
    yield "gsm-50-percent", gsm_wav(100)[:3000], CUT
