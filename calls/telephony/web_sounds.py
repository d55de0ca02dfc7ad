"""Spoken messages that the exchange fetches from us, for where it shares no folder with us.

Asterisk keeps a copy of what it fetches (``sound:http://…``), and plays nothing, saying "does not exist in any format", when

- the address is shorter than the path of that copy, whose name is cut off to the address's length
  (https://github.com/asterisk/asterisk/issues/444): so ours are long;
- two calls play one address at once and the copy has expired, as it has at once without ``Cache-Control``: each deletes the
  copy that the other is about to open (https://github.com/asterisk/asterisk/issues/1689): so ours are one per call, and last;
- the path of its cache folder (``astcachedir``) has a dot in it: the copy gets no extension. Only its operator can mend that.

Measured on Asterisk 22.10, plays that failed: short 40 of 40; one address, ten at once, nothing about caching 60 of 900; folder
with a dot 40 of 40; long, one per call, with ``max-age`` none of 1,200.
"""

from __future__ import annotations

from uuid import UUID

from django.core.signing import BadSignature, TimestampSigner

from calls.telephony.base import Message, TelephonyError
from calls.telephony.speech import Speech, as_telephone_audio

PATH = "exchange/sounds/"
LASTS_S = 3600
PADDING = "message-" * 32  # longer than any folder an exchange keeps its copies in
_signer = TimestampSigner(sep=".", salt="calls.telephony.sounds")


class WebSounds:
    """Messages at ``base``, callhub's address as the exchange reaches it."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")

    def media(self, order_id: UUID) -> str:
        """What the exchange calls the order's message; its address cannot be guessed and lasts for an hour."""
        return f"sound:{self._base}/{PATH}{_signer.sign(order_id.hex)}/{PADDING}.wav"

    def prepare(self, order_id: UUID, message: Message, speech: Speech | None) -> None:
        """Make sure that the message can be spoken. Raises ``TelephonyError``."""
        if speech is None:
            raise TelephonyError("no speech engine is chosen")
        spoken(message, speech)

    def remove(self, order_id: UUID) -> None:
        """Nothing is kept."""


def spoken(message: Message, speech: Speech) -> bytes:
    """The message as the exchange plays it. Raises ``TelephonyError``."""
    return as_telephone_audio(message.file.read_bytes() if message.file else speech.say(message.text, message.language))


def read_token(token: str) -> UUID | None:
    """The order whose message the address is; None where nobody signed it, or too long ago."""
    try:
        return UUID(_signer.unsign(token, max_age=LASTS_S))
    except (BadSignature, ValueError):
        return None
