"""What the vendor's page promises: the password is nowhere but in the request."""

from __future__ import annotations

import io
import json
import logging
import runpy

import pytest
from django.conf import settings as django_settings

from tests.calls.dialects.hostedsuite.asking import (
    CREDENTIALS,
    REPLY,
)
from tests.make import (
    make_tenant,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_tenant("acme", time_zone="Europe/Stockholm", jsonp=True)


CANARY = "canary-7391-password"


@pytest.mark.parametrize("is_right", [True, False])
def test_the_password_is_in_no_log_record_and_no_answer(client, acme, caplog, monkeypatch, is_right):
    user = make_user(acme, username="ann")
    user.set_password(CANARY if is_right else "another-password")
    user.save()
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="django.request")
    credentials = {**CREDENTIALS, "Password": CANARY}
    answers = [
        client.post(path, {**credentials, **extra}, content_type="application/json")
        for path in ("/api/calls", "/api/calls.json", "/api/calls/update", "/api/authenticate", "/api/clients", "/api/nothing")
        for extra in ({}, {"Page": "x"}, {"StartDate": "x"}, {"Password": [CANARY]}, {"callback": CANARY})
    ]
    query = {**credentials, "callback": "cb"}
    answers += [client.get(REPLY, query_params={**query, **extra}) for extra in ({}, {"Page": "x"}, {"callback": "(" + CANARY})]
    answers += [client.get(path, query_params=credentials) for path in ("/api/calls", "/api/auth/info", "/api/nothing")]
    answers += [client.post("/api/calls", json.dumps(credentials)[:-1], content_type="application/json")]
    monkeypatch.setattr("calls.dialects.hostedsuite.views.find", lambda *_: 1 / 0)
    answers.append(client.post("/api/calls", credentials, content_type="application/json"))
    assert answers[-1].status_code in ([500] if is_right else [401, 429])
    assert len(caplog.records) >= 10
    for record in caplog.records:
        shown = [logging.Formatter().format(record), *map(str, record.args if isinstance(record.args, tuple) else [])]
        assert CANARY not in "\n".join(shown), record
    for answer in answers:
        assert CANARY not in answer.content.decode() + str(answer.headers)


def test_access_logs_leave_out_the_query():

    written = runpy.run_path(str(django_settings.BASE_DIR / "gunicorn.conf.py"))["access_log_format"]
    assert "%(U)s" in written
    assert not any(atom in written for atom in ("%(r)s", "%(q)s", "%(f)s", "}e"))


def test_the_development_servers_log_leaves_out_the_query():
    logger = logging.getLogger("django.server")
    [console] = [handler for handler in logger.handlers if handler.name == "console"]
    stream = io.StringIO()
    before = console.setStream(stream)
    logger.info('"%s" %s %s', f"GET {REPLY}?UserName=ann&Password={CANARY} HTTP/1.1", "200", "61")
    console.setStream(before)
    assert f'"GET {REPLY}?… HTTP/1.1" 200 61' in stream.getvalue()
    assert CANARY not in stream.getvalue()
