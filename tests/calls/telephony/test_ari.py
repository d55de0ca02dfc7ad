"""The client tells a refusal from an answer that never came, and both from a request that was never sent."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from calls.telephony import ari as ari_module
from calls.telephony.ari import Ari, Refused, Unreachable
from calls.telephony.base import Unanswered
from tests.services import free_port

pytestmark = pytest.mark.once


def client(port: int) -> Ari:
    return Ari(f"http://127.0.0.1:{port}", "callhub", "secret", "callhub")


@pytest.fixture
def answering():
    """A server that answers each request with the next of ``answers``; gives both lists and a client."""
    answers, asked = [], []

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            self.rfile.read(int(self.headers["Content-Length"] or 0))  # what is left unread resets the connection
            asked.append((self.command, self.path, self.headers["Authorization"]))
            status, body = answers.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = do_PUT = answer

        def log_message(self, *words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield answers, asked, client(server.server_port)
    server.shutdown()
    server.server_close()


def test_a_refusal_is_definite_and_has_asterisks_words(answering):
    answers, _, ari = answering
    answers.append((500, b'{"error": "Allocation failed"}'))
    with pytest.raises(Refused, match="Allocation failed") as refused:
        ari.originate("x", "PJSIP/1", timeout_s=3)
    assert (refused.value.status, refused.value.permanent) == (500, False)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}"])
def test_a_refusal_without_words_has_its_status(answering, body):
    answers, _, ari = answering
    answers.append((400, body))
    with pytest.raises(Refused, match="HTTP 400") as refused:
        ari.play("x", "y", "sound:z")
    assert refused.value.permanent


def test_a_channel_that_is_there_already_is_no_refusal(answering):
    answers, _, ari = answering
    answers += [(409, b'{"message": "exists"}'), (200, b"{}")]
    assert [ari.originate("x", "PJSIP/1", timeout_s=3) for _ in range(2)] == [False, True]


def test_what_is_gone_is_dropped(answering):
    answers, _, ari = answering
    answers += [(404, b""), (204, b"")]
    assert [ari.drop("x") for _ in range(2)] == [False, True]


def test_only_those_who_are_missing_join(answering):
    answers, asked, ari = answering
    answers += [(200, b'{"channels": ["a"]}'), (204, b""), (200, b'{"channels": ["a", "b"]}')]
    for _ in range(2):
        ari.join("bridge", "a", "b")
    assert [path for method, path, _ in asked if method == "POST"] == ["/ari/bridges/bridge/addChannel?channel=b"]


def test_credentials_go_in_a_header(answering):
    answers, asked, ari = answering
    answers.append((200, b"[]"))
    ari.channels()
    assert asked[0][2].startswith("Basic ")
    assert "secret" not in asked[0][1]


def test_a_redirect_is_not_followed(answering):
    answers, asked, ari = answering
    answers.append((302, b""))
    with pytest.raises((Refused, ValueError)):
        ari.channels()
    assert len(asked) == 1


def test_nobody_there_is_unreachable():
    with pytest.raises(Unreachable):
        client(free_port()).channels()
    with pytest.raises(Unreachable):
        client(free_port()).events()


@pytest.mark.parametrize("hangs_up", [True, False])
def test_no_answer_is_unanswered(monkeypatch, hangs_up):
    monkeypatch.setattr(ari_module, "TIMEOUT_S", (1, 0.3))
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept():
            connection, _ = server.accept()
            connection.recv(65536)
            if hangs_up:
                connection.close()
            else:
                done.wait(60)

        done = threading.Event()
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        with pytest.raises(Unanswered):
            client(server.getsockname()[1]).originate("x", "PJSIP/1", timeout_s=3)
        done.set()
        thread.join()
