"""The kinds of audio there are here: under which names they are sent, and which of them browsers play."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calls.models import Recording

# What probing tells apart; an edge may accept fewer.
MIMES = (
    "audio/wav",
    "audio/mpeg",
    "audio/ogg",
    "audio/flac",
    "audio/mp4",
    "audio/3gpp",
    "audio/webm",
    "audio/aac",
    "audio/amr",
    "audio/amr-wb",
    "audio/aiff",
    "audio/basic",
    "audio/x-caf",
    "audio/gsm",
    "audio/g722",
)
OTHER_NAMES = {
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/mp3": "audio/mpeg",
    "audio/x-mp3": "audio/mpeg",
    "audio/opus": "audio/ogg",
    "application/ogg": "audio/ogg",
    "audio/x-flac": "audio/flac",
    "audio/m4a": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
    "audio/x-aac": "audio/aac",
    "audio/3gpp2": "audio/3gpp",
    "video/3gpp": "audio/3gpp",  # what phones call a 3GP file with sound alone
    "video/webm": "audio/webm",  # what Chrome's recorder calls one
    "audio/x-matroska": "audio/webm",
    "audio/x-aiff": "audio/aiff",
    "audio/au": "audio/basic",
    "audio/x-au": "audio/basic",
    "audio/x-gsm": "audio/gsm",
}
RAW_G722 = "audio/g722"  # RFC 3551; its bytes have no mark of their own, so the sender must say it

_CONVERTED_CONTAINERS = frozenset({"aiff", "au", "caf", "gsm", "g722"})
_CONVERTED_CODECS = frozenset(
    "gsm gsm_ms amrnb amrwb amr_nb amr_wb alac pcm_mulaw pcm_alaw pcm_f64le adpcm_g722 adpcm_g726"
    " adpcm_ima_wav adpcm_ima_qt adpcm_ms".split()
)


def canonical(mime: str) -> str:
    """The name used here for a media type as a sender wrote it, parameters left out."""
    name = mime.partition(";")[0].strip().lower()
    return OTHER_NAMES.get(name, name)


def is_played_by_browsers(recording: Recording) -> bool:
    """Whether browsers play the stored bytes; the others are played from a converted copy."""
    if recording.container in _CONVERTED_CONTAINERS:
        return False
    return recording.codec not in _CONVERTED_CODECS
