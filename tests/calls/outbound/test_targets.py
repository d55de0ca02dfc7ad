"""How an address must be written, and what becomes of it."""

from __future__ import annotations

import threading
import time

import pytest

from calls.outbound import OutboundFailed, OutboundRefused, check, targets

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("url", "host", "port", "ordinary"),
    [
        ("https://Example.COM", "example.com", 443, "https://example.com/"),
        ("HTTP://example.com:80/a?b=c", "example.com", 80, "http://example.com/a?b=c"),
        ("https://example.com:8443?x", "example.com", 8443, "https://example.com:8443/?x"),
        ("http://8.8.8.8:8000/", "8.8.8.8", 8000, "http://8.8.8.8:8000/"),
        ("https://[2606:4700:0::1111]/dns", "2606:4700::1111", 443, "https://[2606:4700::1111]/dns"),
        ("https://xn--bcher-kva.example/x", "xn--bcher-kva.example", 443, "https://xn--bcher-kva.example/x"),
        ("https://my_service.example/ü?ü#part", "my_service.example", 443, "https://my_service.example/ü?ü"),
        ("https://example.com/@user:pass@x//y", "example.com", 443, "https://example.com/@user:pass@x//y"),
    ],
)
def test_reads_ordinary_addresses(url: str, host: str, port: int, ordinary: str) -> None:
    target = targets.read(url)
    assert (target.host, target.port, target.url) == (host, port, ordinary)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "url"),
        ("example.com", "url"),
        ("//example.com/", "url"),
        ("https:/example.com/", "url"),
        ("https:example.com", "url"),
        ("https://", "url"),
        ("https://:443/", "url"),
        ("https://user@example.com/", "url"),
        ("https://example.com:/", "url"),
        ("https://example.com:４４３/", "url"),
        ("https://example.com/a b", "url"),
        ("https://example.com/\u3000", "url"),
        ("https://example.com/\ud800", "url"),
        ("https://example.com/" + 2100 * "x", "url"),
        ("ftp://example.com/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("javascript://example.com/%0aalert(1)", "scheme"),
        ("https://example.com:22/", "port"),
        ("https://example.com:0/", "port"),
        ("https://example.com:99999/", "port"),
        ("http://example.com:6379/", "port"),
    ],
)
def test_refuses_what_is_written_otherwise(url: str, code: str) -> None:
    with pytest.raises(OutboundRefused) as refused:
        targets.read(url)
    assert (refused.value.code, refused.value.permanent) == (code, True)


def test_one_bad_address_among_good_ones_refuses_the_name(monkeypatch) -> None:
    monkeypatch.setattr(targets, "lookup", lambda host, port: ["8.8.8.8", "2606:4700::1111", "10.0.0.7"])
    with pytest.raises(OutboundRefused, match="a private network"):
        check("https://mixed.example/")


def test_a_name_that_is_not_known_is_a_failure_that_may_pass(monkeypatch) -> None:
    monkeypatch.setattr(targets, "lookup", lambda host, port: [])
    with pytest.raises(OutboundFailed) as failed:
        check("https://nobody.example/")
    assert (failed.value.code, failed.value.permanent) == ("dns", False)


def test_a_resolver_that_hangs_is_left_behind(monkeypatch, settings) -> None:
    settings.CALLHUB_OUTBOUND_CONNECT_SECONDS = 0.2
    released = threading.Event()
    monkeypatch.setattr(targets, "lookup", lambda host, port: released.wait(60) and [])
    began = time.monotonic()
    with pytest.raises(OutboundFailed, match="not found in time"):
        check("https://slow.example/")
    released.set()
    assert time.monotonic() - began < 30


def test_hanging_look_ups_do_not_pile_up(monkeypatch, settings) -> None:
    settings.CALLHUB_OUTBOUND_CONNECT_SECONDS = 0.05
    released = threading.Event()
    monkeypatch.setattr(targets, "_LOOKUPS", threading.BoundedSemaphore(2))
    monkeypatch.setattr(targets, "lookup", lambda host, port: released.wait(60) and [])
    told = []
    for _ in range(4):
        with pytest.raises(OutboundFailed) as failed:
            check("https://slow.example/")
        told.append(failed.value.message)
    released.set()
    assert told == 2 * ["The name slow.example was not found in time."] + 2 * ["Too many names are being looked up."]


@pytest.mark.parametrize("ports", [["443"], ["1-79", "81-65535"], []])
def test_ports_are_the_operators_choice(ports: list[str], settings) -> None:
    settings.CALLHUB_OUTBOUND_PORTS = ports
    with pytest.raises(OutboundRefused, match="Port 80 "):
        targets.read("http://example.com/")


@pytest.mark.parametrize("path", ["/..", "/../x", "/a/%2e%2e/b", "/%2E./", "/.%2e", "/a/./b", "/%2e?x", "/a/..?/b"])
def test_refuses_paths_that_clients_read_as_others(path: str) -> None:
    with pytest.raises(OutboundRefused) as refused:
        targets.read(f"https://example.com{path}")
    assert refused.value.code == "url"


@pytest.mark.parametrize("path", ["/...", "/a..b", "/.well-known/x", "/a?b=/../c", "/%2e%2e%2e", "/a/.b"])
def test_takes_paths_whose_dots_lead_nowhere(path: str) -> None:
    assert targets.read(f"https://example.com{path}").path == path


@pytest.mark.parametrize("host", ["hub.example", "HUB.example:443", "tenant.calls.example", "calls.example"])
def test_nothing_is_sent_to_own_names(host: str, settings) -> None:
    settings.CALLHUB_PUBLIC_URL, settings.ALLOWED_HOSTS = "https://hub.example/x", [".calls.example", "*"]
    with pytest.raises(OutboundRefused, match="callhub's own") as refused:
        check(f"https://{host}/")
    assert refused.value.code == "address"


INSIDE = ["127.0.0.1", "10.0.0.1:80", "[::1]", "[fe80::1]", "[::ffff:10.1.2.3]", "169.254.169.254", "127.1", "2130706433",
          "0x7f.1", "017700000001", "localhost", "LOCALHOST.", "a.localhost", "0", "100.64.0.1"]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_written_addresses_that_lead_inside_are_found_without_a_look_up(host: str) -> None:
    assert targets.inside(f"http://user@{host}/a")


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "[2606:4700::1]", "example.com", "10.example.com", "127.0.0.1.example.com", "", "[", "300.1.1.1"]
)
def test_other_addresses_are_for_their_names_to_judge(host: str) -> None:
    assert targets.inside(f"https://{host}/a") == ""


def test_written_addresses_that_the_operator_allows_are_taken(settings) -> None:
    settings.CALLHUB_OUTBOUND_ALLOW = ["10.0.0.0/8"]
    assert (targets.inside("http://10.1.1.1/"), bool(targets.inside("http://192.168.1.1/"))) == ("", True)
