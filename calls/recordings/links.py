"""Links to audio that work for five minutes, for one person and one purpose."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.urls import reverse

from calls.models import Recording
from tenants.models import User

PLAY, DOWNLOAD = "play", "download"


class LinkRefused(Exception):
    """The link is too old, not ours, or for another recording or purpose."""


def sign(recording: Recording, user: User, purpose: str = PLAY) -> str:
    """A token for the link, safe in an address."""
    return _signer(purpose, recording).sign(str(user.pk)).replace(":", ".")


def address(recording: Recording, user: User, purpose: str = PLAY) -> str:
    """The path, with its signature, at which this person hears the recording or downloads it."""
    signed = f"{_path(recording.pk)}?signature={sign(recording, user, purpose)}"
    return f"{signed}&download=true" if purpose == DOWNLOAD else signed


def recording_of(link: str) -> UUID | None:
    """The key of the recording that such an address is of, on any host and even where its
    signature is too old; None for every other address."""
    with suppress(ValueError):
        parts = urlsplit(link)
        key = UUID(parts.path.split("/")[-2]) if parts.path.endswith("/audio") else None
        if key and parts.path == _path(key) and "signature" in parse_qs(parts.query):
            return key
    return None


def verify(token: str, recording: Recording, purpose: str = PLAY) -> str:
    """The key of the user the link was made for, who must still be allowed to listen: that is asked again by the caller.

    Raises ``LinkRefused`` after ``CALLHUB_LINK_SECONDS`` and for any token not made for this recording and purpose.
    """
    try:
        return _signer(purpose, recording).unsign(token.replace(".", ":"), max_age=settings.CALLHUB_LINK_SECONDS)
    except BadSignature as error:
        raise LinkRefused("The link has expired or was not made for this recording.") from error


def _path(key: UUID) -> str:
    return reverse("api:recording-audio", args=[key])


def _signer(purpose: str, recording: Recording) -> TimestampSigner:
    """The object is part of the salt, its stored bytes included: a link ends when the audio is replaced or removed."""
    return TimestampSigner(salt=f"calls.recordings.{purpose}.{recording.pk.hex}.{recording.storage_key}")
