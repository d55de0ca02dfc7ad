"""The TLS rule: 406 before anything of the credentials is looked at, by a trusted header only, never a redirect."""

from __future__ import annotations

import http.client
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests import services
from tests.calls.dialects.calln.asking import NAME, ask, call_body, refusal
from tests.calls.dialects.contract import basic
from tests.make import PASSWORD

pytestmark = pytest.mark.django_db
ADDRESSES = [
    ("POST", "/api/call"), ("GET", "/api/call"), ("PUT", "/api/callaudio/x"), ("GET", "/api/callaudio/1"),
    ("GET", "/api/userauthtoken"), ("POST", "/api/v2/call"), ("GET", "/api/client"), ("POST", "/api/handset"),
    ("GET", "/calln/api/call/1/"),
]  # fmt: skip


@pytest.fixture
def strict(settings):
    settings.CALLHUB_REQUIRE_TLS = True
    return settings


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_refuses_every_address_in_clear(client, ann, strict, method, path):
    answer = ask(client, method, path)
    assert refusal(answer, 406) == "SSL must be used"
    assert "Location" not in answer


def test_reads_neither_credentials_nor_body_of_a_request_in_clear(client, ann, strict, django_assert_num_queries):
    with django_assert_num_queries(0):
        for headers in ({}, basic(NAME, PASSWORD), basic(NAME, "wrong"), {"Authorization": "Basic !!"}):
            answer = client.generic("POST", "/api/call", b"{", content_type="application/json", headers=headers)
            refusal(answer, 406)


def test_is_off_where_it_is_not_asked_for(client, ann, settings):
    assert settings.CALLHUB_REQUIRE_TLS is False
    assert ask(client, "POST", "/api/call", call_body()).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-Proto", "X_Forwarded_Proto", "X-Forwarded-Ssl", "Front-End-Https"])
def test_believes_no_header_without_a_proxy(client, ann, strict, header):
    refusal(ask(client, "POST", "/api/call", call_body(), headers={header: "https"}), 406)


def test_believes_the_proxys_header_where_there_is_one(client, ann, strict):
    strict.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert ask(client, "POST", "/api/call", call_body(), headers={"X-Forwarded-Proto": "https"}).status_code == 200
    refusal(ask(client, "POST", "/api/call", call_body(), headers={"X-Forwarded-Proto": "http"}), 406)
    refusal(ask(client, "POST", "/api/call", call_body(), secure=True, headers={"X-Forwarded-Proto": "http"}), 406)


def test_leaves_a_line_in_the_log_without_the_credentials(client, ann, strict, caplog):
    with caplog.at_level(logging.WARNING, logger="calls.dialects.calln"):
        ask(client, "PUT", "/api/callaudio/a-secret-id", REMOTE_ADDR="192.0.2.7")
        client.get("/api/call")
    [with_credentials, without] = [record.getMessage() for record in caplog.records if record.name.startswith("calls.")]
    assert "192.0.2.7" in with_credentials
    assert "credentials travelled in clear" in with_credentials
    assert "credentials" not in without
    assert not any(secret in with_credentials for secret in ("a-secret-id", PASSWORD, NAME, "Basic"))


def test_a_method_nobody_takes_is_405_with_allow(client, ann):
    answer = ask(client, "DELETE", "/api/call")
    assert "Allowed here" in refusal(answer, 405)
    assert {"GET", "POST", "PUT"} <= set(answer["Allow"].split(", "))


# A real server: what it makes of headers before Django sees them


@pytest.fixture
def serve(tmp_path) -> Iterator[Callable[..., str]]:
    """Start the web server as production does, with TLS required; gives the address."""
    running = []

    def start(**environ: str) -> str:
        port = services.free_port()
        command = [sys.executable, "-m", "gunicorn", "callhub.wsgi", "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
        settings = {"CALLHUB_VAR_DIR": str(tmp_path), "CALLHUB_REQUIRE_TLS": "true", "DJANGO_SETTINGS_MODULE": "callhub.settings"}
        running.append(subprocess.Popen(command, env={**os.environ, **settings, **environ}, stderr=subprocess.DEVNULL))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return f"127.0.0.1:{port}"
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("The server did not start.")

    yield start
    for process in running:
        process.terminate()
        process.wait()


def status_line(address, header, value="https"):
    """What a server answers to a request without credentials that carries this header."""
    connection = http.client.HTTPConnection(address, timeout=110)
    connection.request("POST", "/api/call", b"{", {header: value})
    response = connection.getresponse()
    assert response.getheader("Location") is None
    return response.status, response.reason


@pytest.mark.once
def test_a_server_believes_no_forged_header(serve):
    address = serve()
    for header in ("X-Forwarded-Proto", "X_Forwarded_Proto", "X-Forwarded-Ssl", "X-Forwarded-Protocol"):
        for value in ("https", "on", "ssl"):
            assert status_line(address, header, value) == (406, "SSL must be used")


@pytest.mark.once
def test_a_server_behind_a_proxy_believes_its_header_in_one_spelling(serve):
    address = serve(CALLHUB_BEHIND_PROXY="true")
    assert status_line(address, "X-Forwarded-Proto") == (401, "Unauthorized")
    assert status_line(address, "X-Forwarded-Proto", "http") == (406, "SSL must be used")
    assert status_line(address, "X_Forwarded_Proto") == (406, "SSL must be used")
