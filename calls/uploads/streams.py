"""Streams on their way into a spool: a request's body, gzip undone, checksums compared at the end."""

from __future__ import annotations

import hashlib
import zlib

from django.http import HttpRequest

from calls.body import BodyRefused, is_chunked, read_some
from calls.choices import AudioRefusal
from calls.recordings.errors import AudioRefused
from calls.recordings.storage.keeping import CHUNK_BYTES, Readable

CHECKSUMS = ("md5", "sha1", "sha256")


def body_of(request: HttpRequest) -> Readable:
    """A request's body as a stream, never held whole; reading it raises ``BodyRefused`` where it ends before it should.

    Raises ``BodyRefused`` (411) for a chunked body where the server in front of us does not undo the chunks.
    """
    if not is_chunked(request):
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        if not (length.isascii() and length.isdigit()):
            raise BodyRefused("The Content-Length is not a number.")
        return _Body(request, int(length))
    if not request.META.get("wsgi.input_terminated"):
        raise BodyRefused("Say the Content-Length.", code="length_required", status=411)
    return _Body(request.META["wsgi.input"], None)


class _Body:
    def __init__(self, stream: Readable, length: int | None) -> None:
        self._stream = stream
        self._left = length

    def read(self, size: int = CHUNK_BYTES, /) -> bytes:
        chunk = read_some(self._stream, size)
        if self._left is not None:
            self._left -= len(chunk)
            if not chunk and self._left > 0:
                raise BodyRefused("The body ended early.")
        return chunk


def gunzipped(stream: Readable) -> Readable:
    """What a gzipped stream (``Content-Encoding: gzip``) holds; reading it raises ``AudioRefused`` (truncated, not_audio).

    Never holds more than one chunk, however much the stream swells: whoever reads it bounds the whole.
    """
    return _Gunzipped(stream)


class _Gunzipped:
    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self._rest = b""
        self._has_begun = False

    def read(self, size: int = CHUNK_BYTES, /) -> bytes:
        while True:
            if self._inflate.eof and not self._next_member():
                return b""
            source = self._rest or self._stream.read(CHUNK_BYTES)
            if not source:
                if not self._has_begun:
                    return b""
                raise AudioRefused(AudioRefusal.TRUNCATED, "The gzipped body ends early.")
            self._has_begun = True
            try:
                chunk = self._inflate.decompress(source, size)
            except zlib.error as error:
                raise AudioRefused(AudioRefusal.NOT_AUDIO, "The body is not gzip, as its Content-Encoding says.") from error
            self._rest = self._inflate.unconsumed_tail
            if chunk:
                return chunk

    def _next_member(self) -> bool:
        """Begin the next of several gzip members that follow each other (RFC 1952 §2.2)."""
        self._rest = self._inflate.unused_data or self._stream.read(CHUNK_BYTES)
        self._inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        return bool(self._rest)


class Checked:
    """A stream that raises ``AudioRefused`` (checksum_mismatch) at its end where its bytes are not those announced."""

    def __init__(self, stream: Readable, algorithm: str, digest: bytes) -> None:
        self._stream = stream
        self._hash = hashlib.new(algorithm, usedforsecurity=False)
        self._digest = digest

    def read(self, size: int = CHUNK_BYTES, /) -> bytes:
        """The next bytes."""
        chunk = self._stream.read(size)
        self._hash.update(chunk)
        if not chunk and self._hash.digest() != self._digest:
            raise AudioRefused(AudioRefusal.CHECKSUM_MISMATCH, f"The {self._hash.name} differs from the one announced.")
        return chunk
