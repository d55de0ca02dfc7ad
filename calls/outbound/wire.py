"""The connection below a request: to the addresses that were judged, with one deadline over everything, and never too much of it.

``urllib3`` and ``http.client`` speak HTTP over it and bound single waits only: a receiver that sends a byte a second would hold
them for ever, and header lines may come to six megabytes.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import certifi
from django.utils.translation import gettext as _
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

from calls.outbound.addresses import Address
from calls.outbound.errors import OutboundFailed
from calls.outbound.targets import Target

HEADER_BYTES = 32 * 1024  # of status line and headers together; http.client stops at 100 lines of them

# What OpenSSL found wrong with a certificate, in words. https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/
_EXPIRED, _NOT_YET, _SELF_SIGNED, _SELF_SIGNED_IN_CHAIN, _NO_ISSUER, _NO_LEAF_ISSUER, _WRONG_NAME, _WRONG_ADDRESS = (
    10, 9, 18, 19, 20, 21, 62, 64,
)  # fmt: skip


class Deadline:
    """The moment by which all must be over."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left; raises ``OutboundFailed`` (``timeout``) when none are."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise too_late()
        return left


def too_late() -> OutboundFailed:
    """What it is called when time is up."""
    return OutboundFailed("timeout", _("The other side took too long."))


def hung_up() -> OutboundFailed:
    """What it is called when the connection ends too early."""
    return OutboundFailed("protocol", _("The other side broke off before its answer was complete."))


@dataclass(frozen=True, kw_only=True)
class Route:
    """How to get there, and by when."""

    addresses: Sequence[Address]
    connecting: Deadline  # for connection and TLS handshake
    deadline: Deadline  # for everything


class Wire:
    """A socket as ``http.client`` uses it, whose every wait ends by the deadline and whose headers end by their limit."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self._received = 0
        self.in_headers = True

    def sendall(self, data: bytes) -> None:
        """Send everything, or raise ``OutboundFailed`` (``timeout``)."""
        view = memoryview(data)
        while view:
            self._sock.settimeout(self._deadline.left())
            try:
                view = view[self._sock.send(view[:65536]) :]
            except TimeoutError:
                continue  # the deadline says so

    def makefile(self, mode: str, *_args: Any, **_kwargs: Any) -> io.BufferedReader:
        """The stream of what comes in."""
        return _Stream(_Incoming(self, self._sock.makefile("rb", buffering=0)))

    def receive(self, source: io.RawIOBase, into: Any) -> int:
        """Wait for some bytes of ``source``; 0 at the end."""
        self._sock.settimeout(self._deadline.left())
        try:
            count = source.readinto(into) or 0
        except TimeoutError as error:
            raise too_late() from error
        if not count and self.in_headers:  # http.client would take it for their end
            raise hung_up() if self._received else OutboundFailed("protocol", _("The other side hung up without an answer."))
        self._received += count
        if self.in_headers and self._received > HEADER_BYTES + io.DEFAULT_BUFFER_SIZE:
            raise OutboundFailed("headers", _("The answer's headers are too long."))
        return count

    def settimeout(self, _seconds: float | None) -> None:
        """Nothing: the deadline rules."""

    def shutdown(self, how: int) -> None:
        """End the connection in one direction or both."""
        self._sock.shutdown(how)

    def close(self) -> None:
        """Close the connection, once what reads from it is closed, too."""
        self._sock.close()


class _Stream(io.BufferedReader):
    """Reads so much at a time as was asked for: ``http.client`` takes a chunk of -1 bytes for one that never ends."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            raise OutboundFailed("protocol", _("What came back is not an HTTP answer."))
        return super().read(size)


class _Incoming(io.RawIOBase):
    def __init__(self, wire: Wire, source: io.RawIOBase) -> None:
        self._wire = wire
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        return self._wire.receive(self._source, into)

    def close(self) -> None:
        self._source.close()
        super().close()


def open_socket(address: Address, port: int, seconds: float) -> socket.socket:
    """A connection to an address. Tests that stand for the internet put their own here."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect((str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


class _Pinned:
    """What both kinds of connection do otherwise than urllib3's own."""

    host: str
    port: int
    sock: Any

    def __init__(self, *args: Any, route: Route, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._route = route
        self._wire: Wire | None = None

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that takes it; each gets its share of the time."""
        for tried, address in enumerate(self._route.addresses):
            share = self._route.connecting.left() / (len(self._route.addresses) - tried)
            try:
                sock = open_socket(address, self.port, share)
            except OSError as error:
                failure = error
                continue
            sock.settimeout(self._route.connecting.left())  # for the handshake
            return sock
        if isinstance(failure, TimeoutError):
            raise OutboundFailed("timeout", _("The other side does not answer (no connection in time).")) from failure
        raise OutboundFailed(
            "connect", _("The other side takes no connection (%(why)s).") % {"why": failure.strerror or "?"}
        ) from failure

    def connect(self) -> None:
        """Connect, with TLS where it belongs."""
        try:
            super().connect()  # type: ignore[misc]
        except ssl.SSLCertVerificationError as error:
            raise OutboundFailed("tls", _certificate_words(error)) from error
        except TimeoutError as error:
            raise OutboundFailed("timeout", _("The other side does not finish the TLS handshake.")) from error
        except (ssl.SSLError, OSError) as error:
            why = {"why": getattr(error, "reason", None) or error.strerror or _("the connection broke off")}
            raise OutboundFailed("tls", _("No TLS connection (%(why)s).") % why) from error
        self.sock = self._wire = Wire(self.sock, self._route.deadline)

    def getresponse(self) -> HTTPResponse:
        """The answer's status and headers."""
        try:
            response = super().getresponse()  # type: ignore[misc]
        except http.client.LineTooLong as error:
            raise OutboundFailed("headers", _("The answer's headers are too long.")) from error
        except http.client.HTTPException as error:
            if str(error).startswith("got more than"):
                raise OutboundFailed("headers", _("The answer has too many headers.")) from error
            raise OutboundFailed("protocol", _("What came back is not an HTTP answer.")) from error
        except (OSError, ValueError) as error:
            raise hung_up() from error
        if self._wire is not None:
            self._wire.in_headers = False
        return cast(HTTPResponse, response)


class _PinnedHTTP(_Pinned, HTTPConnection):  # type: ignore[misc]
    """In the clear."""


class _PinnedHTTPS(_Pinned, HTTPSConnection):  # type: ignore[misc]
    """Over TLS; name, SNI and certificate are those of the target, not of the address."""


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _PinnedHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PinnedHTTPS


def pool_for(target: Target, route: Route, *, ca_file: str) -> HTTPConnectionPool:
    """What ``requests`` takes its one connection from."""
    ours: dict[str, Any] = {"route": route}
    if target.scheme == "http":
        return _HTTPPool(target.host, target.port, **ours)
    return _HTTPSPool(target.host, target.port, ssl_context=_context(ca_file), cert_reqs="CERT_REQUIRED", **ours)


@lru_cache(maxsize=4)
def _context(ca_file: str) -> ssl.SSLContext:
    """Trusts the public authorities, those this machine trusts, and those of the operator's file."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


def _certificate_words(error: ssl.SSLCertVerificationError) -> str:
    words = {
        _EXPIRED: _("The certificate has expired."),
        _NOT_YET: _("The certificate is not valid yet."),
        _SELF_SIGNED: _("The certificate is signed by itself."),
        _SELF_SIGNED_IN_CHAIN: _("The certificate's authority is not trusted."),
        _NO_ISSUER: _("The certificate's authority is not known."),
        _NO_LEAF_ISSUER: _("The certificate's authority is not known."),
        _WRONG_NAME: _("The certificate is for another name."),
        _WRONG_ADDRESS: _("The certificate is for another address."),
    }
    return words.get(error.verify_code, _("The certificate is not valid (%(why)s).") % {"why": error.verify_message})
