"""G.722 without a container: 64 kbit/s, so 8 bytes a millisecond (RFC 3551 §4.5.2).

Any bytes are G.722. So it is taken only where the sender says so, and where they are not text.
"""

from __future__ import annotations

from calls.recordings.containers.base import Sniffed, Source, not_audio

_BYTES_PER_MS = 8
_TEXT = bytes([9, 10, 13, *range(32, 127)])


def sniff(source: Source) -> Sniffed:
    """Count the bytes."""
    if not source.head.translate(None, _TEXT):
        raise not_audio("it is text")
    return Sniffed(
        container="g722",
        demuxer="g722",
        mime="audio/g722",
        codecs=frozenset({"adpcm_g722"}),
        duration_ms=source.size // _BYTES_PER_MS,
    )
