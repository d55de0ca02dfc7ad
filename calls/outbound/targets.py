"""Reading an address as it must be written, and finding where it leads."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.utils.http import is_same_domain
from django.utils.translation import gettext as _

from calls.outbound.addresses import Address, is_allowed, special
from calls.outbound.errors import OutboundFailed, OutboundRefused

LONGEST_URL = 2048
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SHAPE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)(?:#.*)?", re.DOTALL)
_NEVER = re.compile(
    r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\u3000\ufeff\ud800-\udfff]"
)  # spaces, controls, backslashes, half characters
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_LOOKUPS = threading.BoundedSemaphore(32)  # a resolver that hangs holds its thread for as long as it likes


@dataclass(frozen=True, kw_only=True)
class Target:
    """Who is asked, read once: nothing after this reads the address again. ``host`` is a name or an address without brackets."""

    scheme: str
    host: str
    port: int
    path: str  # with the query, beginning with a slash

    @property
    def netloc(self) -> str:
        """Host and port as they stand in an address and in Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address in its ordinary spelling."""
        return f"{self.scheme}://{self.netloc}{self.path}"


def read(url: str) -> Target:
    """An address taken apart, without looking anything up. A fragment is dropped. Raises ``OutboundRefused``."""
    if len(url) > LONGEST_URL:
        raise OutboundRefused("url", _("The address is longer than %(length)s characters.") % {"length": LONGEST_URL})
    if _NEVER.search(url):
        raise OutboundRefused("url", _("The address holds spaces, line breaks, backslashes or control characters."))
    shape = _SHAPE.fullmatch(url)
    if shape is None:
        raise OutboundRefused("url", _("Must be a whole address, such as https://example.com/path."))
    scheme, authority, path = shape[1].lower(), shape[2], shape[3]
    if scheme not in _DEFAULT_PORTS:
        raise OutboundRefused("scheme", _("Only http and https addresses are called."))
    if "@" in authority:
        raise OutboundRefused("url", _("User and password do not belong into the address."))
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise OutboundRefused("url", _("The host must be a name of ASCII letters (xn--… for others) or an ordinary IP address."))
    port = int(parts[2]) if parts[2] else _DEFAULT_PORTS[scheme]
    if not any(port in allowed for allowed in _ports(tuple(settings.CALLHUB_OUTBOUND_PORTS))):
        raise OutboundRefused("port", _("Port %(port)s is not among those that are called.") % {"port": port})
    if any(unquote(segment) in (".", "..") for segment in path.partition("?")[0].split("/")):
        raise OutboundRefused("url", _("The path may not hold “.” or “..”: clients read such an address as another one."))
    return Target(scheme=scheme, host=_host(parts[1]), port=port, path=path if path.startswith("/") else f"/{path}")


def _host(text: str) -> str:
    """The host in lower case. Numbers are IP addresses in their one ordinary spelling, or nothing."""
    try:
        if text.startswith("["):
            return str(IPv6Address(text[1:-1]))
        host = text.lower()
        if _ENDS_IN_NUMBER.fullmatch(host):
            return str(IPv4Address(host))
    except AddressValueError as error:
        raise OutboundRefused("url", _("The host is not an IP address in its ordinary spelling.")) from error
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise OutboundRefused("url", _("The host is not a name as names are written."))
    return host


def inside(url: str) -> str:
    """Why an address leads inside by what is written in it, in words; empty where it does not, or only its name's owner can tell.

    Any spelling of an IP address counts that a client may understand, such as ``127.1`` or
    ``0x7f000001``.
    """
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
        if host == "localhost" or host.endswith(".localhost"):  # RFC 6761 §6.3
            address: Address = IPv4Address("127.0.0.1")
        elif ":" not in host and _ENDS_IN_NUMBER.fullmatch(host):
            address = IPv4Address(socket.inet_aton(host))
        else:
            address = ip_address(host)
    except (ValueError, OSError):
        return ""
    kind = special(address)
    return _(kind) if kind and not is_allowed(address) else ""


def is_own(target: Target) -> bool:
    """Whether callhub itself answers to this name and port: what it sends there would come back to it."""
    public = urlsplit(settings.CALLHUB_PUBLIC_URL)
    ports = {*_DEFAULT_PORTS.values(), settings.CALLHUB_PORT, public.port}
    own = [name.lower() for name in (public.hostname, *settings.ALLOWED_HOSTS) if name and name != "*"]
    return target.port in ports and any(is_same_domain(target.host, name) for name in own)


def lookup(host: str, port: int) -> Iterable[str]:
    """The addresses of a name as this machine's resolver tells them. Tests put a resolver of their own here."""
    return [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def resolve(target: Target, *, seconds: float) -> list[Address]:
    """Every address of the target, in the resolver's order. All are public or allowed by the operator.

    Raises ``OutboundRefused`` where a single one is not and for callhub's own names,
    ``OutboundFailed`` (``dns``) where there are none in time.
    """
    if is_own(target):
        raise OutboundRefused("address", _("The address is callhub's own."))
    try:
        addresses = [ip_address(target.host)]
    except ValueError:
        addresses = [ip_address(text) for text in dict.fromkeys(_looked_up(target, seconds))]
    for address in addresses:
        if (kind := special(address)) and not is_allowed(address):
            raise OutboundRefused(
                "address", _("The address is not on the public internet: it leads to %(kind)s.") % {"kind": _(kind)}
            )
    return addresses


def _looked_up(target: Target, seconds: float) -> list[str]:
    """What the resolver says of a name; it is asked in a thread of its own, as it knows no deadline."""
    until = time.monotonic() + seconds
    slots = _LOOKUPS
    if not slots.acquire(timeout=seconds):
        raise OutboundFailed("dns", _("Too many names are being looked up."))
    found: list[str] = []
    done = threading.Event()

    def ask() -> None:
        try:
            found.extend(lookup(target.host, target.port))
        except (OSError, UnicodeError):
            pass  # an empty list is the answer
        finally:
            slots.release()
            done.set()

    threading.Thread(target=ask, name="lookup", daemon=True).start()
    if not done.wait(until - time.monotonic()):
        raise OutboundFailed("dns", _("The name %(host)s was not found in time.") % {"host": target.host})
    if not found:
        raise OutboundFailed("dns", _("The name %(host)s is not known.") % {"host": target.host})
    return found


def unreadable_ports(words: Iterable[str]) -> list[str]:
    """The words that are neither a port nor a range of them."""
    return [word for word in words if not _range(word)]


@lru_cache(maxsize=8)
def _ports(words: tuple[str, ...]) -> list[range]:
    """The ports of the setting; what cannot be read allows none (and is a system check)."""
    return [_range(word) for word in words]


def _range(word: str) -> range:
    parts = _PORTS.fullmatch(word)
    if parts is None:
        return range(0)
    found = range(int(parts[1]), int(parts[2] or parts[1]) + 1)
    return found if found and found[0] > 0 and found[-1] < 65536 else range(0)
