"""Sending a request and taking what comes back, on the session of ``requests-hardened``."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import requests
from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter
from requests_hardened import Config, HTTPSession
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.response import BaseHTTPResponse

from calls.outbound import targets
from calls.outbound.errors import OutboundError, OutboundFailed, OutboundRefused
from calls.outbound.wire import Deadline, Route, hung_up, pool_for

ANSWER_BYTES = 64 * 1024
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
# Headers that are the door's to set: they say who is spoken to and where a message ends.
OWN_HEADERS = frozenset(
    "accept-encoding connection content-length expect host keep-alive proxy-authenticate proxy-authorization proxy-connection "
    "te trailer transfer-encoding upgrade callhub-loop".split()
)
LOOP_HEADER = "Callhub-Loop"
_PIECE = 16 * 1024
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # RFC 9110 §5.1
_HEADER_VALUE = re.compile(r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
_SESSION = Config(
    ip_filter_enable=False,  # in its place: addresses.py, which knows more forms and the operator's own networks
    ip_filter_allow_loopback_ips=False,
    never_redirect=True,
    default_timeout=(5, 15),  # of single waits; the deadline on the wire is what holds
)


@dataclass(frozen=True, kw_only=True)
class BasicAuth:
    """User and password, sent as RFC 7617 says, in UTF-8."""

    user: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        """The value of Authorization."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is sent. ``headers`` may not name those of ``OWN_HEADERS``."""

    url: str = field(repr=False)  # may hold a secret
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    auth: BasicAuth | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whatever its status. Header names are in lower case; ``body`` is as it came, never decoded."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)  # the first 64 kB; empty for a download
    is_cut: bool  # there was more of it
    size: int  # bytes of the body that were taken
    took_ms: int


class Sink(Protocol):
    """Where a download goes."""

    def write(self, piece: bytes, /) -> object:
        """Take the next bytes."""


def check(url: str) -> None:
    """Judge an address as sending would, without connecting.

    Raises ``OutboundRefused``, and ``OutboundFailed`` (``dns``) where the name is not known, which may change.
    """
    targets.resolve(targets.read(url), seconds=settings.CALLHUB_OUTBOUND_CONNECT_SECONDS)


def send(request: Request) -> Answer:
    """Send a request once. Raises ``OutboundRefused`` and ``OutboundFailed``; every status is an answer."""
    return _exchange(request, seconds=settings.CALLHUB_OUTBOUND_SECONDS)


def download(
    url: str, *, into: Sink, limit: int, headers: Mapping[str, str] | None = None, seconds: float | None = None
) -> Answer:
    """Get what is at an address and write it piece by piece, in constant memory.

    Only the body of a 200 or 206 is written. Raises ``OutboundRefused`` and ``OutboundFailed``, the latter with ``too_large``
    beyond ``limit`` bytes; what was written by then is of no use. ``seconds`` is for all of it; the usual 15 where not given.
    """
    request = Request(url=url, method="GET", headers=headers or {})
    return _exchange(request, seconds=seconds or settings.CALLHUB_OUTBOUND_SECONDS, into=into, limit=limit)


def _exchange(request: Request, *, seconds: float, into: Sink | None = None, limit: int = 0) -> Answer:
    began = time.monotonic()
    deadline = Deadline(seconds)
    headers = _headers(request)
    target = targets.read(request.url)
    connect_seconds = settings.CALLHUB_OUTBOUND_CONNECT_SECONDS
    addresses = targets.resolve(target, seconds=min(connect_seconds, deadline.left()))
    route = Route(addresses=addresses, connecting=Deadline(min(connect_seconds, deadline.left())), deadline=deadline)
    pool = pool_for(target, route, ca_file=settings.CALLHUB_OUTBOUND_CA_FILE)
    with _Session(pool) as session:
        try:
            prepared = session.prepare_request(requests.Request(request.method, target.url, headers, data=request.body or None))
            with _failing():
                response = session.send(prepared, stream=True)
            with response:
                taken = _taken(response.raw, response.status_code, into, limit)
        finally:
            pool.close()
    joined = {name.lower(): value for name, value in response.headers.items()}
    took_ms = round((time.monotonic() - began) * 1000)
    return Answer(status=response.status_code, headers=MappingProxyType(joined), took_ms=took_ms, **taken)


@contextmanager
def _failing() -> Iterator[None]:
    """Whatever an answer has the libraries raise is a failure of the other side: they were written for servers that behave."""
    try:
        yield
    except OutboundError:
        raise
    except Exception as error:
        raise hung_up() from _without_address(error)


def _read(raw: BaseHTTPResponse, size: int) -> bytes:
    with _failing():
        return raw.read(size, decode_content=False)


def _taken(raw: BaseHTTPResponse, status: int, into: Sink | None, limit: int) -> dict[str, Any]:
    """The body, as far as it is wanted."""
    if into is not None and status in (200, 206):
        size = _copied(raw, into, limit)
        return {"body": b"", "is_cut": False, "size": size}
    body = b""
    while len(body) <= ANSWER_BYTES and (piece := _read(raw, _PIECE)):
        body += piece
    kept = body[:ANSWER_BYTES]
    return {"body": kept, "is_cut": len(body) > ANSWER_BYTES, "size": len(kept)}


def _copied(raw: BaseHTTPResponse, into: Sink, limit: int) -> int:
    too_large = OutboundFailed("too_large", _("It is larger than %(limit)s bytes.") % {"limit": limit}, permanent=True)
    announced = raw.headers.get("Content-Length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > limit:
        raise too_large
    size = 0
    while piece := _read(raw, _PIECE * 4):
        size += len(piece)
        if size > limit:
            raise too_large
        into.write(piece)
    return size


def _headers(request: Request) -> dict[str, str]:
    """Every header but Host and Content-Length, which follow from the rest. Raises ``OutboundRefused``."""
    if request.method not in METHODS:
        raise OutboundRefused("request", _("%(method)s is not a method that is sent.") % {"method": request.method[:20]})
    headers = {"Accept": "*/*", "User-Agent": "callhub"}
    for name, value in request.headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in OWN_HEADERS or not _HEADER_VALUE.fullmatch(value):
            raise OutboundRefused("request", _("The header %(name)s cannot be sent.") % {"name": name[:100]})
        headers = {other: kept for other, kept in headers.items() if other.lower() != name.lower()} | {name: value}
    if request.auth is not None:
        headers = {other: kept for other, kept in headers.items() if other.lower() != "authorization"}
        headers["Authorization"] = request.auth.header
    return {**headers, LOOP_HEADER: loop_mark(), "Accept-Encoding": "identity", "Connection": "close"}


def loop_mark() -> str:
    """By what this installation knows a request of its own that somebody sent on to it, as CDNs do (RFC 8586)."""
    return salted_hmac("calls.outbound.loop", "").hexdigest()[:16]


def _without_address(error: Exception) -> Exception:
    """A cause to keep: the errors of ``requests`` and ``urllib3`` tell the whole address in their text."""
    return RuntimeError(type(error).__name__)


class _Session(HTTPSession):
    """A session for one request over one pool."""

    def __init__(self, pool: HTTPConnectionPool) -> None:
        super().__init__(_SESSION)
        self.trust_env = False  # neither proxies nor netrc nor other authorities
        self.headers.clear()
        self.adapters.clear()
        self.mount("http://", _Adapter(pool))
        self.mount("https://", _Adapter(pool))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: even when it follows none, ``requests`` would read and decode the whole body of a redirect for its ``next``."""
        return None


class _Adapter(HTTPAdapter):
    """Hands out the one pool, whose addresses were judged."""

    def __init__(self, pool: HTTPConnectionPool) -> None:
        super().__init__()
        self._pool = pool

    def get_connection_with_tls_context(self, *_args: Any, **_kwargs: Any) -> HTTPConnectionPool:
        return self._pool

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing: the pool brings its own TLS context."""
