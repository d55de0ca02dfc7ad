"""Which network addresses are on the public internet: our own table, after the IANA registries of special-purpose addresses.

Python's ``is_global`` and ``is_private`` do not answer this: they let pass carrier NAT, site-local, multicast and most of the
forms in which an IPv6 address holds an IPv4 one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from django.conf import settings
from django.utils.translation import gettext_noop

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LOOPBACK = gettext_noop("this machine itself")
_PRIVATE = gettext_noop("a private network")
_LINK_LOCAL = gettext_noop("the local link")
_RESERVED = gettext_noop("a reserved range")
_DOCUMENTATION = gettext_noop("documentation")
_BENCHMARK = gettext_noop("measurements")
_MULTICAST = gettext_noop("multicast")
_TRANSLATION = gettext_noop("a form that hides an IPv4 address")
_CARRIER = gettext_noop("a carrier's own network")
_CLOUD = gettext_noop("a cloud's own services")

# https://www.iana.org/assignments/iana-ipv4-special-registry, and what is not there: multicast, class E, the host agent of Azure.
# Ranges that the registry calls globally reachable stay open, but for those inside 192.0.0.0/24.
_IPV4 = {
    "0.0.0.0/8": _LOOPBACK,
    "10.0.0.0/8": _PRIVATE,
    "100.64.0.0/10": _CARRIER,
    "127.0.0.0/8": _LOOPBACK,
    "168.63.129.16/32": _CLOUD,
    "169.254.0.0/16": _LINK_LOCAL,
    "172.16.0.0/12": _PRIVATE,
    "192.0.0.0/24": _RESERVED,
    "192.0.2.0/24": _DOCUMENTATION,
    "192.88.99.0/24": _TRANSLATION,
    "192.168.0.0/16": _PRIVATE,
    "198.18.0.0/15": _BENCHMARK,
    "198.51.100.0/24": _DOCUMENTATION,
    "203.0.113.0/24": _DOCUMENTATION,
    "224.0.0.0/4": _MULTICAST,
    "240.0.0.0/4": _RESERVED,
}

# https://www.iana.org/assignments/iana-ipv6-special-registry. Only 2000::/3 is global unicast; what lies outside is listed for
# its reason. Old ways to write an IPv4 address as an IPv6 one are refused whatever they hold: nobody needs them any more, and
# where a packet to them comes out is for others to say.
_IPV6_GLOBAL = IPv6Network("2000::/3")
_IPV6 = {
    "::/128": _LOOPBACK,
    "::1/128": _LOOPBACK,
    "::/96": _TRANSLATION,  # IPv4-compatible, RFC 4291 §2.5.5.1
    "::ffff:0:0:0/96": _TRANSLATION,  # IPv4-translated, RFC 7915
    "64:ff9b:1::/48": _TRANSLATION,  # NAT64 of this network's own, RFC 8215
    "2001::/32": _TRANSLATION,  # Teredo, RFC 4380
    "2001:2::/48": _BENCHMARK,
    "2001::/23": _RESERVED,
    "2001:db8::/32": _DOCUMENTATION,
    "2002::/16": _TRANSLATION,  # 6to4, RFC 7526
    "3ffe::/16": _RESERVED,  # 6bone, given back by RFC 3701
    "3fff::/20": _DOCUMENTATION,
    "fc00::/7": _PRIVATE,
    "fe80::/10": _LINK_LOCAL,
    "fec0::/10": _PRIVATE,  # site-local, RFC 3879
    "ff00::/8": _MULTICAST,
}
_SPECIAL = [(ip_network(network), kind) for network, kind in [*_IPV4.items(), *_IPV6.items()]]
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052; how a network without IPv4 reaches the IPv4 internet
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214 §6.1: the upper half of the interface's part


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv4-mapped or NAT64 address stands for; any other address as it is."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def special(address: Address) -> str:
    """Why an address is not on the public internet, untranslated; empty where it is."""
    if isinstance(address, IPv6Address) and address.scope_id:
        return _LINK_LOCAL
    address = unwrapped(address)
    for network, kind in _SPECIAL:
        if address in network:
            return kind
    if isinstance(address, IPv6Address):
        if address not in _IPV6_GLOBAL:
            return _RESERVED
        if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP and (kind := special(IPv4Address(int(address) & 0xFFFFFFFF))):
            return kind
    return ""


def is_allowed(address: Address) -> bool:
    """Whether the operator allows this address by ``CALLHUB_OUTBOUND_ALLOW``, as it is or unwrapped."""
    networks = _networks(tuple(settings.CALLHUB_OUTBOUND_ALLOW))
    return any(form in network for form in (address, unwrapped(address)) for network in networks)


def unreadable(words: Iterable[str]) -> list[str]:
    """The words that are not networks."""
    return [word for word in words if _network(word) is None]


@lru_cache(maxsize=8)
def _networks(words: tuple[str, ...]) -> list[Network]:
    """The networks of the setting; what cannot be read allows nothing (and is a system check)."""
    return [network for word in words if (network := _network(word)) is not None]


def _network(word: str) -> Network | None:
    try:
        return ip_network(word)
    except ValueError:
        return None
