"""Nothing gets inside by the outgoing door: not when an address is written down, not when it is called."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from calls import outbound
from calls.outbound import OutboundError, OutboundFailed, OutboundRefused, Request, targets, wire
from tests.calls.outbound import inside
from tests.calls.outbound.receivers import Receiver, answers, receiver

pytestmark = pytest.mark.once
opened = wire.open_socket


@pytest.fixture
def listener(settings) -> Iterator[Receiver]:
    """Waits inside, on a port that may be called."""
    settings.CALLHUB_OUTBOUND_PORTS = ["1-65535"]
    with receiver(answers("200 OK", body=b"inside")) as there:
        yield there


@pytest.fixture
def dialled(listener, monkeypatch) -> list[str]:
    """The addresses connections were opened to. All of them end at the listener, so none can go unseen."""
    addresses: list[str] = []

    def open_socket(address, port: int, seconds: float) -> socket.socket:
        addresses.append(str(address))
        return opened(targets.ip_address("127.0.0.1"), listener.port, seconds)

    monkeypatch.setattr(wire, "open_socket", open_socket)
    monkeypatch.setattr(targets, "lookup", resolver({**inside.NAMES, **inside.PUBLIC_NAMES}))
    return addresses


def resolver(names: dict[str, list[str]]) -> Callable[[str, int], list[str]]:
    known = {name.lower(): addresses for name, addresses in names.items()}
    return lambda host, port: known.get(host, [])


def refusal(call: Callable[[str], object], url: str) -> str:
    """The code of the refusal; empty where there was none."""
    try:
        call(url)
    except OutboundError as error:
        return error.code if isinstance(error, OutboundRefused) else f"failed: {error.code}"
    return ""


def post(url: str) -> None:
    outbound.send(Request(url=url, body=b"{}"))


def fetch(url: str) -> None:
    outbound.download(url, into=io.BytesIO(), limit=10)


def knock(listener: Receiver) -> None:
    """Reach the listener for certain: it takes connections in their order, so what came before has been counted by now."""
    with socket.create_connection(("127.0.0.1", listener.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert client.recv(10)


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len(set(inside.urls(8000))) > 300
    assert len(set(inside.public_urls(8000))) >= 50


@pytest.mark.parametrize("call", [outbound.check, post, fetch])
def test_every_address_that_leads_inside_is_refused(call, listener: Receiver, dialled: list[str]) -> None:
    found = {url: refusal(call, url) for url in inside.urls(listener.port)}
    assert {url: code for url, code in found.items() if code not in ("url", "scheme", "port", "address")} == {}
    assert dialled == []
    knock(listener)
    assert listener.connections == 1


def test_every_public_address_passes_and_is_dialled_as_it_was_resolved(listener: Receiver, dialled: list[str]) -> None:
    for url in inside.public_urls(listener.port):
        outbound.check(url)
        assert outbound.send(Request(url=url)).body == b"inside"
    wanted = [addresses[0] for addresses in inside.PUBLIC_NAMES.values()] + [host.strip("[]") for host in inside.PUBLIC_LITERALS]
    assert dialled == [str(targets.ip_address(address)) for address in wanted]
    assert listener.connections == len(wanted)


def test_the_listener_would_have_been_reached_had_the_operator_allowed_it(listener: Receiver, settings) -> None:
    """The same addresses, the machine's own resolver and sockets: so the refusals above are what kept them out."""
    settings.CALLHUB_OUTBOUND_ALLOW = ["127.0.0.0/8", "::1"]
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        outbound.check(f"http://{host}:{listener.port}/")
    assert outbound.send(Request(url=f"http://127.0.0.1:{listener.port}/")).status == 200
    settings.CALLHUB_OUTBOUND_ALLOW = []
    with pytest.raises(OutboundRefused):
        outbound.send(Request(url=f"http://localhost:{listener.port}/"))
    assert listener.connections == 1


def test_a_name_that_changes_between_check_and_call_is_refused_then(listener: Receiver, dialled: list[str], monkeypatch) -> None:
    answers_of = iter([["93.184.215.14"], ["127.0.0.1"]])
    monkeypatch.setattr(targets, "lookup", lambda host, port: next(answers_of))
    url = f"http://rebinding.example:{listener.port}/"
    outbound.check(url)
    assert refusal(post, url) == "address"
    assert dialled == []


def test_a_name_is_looked_up_once_however_often_it_changes(listener: Receiver, dialled: list[str], monkeypatch) -> None:
    """A thousand flips between outside and inside: every request goes where its one look-up said, or nowhere."""
    turns = count()
    monkeypatch.setattr(targets, "lookup", lambda host, port: [("93.184.215.14", "127.0.0.1")[next(turns) % 2]])
    codes = [refusal(post, f"http://flips.example:{listener.port}/") for _ in range(1000)]
    assert codes == ["", "address"] * 500
    assert dialled == ["93.184.215.14"] * 500
    assert next(turns) == 1000


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
)
@pytest.mark.parametrize(
    "header", ["Location: http://127.0.0.1:{port}/", "Location: //localhost:{port}/", "Refresh: 0;url=http://[::1]/"]
)
def test_a_redirect_inside_is_an_answer_and_goes_nowhere(status: str, header: str, listener: Receiver, monkeypatch) -> None:
    monkeypatch.setattr(targets, "lookup", lambda host, port: ["93.184.215.14"])
    with receiver(answers(status, header.format(port=listener.port), body=b"go there")) as outside:
        here = targets.ip_address("127.0.0.1")
        monkeypatch.setattr(wire, "open_socket", lambda address, port, seconds: opened(here, outside.port, seconds))
        for method in ("GET", "POST", "HEAD"):
            answer = outbound.send(Request(url=f"http://public.example:{listener.port}/", method=method))
            assert answer.status == int(status[:3])
        assert outside.connections == 3
    knock(listener)
    assert listener.connections == 1


@pytest.mark.parametrize("url", ["http://nobody.example/", "http://127.0.0.1.nip.io.nobody.example/"])
def test_an_unknown_name_is_a_failure_not_a_refusal(url: str, dialled: list[str]) -> None:
    with pytest.raises(OutboundFailed, match="is not known"):
        outbound.check(url)
