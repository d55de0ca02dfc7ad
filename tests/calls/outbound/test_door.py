"""What goes out by the door, and what comes back, from servers that behave and servers that do not."""

from __future__ import annotations

import gzip
import io
import re
import threading
import time
import tracemalloc

import pytest

from calls import outbound
from calls.outbound import BasicAuth, OutboundFailed, OutboundRefused, Request, targets
from tests.calls.outbound.receivers import Authority, answers, drips, floods, hangs, receiver, says
from tests.services import free_port

pytestmark = pytest.mark.once

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(32 * 1024 * 1024))
MEMORY = 8 * 1024 * 1024  # more than the door ever needs, and a quarter of what the bomb holds


@pytest.fixture(autouse=True)
def _inside(settings) -> None:
    settings.CALLHUB_OUTBOUND_ALLOW = ["127.0.0.0/8", "::1"]
    settings.CALLHUB_OUTBOUND_PORTS = ["1-65535"]


@pytest.fixture
def hurried(settings) -> None:
    """The limits in time, made short for those who will reach them anyway."""
    settings.CALLHUB_OUTBOUND_CONNECT_SECONDS = 1.0
    settings.CALLHUB_OUTBOUND_SECONDS = 2.0


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_sends_what_it_was_given_and_nothing_from_its_surroundings(monkeypatch, tmp_path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n", "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with receiver(answers("202 Accepted", "X-A: 1", "X-A: 2", "Set-Cookie: a=b", body=b"thanks")) as there:
        request = Request(url=there.url, headers={"Content-Type": "application/json", "user-agent": "ours"}, body=b'{"a":1}')
        answer = outbound.send(request)
        outbound.send(Request(url=there.url, method="GET"))
    head = there.requests[0].decode().partition("\r\n\r\n")[0].split("\r\n")
    assert head[0] == "POST /hook?key=value HTTP/1.1"
    assert sorted(head[1:]) == [
        "Accept-Encoding: identity",
        "Accept: */*",
        f"Callhub-Loop: {outbound.loop_mark()}",
        "Connection: close",
        "Content-Length: 7",
        "Content-Type: application/json",
        f"Host: 127.0.0.1:{there.port}",
        "user-agent: ours",
    ]
    assert (answer.status, answer.body, answer.is_cut, answer.size) == (202, b"thanks", False, 6)
    assert (answer.headers["x-a"], answer.headers["content-length"]) == ("1, 2", "6")
    assert b"Cookie" not in there.requests[1]


def test_sends_user_and_password_in_utf_8() -> None:
    with receiver(answers("200 OK")) as there:
        outbound.send(Request(url=there.url, auth=BasicAuth(user="Jürgen", password="pässwörd"), headers={"authorization": "x"}))
    lines = there.requests[0].split(b"\r\n")
    assert [line for line in lines if line.lower().startswith(b"auth")] == [b"Authorization: Basic SsO8cmdlbjpww6Rzc3fDtnJk"]


@pytest.mark.parametrize(
    "headers",
    [
        *({name.title(): "x"} for name in outbound.OWN_HEADERS),
        {"X-A": "a\r\nX-B: b"},
        {"X-A": "a\nb"},
        {"X-A": "a\0b"},
        {"X-A": " a"},
        {"X-A": "€"},
        {"X A": "a"},
        {"X-A:": "a"},
        {"": "a"},
    ],
)
def test_refuses_headers_that_are_not_the_senders(headers: dict[str, str]) -> None:
    with receiver(answers("200 OK")) as there, pytest.raises(OutboundRefused) as refused:
        outbound.send(Request(url=there.url, headers=headers))
    assert (refused.value.code, there.connections) == ("request", 0)


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "get", "GET / HTTP/1.1\r\nX: y\r\n"])
def test_refuses_methods_that_are_not_for_sending(method: str) -> None:
    with pytest.raises(OutboundRefused, match="not a method"):
        outbound.send(Request(url="http://127.0.0.1/", method=method))


def test_neither_addresses_nor_passwords_stand_in_what_is_logged_of_a_request() -> None:
    request = Request(
        url="https://example.com/secret", auth=BasicAuth(user="u", password="secret"), body=b"secret", headers={"A": "secret"}
    )
    assert "secret" not in repr(request)


def test_an_error_never_tells_the_address(settings) -> None:
    with receiver(says(b"nonsense\r\n\r\n")) as there, pytest.raises(OutboundFailed) as failed:
        outbound.send(Request(url=f"{there.url}&token=secret"))
    error: BaseException | None = failed.value
    while error is not None:
        assert "secret" not in f"{error!r}"
        error = error.__cause__


# What every answer comes back as. The second table is what is no answer.
ANSWERS = {
    "200": (answers("200 OK", body=b"ok"), 200, b"ok", False),
    "204": (says(b"HTTP/1.1 204 No Content\r\n\r\n"), 204, b"", False),
    "302": (answers("302 Found", "Location: http://127.0.0.1:1/inside", body=b"there"), 302, b"there", False),
    "308": (answers("308 Permanent Redirect", "Location: //127.0.0.1:1/inside"), 308, b"", False),
    "401": (answers("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'), 401, b"", False),
    "410": (answers("410 Gone", body=b"gone"), 410, b"gone", False),
    "429": (answers("429 Too Many Requests", "Retry-After: 120"), 429, b"", False),
    "500": (answers("500 Internal Server Error", body=b"oops"), 500, b"oops", False),
    "101": (says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"), 101, b"", False),
    "100 before": (says(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + HEAD + b"\r\nok"), 200, b"ok", False),
    "HTTP/1.0": (says(b"HTTP/1.0 200 OK\r\n\r\nuntil the end"), 200, b"until the end", False),
    "chunked": (says(CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Trailer: z\r\n\r\n"), 200, b"abcde", False),
    "long": (answers("200 OK", body=b"x" * 65537), 200, b"x" * 65536, True),
    "just long enough": (answers("200 OK", body=b"x" * 65536), 200, b"x" * 65536, False),
    "endless": (floods(HEAD + b"\r\n", b"y" * 65536), 200, b"y" * 65536, True),
    "endless chunks": (floods(CHUNKED, b"10\r\nzzzzzzzzzzzzzzzz\r\n"), 200, b"z" * 65536, True),
    "length without end": (floods(HEAD + b"Content-Length: 99999999999999\r\n\r\n", b"y" * 65536), 200, b"y" * 65536, True),
    "gzip bomb": (answers("200 OK", "Content-Encoding: gzip", body=BOMB), 200, BOMB[:65536], len(BOMB) > 65536),
    "gzip bomb behind a redirect": (
        answers("302 Found", "Location: /", "Content-Encoding: gzip", body=BOMB),
        302,
        BOMB[:65536],
        len(BOMB) > 65536,
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_comes_back_as_it_is(name: str) -> None:
    behaviour, status, body, is_cut = ANSWERS[name]
    with receiver(behaviour) as there:
        tracemalloc.start()
        try:
            answer = outbound.send(Request(url=there.url, body=b"{}"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (answer.status, answer.is_cut, answer.body == body) == (status, is_cut, True)
    assert there.connections == 1
    assert peak < MEMORY


FAILURES = {
    "hangs up": (says(b""), "protocol", "hung up without an answer"),
    "half a status": (says(b"HTTP/1.1 20"), "protocol", "broke off"),
    "half a header": (says(HEAD + b"X-A"), "protocol", "broke off"),
    "half an answer": (says(HEAD + b"Content-Length: 100\r\n\r\nhalf"), "protocol", "broke off"),
    "half a chunk": (says(CHUNKED + b"ff\r\nhalf"), "protocol", "broke off"),
    "a chunk of nonsense": (says(CHUNKED + b"zz\r\nhalf\r\n"), "protocol", "broke off"),
    "a chunk of -5": (says(CHUNKED + b"-5\r\nhalf\r\n0\r\n\r\n"), "protocol", "not an HTTP answer"),
    "a chunk of -1 without end": (floods(CHUNKED + b"-1\r\n", b"y" * 65536), "protocol", "not an HTTP answer"),
    "two lengths": (says(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "protocol", "broke off"),
    "garbage": (says(bytes(range(256)) * 4), "protocol", "not an HTTP answer"),
    "mail": (says(b"220 mail.example ESMTP\r\n"), "protocol", "not an HTTP answer"),
    "1,000 headers": (says(HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(1000)) + b"\r\n"), "headers", "too many headers"),
    "a header of 1 MB": (says(HEAD + b"X-A: " + b"y" * 1_000_000 + b"\r\n\r\n"), "headers", "too long"),
    "a header without end": (floods(HEAD + b"X-A: ", b"y" * 65536), "headers", "too long"),
    "headers of 60 kB": (
        says(HEAD + b"".join(b"X-%d: %b\r\n" % (n, b"y" * 1000) for n in range(60)) + b"\r\n"),
        "headers",
        "too long",
    ),
    "a status without end": (floods(b"HTTP/1.1 200 ", b"y" * 65536), "headers", "too long"),
    "100 without end": (floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), "headers", "too long"),
    "a chunk's length without end": (floods(CHUNKED, b"0" * 65536), "protocol", "broke off"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_is_no_answer_fails_with_its_reason(name: str) -> None:
    behaviour, code, words = FAILURES[name]
    with receiver(behaviour) as there:
        tracemalloc.start()
        try:
            with pytest.raises(OutboundFailed, match=words) as failed:
                outbound.send(Request(url=there.url, body=b"{}"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (failed.value.code, failed.value.permanent) == (code, False)
    assert peak < MEMORY


SLOW = {
    "hangs before the header": (hangs, "too long"),
    "drips a status": (drips(b""), "too long"),
    "drips a header": (drips(HEAD + b"X-A: "), "too long"),
    "drips a body": (drips(HEAD + b"\r\n"), "too long"),
    "drips a chunk": (drips(CHUNKED + b"ffffff\r\n"), "too long"),
    "trails without end": (floods(CHUNKED + b"0\r\n", b"X-A: y\r\n" * 1000), "too long"),
}


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("name", SLOW)
def test_whoever_takes_too_long_is_left(name: str) -> None:
    behaviour, words = SLOW[name]
    with receiver(behaviour) as there, pytest.raises(OutboundFailed, match=words) as failed:
        outbound.send(Request(url=there.url))
    assert failed.value.code == "timeout"


@pytest.mark.usefixtures("hurried")
def test_a_receiver_that_never_reads_is_left() -> None:
    with receiver(hangs, reads=False) as there, pytest.raises(OutboundFailed) as failed:
        outbound.send(Request(url=there.url, body=bytes(64 * 1024 * 1024)))
    assert failed.value.code == "timeout"


@pytest.mark.usefixtures("hurried")
def test_a_handshake_that_stalls_is_left() -> None:
    with receiver(hangs, reads=False) as there, pytest.raises(OutboundFailed, match="TLS handshake") as failed:
        outbound.send(Request(url=there.url.replace("http:", "https:")))
    assert failed.value.code == "timeout"


def test_a_receiver_that_answers_before_it_has_read_all_is_heard() -> None:
    answer = answers("413 Content Too Large", body=b"too much")
    with receiver(lambda client, stopped: (client.recv(1024), answer(client, stopped)), reads=False) as there:
        assert outbound.send(Request(url=there.url, body=bytes(100_000))).status == 413


def test_nobody_there_is_a_failure_to_connect() -> None:
    with pytest.raises(OutboundFailed, match="takes no connection") as failed:
        outbound.send(Request(url=f"http://127.0.0.1:{free_port()}/"))
    assert (failed.value.code, failed.value.permanent) == ("connect", False)


def test_the_next_address_is_tried_where_one_takes_no_connection(monkeypatch) -> None:
    with receiver(answers("200 OK")) as there:
        monkeypatch.setattr(targets, "lookup", lambda host, port: ["::1", "127.0.0.1"])
        answer = outbound.send(Request(url=f"http://two.example:{there.port}/"))
    assert (answer.status, b"Host: two.example:" in there.requests[0]) == (200, True)


def test_tls_is_checked_against_the_name_not_the_address(authority, settings, monkeypatch) -> None:
    settings.CALLHUB_OUTBOUND_CA_FILE = str(authority.file)
    monkeypatch.setattr(targets, "lookup", lambda host, port: ["127.0.0.1"])
    context = authority.context("hooks.example")
    named: list[str] = []
    context.sni_callback = lambda sock, name, _: named.append(name)
    with receiver(answers("200 OK"), context=context) as there:
        assert outbound.send(Request(url=f"https://Hooks.example:{there.port}/")).status == 200
        with pytest.raises(OutboundFailed, match="another name") as failed:
            outbound.send(Request(url=f"https://other.example:{there.port}/"))
        with pytest.raises(OutboundFailed, match="another address"):
            outbound.send(Request(url=f"https://127.0.0.1:{there.port}/"))
    assert (failed.value.code, named[:2]) == ("tls", ["hooks.example", "other.example"])
    assert len(there.requests) == 1


@pytest.mark.parametrize(
    ("how", "trusted", "words"),
    [
        ({"expired": True}, True, "has expired"),
        ({"self_signed": True}, True, "signed by itself"),
        ({}, False, "authority is not known"),
    ],
)
def test_certificates_that_are_not_valid_say_why(how, trusted, words, authority, settings) -> None:
    settings.CALLHUB_OUTBOUND_CA_FILE = str(authority.file) if trusted else ""
    context = authority.context("127.0.0.1", **how)
    with receiver(answers("200 OK"), context=context) as there, pytest.raises(OutboundFailed, match=words) as failed:
        outbound.send(Request(url=there.url.replace("http:", "https:")))
    assert (failed.value.code, there.requests) == ("tls", [])


def test_a_server_without_tls_is_a_tls_failure() -> None:
    with receiver(says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), reads=False) as there, pytest.raises(OutboundFailed) as failed:
        outbound.send(Request(url=there.url.replace("http:", "https:")))
    assert failed.value.code == "tls"


def test_a_download_is_written_piece_by_piece() -> None:
    with receiver(answers("200 OK", "Content-Type: audio/wav", body=b"s" * 200_000)) as there:
        answer = outbound.download(there.url, into=(got := io.BytesIO()), limit=200_000)
    assert (answer.size, answer.body, got.getvalue()) == (200_000, b"", b"s" * 200_000)
    assert there.requests[0].startswith(b"GET /hook?key=value HTTP/1.1\r\n")


def test_a_refusal_is_not_written_as_a_download() -> None:
    with receiver(answers("404 Not Found", body=b"no such file")) as there:
        answer = outbound.download(there.url, into=(got := io.BytesIO()), limit=1000)
    assert (answer.status, answer.body, got.getvalue()) == (404, b"no such file", b"")


@pytest.mark.parametrize(
    "behaviour", [answers("200 OK", body=b"s" * 1001), floods(HEAD + b"\r\n", b"s" * 65536), floods(CHUNKED, b"2\r\nss\r\n")]
)
def test_a_download_ends_at_its_limit(behaviour) -> None:
    with receiver(behaviour) as there, pytest.raises(OutboundFailed, match="larger than 1000 bytes") as failed:
        outbound.download(there.url, into=(got := io.BytesIO()), limit=1000)
    assert (failed.value.code, failed.value.permanent, len(got.getvalue()) <= 1000) == ("too_large", True, True)


@pytest.mark.slow
def test_every_slot_is_free_again_within_the_real_limits(monkeypatch, settings) -> None:
    """All at the same time. Whoever hangs is left after 5 s where no connection or name came about, after 15 s at the latest."""
    released = threading.Event()
    monkeypatch.setattr(targets, "lookup", lambda host, port: released.wait(120) and [])
    took: dict[str, tuple[str, float]] = {}

    def send(name: str, url: str) -> None:
        began = time.monotonic()
        with pytest.raises(OutboundFailed) as failed:
            outbound.send(Request(url=url))
        took[name] = (failed.value.code, time.monotonic() - began)

    with receiver(hangs) as hanging, receiver(drips(HEAD)) as heads, receiver(drips(HEAD + b"\r\n")) as bodies:
        urls = {"dns": "http://nobody.example/", "handshake": hanging.url.replace("http:", "https:")}
        urls |= {"hanging": hanging.url, "head": heads.url, "body": bodies.url}
        threads = [threading.Thread(target=send, args=each) for each in urls.items()]
        [thread.start() for thread in threads]
        [thread.join(90) for thread in threads]
    released.set()
    assert {name: code for name, (code, _) in took.items()} == {**dict.fromkeys(urls, "timeout"), "dns": "dns"}
    # The machine may be busy: what is asserted is that nothing waits for twice its limit.
    assert max(took["dns"][1], took["handshake"][1]) < 10
    assert max(seconds for _, seconds in took.values()) < 30
    print({name: f"{seconds:.2f} s" for name, (_, seconds) in took.items()})


SIZES = (b"-5", b"-0", b"+5", b" 5", b"5;x", b"0x5", b"1_0", b"", b"f" * 40, b"\xb2", b"5\r")
ODD = [
    *(CHUNKED + size + b"\r\nhello\r\n0\r\n\r\n" for size in SIZES),
    *(HEAD + b"Content-Length: " + size + b"\r\n\r\nhello" for size in SIZES),
    *(HEAD + b"Transfer-Encoding: " + how + b"\r\n\r\nhello" for how in (b"gzip", b"chunked, chunked", b"\xff", b"identity")),
    *(HEAD + b"Content-Encoding: " + how + b"\r\n\r\nhello" for how in (b"gzip", b"br, zstd", b"deflate" * 99)),
    *(b"HTTP/" + line + b"\r\n\r\n" for line in (b"1.1", b"9.9 200 OK", b"1.1 -1 No", b"1.1 0 No", b"1.1 1000 No")),
    *(b"HTTP/1.1 " + code + b" \xff\xfe\r\n\r\n" for code in (b"101", b"204", b"304", b"407", b"999")),
    *(HEAD + line + b"\r\n\r\n" for line in (b"no colon", b": no name", b" folded", b"X-\x00: y", b"X: \xed", b"\xff: y")),
    *(HEAD + b"Set-Cookie: " + value + b"\r\n\r\n" for value in (b"a=\x00;expires=never", b"=;;;" * 99, b"\xff" * 99)),
    *(HEAD + b"Location: " + value + b"\r\n\r\n" for value in (b"http://[", b"//\xff", b"javascript:0")),
    b"\n\n", b"\x16\x03\x01\x02\x00\x01", b"\x15\x03\x03\x00\x02\x02\x28", b"HTTP/1.1 200\r\n" * 50,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(ODD)))
def test_whatever_comes_back_is_an_answer_or_a_failure(number: int) -> None:
    with receiver(says(ODD[number])) as there:
        try:
            status, code = outbound.send(Request(url=there.url, body=b"{}")).status, ""
        except OutboundFailed as failed:
            status, code = 0, failed.code
    assert 100 <= status < 1000 or code in ("protocol", "headers")


@pytest.mark.parametrize("number", range(len(ODD)))
def test_whatever_comes_back_over_tls_is_a_failure(number: int) -> None:
    with receiver(says(ODD[number]), reads=False) as there, pytest.raises(OutboundFailed) as failed:
        outbound.send(Request(url=there.url.replace("http://", "https://"), body=b"{}"))
    assert failed.value.code == "tls"


def test_a_download_whose_file_cannot_be_written_is_no_failure_of_the_other_side() -> None:
    class Full:
        def write(self, piece: bytes) -> None:
            raise OSError(28, "No space left on device")

    with receiver(answers("200 OK", body=b"hello")) as there, pytest.raises(OSError, match="No space"):
        outbound.download(there.url, into=Full(), limit=100)


def test_what_comes_back_to_this_installation_is_refused_there(client, settings) -> None:
    with receiver(answers("200 OK")) as there:
        outbound.send(Request(url=there.url))
    mark = re.search(rb"(?i)\r\ncallhub-loop: (\S+)", there.requests[0])[1].decode()
    assert client.post("/api/calls", headers={"callhub-loop": mark}).status_code == 508
    assert client.get("/api/v1/docs/", headers={"callhub-loop": "another"}).status_code == 200
    settings.SECRET_KEY = "another installation's"
    assert outbound.loop_mark() != mark
