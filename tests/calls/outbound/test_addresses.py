"""Which addresses are on the public internet: the table is ours, so the table is tested."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from django.core.checks import run_checks
from requests_hardened import ip_filter

from calls.outbound.addresses import is_allowed, special, unreadable, unwrapped

pytestmark = pytest.mark.once

PUBLIC = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.215.14 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15
    169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0
    192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
    2000:: 2001:200:: 2001:4860:4860::8888 2001:db7:ffff::1 2001:db9:: 2003:: 2606:4700:4700::1111 2a00:1450:4001::1
    3ffd:ffff::1 3fff:1000:: 2a00::5efe:8.8.8.8
    ::ffff:8.8.8.8 ::ffff:1.1.1.1 64:ff9b::8.8.8.8 64:ff9b::101:101
""".split()

# The first and last address of each range, and what stands in reports of holes in other people's tables.
SPECIAL = {
    "this machine itself": "0.0.0.0 0.255.255.255 127.0.0.0 127.0.0.1 127.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:0.0.0.0 "
    "64:ff9b::127.0.0.1 64:ff9b::7f00:1 2a00::5efe:127.0.0.1",
    "a private network": "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 fc00:: fd00:ec2::254 "
    "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fec0::1 feff::1 ::ffff:10.0.0.1 64:ff9b::192.168.0.1 2a00::200:5efe:10.0.0.1",
    "a carrier's own network": "100.64.0.0 100.64.0.1 100.100.100.200 100.127.255.255 ::ffff:100.64.0.1 64:ff9b::6440:1",
    "a cloud's own services": "168.63.129.16 ::ffff:168.63.129.16",
    "the local link": "169.254.0.0 169.254.169.254 169.254.255.255 fe80:: fe80::1 fe80::1%eth0 febf:ffff::1 "
    "::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2001:4860::1%1",
    "a reserved range": "192.0.0.0 192.0.0.1 192.0.0.8 192.0.0.9 192.0.0.170 192.0.0.192 192.0.0.255 240.0.0.0 255.255.255.254 "
    "255.255.255.255 ::ffff:255.255.255.255 100::1 100:0:0:1::1 200::1 400::1 1000::1 1fff:ffff::1 2001:1::1 2001:3::1 "
    "2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:1ff:ffff::1 3ffe::1 4000::1 5f00::1 8000::1 e000::1 f000::1 fe00::1 "
    "64:ff9b:2::1 64:ff9a::1 64:ff9b:0:1::7f00:1",
    "documentation": "192.0.2.0 192.0.2.255 198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255 2001:db8:: 2001:db8:ffff::1 "
    "3fff::1 3fff:fff:ffff::1 ::ffff:192.0.2.1",
    "measurements": "198.18.0.0 198.19.255.255 2001:2::1 ::ffff:198.18.0.1",
    "multicast": "224.0.0.0 224.0.0.1 239.255.255.255 ff00:: ff02::1 ff0e::1 ::ffff:224.0.0.1",
    "a form that hides an IPv4 address": "192.88.99.0 192.88.99.1 192.88.99.255 ::2 ::127.0.0.1 ::7f00:1 ::8.8.8.8 "
    "::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 64:ff9b:1::127.0.0.1 64:ff9b:1:ffff::1 64:ff9b:1::8.8.8.8 2001::1 2001:0:7f00:1:: "
    "2001:0:4136:e378:8000:63bf:80ff:fffe 2002:: 2002:7f00:1:: 2002:a00:1::1 2002:808:808::1 2002:ffff:ffff::1",
}


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_pass(text: str) -> None:
    assert special(ip_address(text)) == ""


@pytest.mark.parametrize(("text", "kind"), [(text, kind) for kind, texts in SPECIAL.items() for text in texts.split()])
def test_other_addresses_are_refused_with_their_reason(text: str, kind: str) -> None:
    assert special(ip_address(text)) == kind


@pytest.mark.parametrize("network", ip_filter.EXTRA_BLOCKED_NET_RANGES, ids=str)
def test_whatever_requests_hardened_blocks_is_refused_as_well(network) -> None:
    middle = network[network.num_addresses // 2]
    found = [special(network[0]), special(middle), special(network[-1])]
    if network == ip_network("64:ff9b::/96"):  # there we look at the address inside
        assert found == ["this machine itself", "", "a reserved range"]
        assert str(unwrapped(middle)) == "128.0.0.0"
    else:
        assert all(found)


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("64:ff9b::10.0.0.1", "10.0.0.1"),
        ("64:ff9b:1::10.0.0.1", "64:ff9b:1::a00:1"),
        ("2606:4700::1", "2606:4700::1"),
        ("1.2.3.4", "1.2.3.4"),
    ],
)
def test_unwraps_the_forms_that_are_in_use(text: str, inside: str) -> None:
    assert str(unwrapped(ip_address(text))) == inside


def test_operators_allow_networks_and_nothing_besides(settings) -> None:
    assert not is_allowed(ip_address("10.1.0.1"))
    settings.CALLHUB_OUTBOUND_ALLOW = ["10.1.0.0/16", "fd12::/48", "192.168.1.7", "nonsense"]
    allowed = ["10.1.0.1", "10.1.255.255", "::ffff:10.1.0.1", "64:ff9b::10.1.0.1", "fd12::1", "192.168.1.7"]
    refused = ["10.2.0.1", "fd12:0:1::1", "192.168.1.8", "127.0.0.1", "::1", "::10.1.0.1", "2002:a01:1::"]
    assert [is_allowed(ip_address(text)) for text in allowed] == [True] * len(allowed)
    assert [is_allowed(ip_address(text)) for text in refused] == [False] * len(refused)


@pytest.mark.parametrize("word", ["10.0.0.1/8", "10.0.0.0/33", "ten", "10.0.0.0-10.0.0.9", "::g/64", "*"])
def test_networks_that_cannot_be_read_are_a_system_check(word: str, settings) -> None:
    settings.CALLHUB_OUTBOUND_ALLOW = ["10.0.0.0/8", word]
    assert unreadable(settings.CALLHUB_OUTBOUND_ALLOW) == [word]
    assert [(found.id, word in found.msg) for found in run_checks() if found.id == "callhub.E020"] == [("callhub.E020", True)]


@pytest.mark.parametrize("word", ["https", "0", "65536", "90-80", "80-", "-80", "1-2-3", "８０"])
def test_ports_that_cannot_be_read_are_a_system_check(word: str, settings) -> None:
    settings.CALLHUB_OUTBOUND_PORTS = ["443", word]
    assert [(found.id, word in found.msg) for found in run_checks() if found.id == "callhub.E021"] == [("callhub.E021", True)]


def test_a_missing_file_of_authorities_is_a_system_check(settings, tmp_path) -> None:
    settings.CALLHUB_OUTBOUND_CA_FILE = str(tmp_path / "none.pem")
    assert [found.id for found in run_checks() if found.id == "callhub.E022"] == ["callhub.E022"]
