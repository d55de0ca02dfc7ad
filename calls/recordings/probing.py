"""Probing: what an audio file is and how long it lasts. Content decides; a name is never asked.

First the bytes of head and tail are read here, bounded; then a jailed process opens the file with the one demuxer those
bytes call for. This process loads no decoder.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from calls.choices import AudioRefusal
from calls.recordings import jail
from calls.recordings.containers import Sniffed, Source, sniff
from calls.recordings.containers.base import check_sane, empty, not_allowed
from calls.recordings.errors import AudioRefused

SHORTEST_MS = 10
LONGEST_MS = 24 * 3600 * 1000
_CPU_SECONDS = 1.0
_MEMORY_BYTES = 128 * 1024 * 1024  # on top of the decoder's code; 256 MiB in all
_WALL_SECONDS = 10.0  # a busy machine is no reason to refuse a file


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a file is: its own facts, none of them told by the sender."""

    container: str
    codec: str
    mime: str
    duration_ms: int
    channels: int
    sample_rate_hz: int


def probe(path: Path, accepted: Collection[str] | None = None, declared_mime: str = "") -> Probe:
    """What the audio file is; ``accepted`` limits the types (MIME) that are taken.

    ``declared_mime`` is what the sender calls it; it decides only for G.722 without a container.

    Raises ``AudioRefused`` (not_audio, empty_audio, type_not_allowed, truncated, hostile) and ``jail.JailTrouble``, after which
    the same file may be probed again. Costs about 0.1 s; at most a second of processor time and 256 MiB, elsewhere.
    """
    with open(path, "rb") as file:
        sniffed = sniff(Source(file), declared_mime)
        if accepted is not None and sniffed.mime not in accepted:
            raise not_allowed(sniffed.mime)
        told = jail.run(
            "probe",
            file,
            cpu_seconds=_CPU_SECONDS,
            memory_bytes=_MEMORY_BYTES,
            wall_seconds=_WALL_SECONDS,
            demuxer=sniffed.demuxer,
            codecs=sorted(sniffed.codecs),
            declared_ms=sniffed.declared_ms,
        )
    return _judged(sniffed, told)


def _judged(sniffed: Sniffed, told: dict[str, int | str]) -> Probe:
    duration_ms = int(told["duration_ms"]) if sniffed.duration_ms is None else sniffed.duration_ms
    check_sane(int(told["channels"]), int(told["sample_rate_hz"]))
    if duration_ms < SHORTEST_MS:
        raise empty()
    if duration_ms > LONGEST_MS:
        raise AudioRefused(AudioRefusal.HOSTILE, "The file says it lasts longer than a day.")
    return Probe(
        container=sniffed.container,
        codec=str(told["codec"]),
        mime=sniffed.mime,
        duration_ms=duration_ms,
        channels=int(told["channels"]),
        sample_rate_hz=int(told["sample_rate_hz"]),
    )
