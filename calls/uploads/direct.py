"""Sending straight to the bucket: a signed form for one object aside, read from there as any other sender's stream."""

from __future__ import annotations

import posixpath
from contextlib import closing
from typing import Any

from django.utils import timezone

from calls.choices import AudioRefusal
from calls.models import Upload
from calls.recordings import storage
from calls.recordings.errors import AudioRefused, ObjectMissing
from calls.uploads.finishing import Kept, note_refusal
from calls.uploads.receiving import completed, receive_whole
from calls.uploads.tickets import Told


def is_offered() -> bool:
    """Whether recordings are kept in a bucket that clients can send to."""
    return hasattr(storage.keeper(), "client")


def form_for(ticket: Upload) -> dict[str, Any] | None:
    """Where to POST the audio as a form and with which fields, until the ticket expires; None where that is not offered.

    The bucket holds the form to the size limit. What lands there is nothing but bytes until ``take`` has read them.
    """
    if not is_offered() or not ticket.is_unfinished:
        return None
    bucket: Any = storage.keeper()
    form = bucket.client.generate_presigned_post(
        Bucket=bucket.bucket_name,
        Key=posixpath.join(bucket.location, _key_aside(ticket)),
        Conditions=[["content-length-range", 1, ticket.limit_bytes]],
        ExpiresIn=max(1, int((ticket.expires_at - timezone.now()).total_seconds())),
    )
    return {"url": form["url"], "fields": form["fields"]}


def take(ticket: Upload, told: Told) -> Kept:
    """Finish with the object the client sent to the bucket; it is copied first, so that it cannot change under our eyes.

    Raises as ``receive_whole`` does, and ``AudioRefused`` (empty_audio) where there is none.
    """
    key = _key_aside(ticket)
    try:
        chunks = storage.open_range(key)
    except ObjectMissing as error:
        if (kept := completed(ticket, told)) is not None:  # by a request that ran at the same time
            return kept
        refused = AudioRefused(AudioRefusal.EMPTY_AUDIO, "Nothing has been sent.")
        note_refusal(ticket, refused)
        raise refused from error
    with closing(chunks):
        kept = receive_whole(ticket, chunks, told=told)
    storage.delete(key)
    return kept


def _key_aside(ticket: Upload) -> str:
    """Below the tenant's own, where no recording's key can be; the sweep removes what is left there."""
    return f"{ticket.tenant_id.hex}/incoming/{ticket.pk.hex}"
