"""The web server as users run it: bodies in every framing, and clients that are slow, greedy or gone."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import time
from urllib.parse import urlsplit

import pytest

from callhub.web import ARRIVES_OUTSIDE, Arrived, how_much
from calls.models import Call
from tests.calls.feed.server import web
from tests.make import make_call, make_tenant, make_token

pytestmark = pytest.mark.django_db(transaction=True)
slow = [pytest.mark.slow, pytest.mark.timeout(300)]
MANY = 40
CALL = {"number": "+46701234567", "started_at": "2026-03-02T09:00:00Z", "duration": 65}


# What has arrived


@pytest.mark.parametrize(
    ("seen", "arrived"),
    [
        (b"", Arrived.PART),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", Arrived.PART),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Arrived.WHOLE),
        (b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", Arrived.WHOLE),
        (b"GET / HTTP/1.1\nHost: x\n\n", Arrived.WHOLE),
        (b"x" * ARRIVES_OUTSIDE, Arrived.WHOLE),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n1234", Arrived.PART),
        (b"POST / HTTP/1.1\r\ncontent-length:5 \r\n\r\n12345", Arrived.WHOLE),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n1234", Arrived.PART),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n" + b"1" * ARRIVES_OUTSIDE, Arrived.LARGE),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999\r\nExpect: 100-continue\r\n\r\n", Arrived.LARGE),
        (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", Arrived.WHOLE),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n", Arrived.PART),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n", Arrived.WHOLE),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Arrived.WHOLE),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n00;a=b\r\nTrailer: x\r\n\r\n", Arrived.WHOLE),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n99999\r\n" + b"1" * ARRIVES_OUTSIDE, Arrived.LARGE),
    ],
)
def test_a_request_has_arrived_when_its_head_and_ordinary_body_have(seen, arrived):
    assert how_much(seen) == arrived


# A running server


@pytest.fixture(scope="module")
def server(django_db_setup):
    with web(CALLHUB_WEB_THREADS=4, CALLHUB_STREAMS=4) as running:
        yield running


@pytest.fixture
def connect(server):
    """Opens connections, and closes them at the end."""
    opened = []

    def open_one():
        where = urlsplit(server.address)
        opened.append(socket.create_connection((where.hostname, where.port), timeout=60))
        return opened[-1]

    yield open_one
    for one in opened:
        with contextlib.suppress(OSError):
            one.close()


def request(method, path, body=b"", **headers):
    """The bytes of a request."""
    head = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*head, "", ""]).encode() + body


def chunked(body, size=7):
    """The body in chunks."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def answer_on(connection):
    """Status, lower-case headers and body of the next answer with a Content-Length."""
    read = connection.makefile("rb")
    status = int(read.readline().split()[1])
    headers = {}
    while (line := read.readline().strip()) != b"":
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return status, headers, read.read(int(headers.get("content-length", 0)))


def is_answered(connect):
    """Whether an ordinary request gets its answer; the connection's timeout is far above what it takes."""
    connection = connect()
    connection.sendall(request("GET", "/health/live"))
    return answer_on(connection)[0] == 200


@pytest.mark.slow
@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_chunked_change_is_made(connect, coding):
    call = make_call(make_tenant("acme"), direction="inbound")
    body = b'{"direction": "out"}'
    body = gzip.compress(body) if coding else body
    headers = {"Content_Type": "application/json", "Transfer_Encoding": "chunked", "Content_Encoding": coding or "identity"}
    connection = connect()
    token = make_token(call.tenant)
    connection.sendall(request("PUT", f"/calls/{call.pk}", chunked(body), Authorization=f"Bearer {token}", **headers))
    assert answer_on(connection)[0] == 200
    call.refresh_from_db()
    assert call.direction == "outbound"


@pytest.mark.slow
def test_a_body_that_ends_early_is_never_taken(connect):
    tenant = make_tenant("acme")
    connection = connect()
    body = json.dumps(CALL).encode()
    headers = {"Content_Type": "application/json", "Authorization": f"Bearer {make_token(tenant)}"}
    connection.sendall(request("POST", "/api/v1/calls", body, Content_Length=len(body) + 5, **headers))
    connection.shutdown(socket.SHUT_WR)
    assert answer_on(connection)[0] == 400
    assert not Call.objects.exists()


@pytest.mark.slow
def test_a_refused_body_that_is_not_read_closes_the_connection_and_says_so(connect):
    connection = connect()
    connection.sendall(request("POST", "/acme/calls", b"x" * 200_000, Content_Type="application/json", Content_Length=400_000))
    status, headers, _ = answer_on(connection)
    assert (status in (404, 413), headers["connection"]) == (True, "close")


@pytest.mark.slow
def test_a_refusal_whose_body_was_read_leaves_the_connection_open(connect):
    connection = connect()
    for _ in range(2):
        connection.sendall(request("POST", "/api/call", b"{}", Content_Type="application/json", Content_Length=2))
        status, headers, _ = answer_on(connection)
        assert (status, headers["connection"]) == (401, "keep-alive")


GREEDY = {
    "nothing": b"",
    "part of a line": b"GET /hea",
    "part of a head": b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    "part of a body": request("POST", "/acme/calls", b'{"nr"', Content_Length=20_000),
    "part of chunks": request("POST", "/acme/calls", b"5\r\n12345\r\n", Transfer_Encoding="chunked"),
    "part of a large body": request("POST", "/acme/calls", b" " * 40_000, Content_Length=200_000),
    "a body to be asked for": request("POST", "/acme/calls", Content_Length=200_000, Expect="100-continue"),
    "a second head": request("GET", "/health/live") + b"GET /hea",
    "a connection to be closed": request("GET", "/health/live", Connection="close"),
}


@pytest.mark.slow
@pytest.mark.parametrize("sent", GREEDY.values(), ids=GREEDY)
def test_beside_many_who_drip_an_ordinary_request_is_answered(connect, sent):
    connections = [connect() for _ in range(MANY)]
    for connection in connections:
        connection.sendall(sent)
    began = time.monotonic()
    for _ in range(5):
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.sendall(b"x")
        assert is_answered(connect)
    assert time.monotonic() - began < 10, "beside slow clients an ordinary request waits for seconds"


@pytest.mark.slow
def test_who_drips_for_too_long_is_hung_up_on(connect):
    connection = connect()
    connection.sendall(GREEDY["part of a head"])
    assert answer_on(connection)[:2] == (408, {"connection": "close", "content-length": "0"})
