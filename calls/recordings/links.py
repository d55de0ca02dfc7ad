"""Links to audio that work for five minutes, for one person and one purpose."""

from __future__ import annotations

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner

from calls.models import Recording
from tenants.models import User

PLAY, DOWNLOAD = "play", "download"


class LinkRefused(Exception):
    """The link is too old, not ours, or for another recording or purpose."""


def sign(recording: Recording, user: User, purpose: str = PLAY) -> str:
    """A token for the link, safe in an address."""
    return _signer(purpose, recording).sign(str(user.pk)).replace(":", ".")


def verify(token: str, recording: Recording, purpose: str = PLAY) -> str:
    """The key of the user the link was made for, who must still be allowed to listen: that is asked again by the caller.

    Raises ``LinkRefused`` after ``CALLHUB_LINK_SECONDS`` and for any token not made for this recording and purpose.
    """
    try:
        return _signer(purpose, recording).unsign(token.replace(".", ":"), max_age=settings.CALLHUB_LINK_SECONDS)
    except BadSignature as error:
        raise LinkRefused("The link has expired or was not made for this recording.") from error


def _signer(purpose: str, recording: Recording) -> TimestampSigner:
    """The object is part of the salt, its stored bytes included: a link ends when the audio is replaced or removed."""
    return TimestampSigner(salt=f"calls.recordings.{purpose}.{recording.pk.hex}.{recording.storage_key}")
